"""Passwords as argon2id hashes."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from storage.sayings import Saying

MIN_LENGTH = 10
MAX_LENGTH = 200
_HASHER = PasswordHasher()


class PasswordProblem(ValueError):
    """This password is too weak."""

    def __init__(self, saying: Saying) -> None:
        super().__init__(saying)
        self.saying = saying


@cache
def _nobody() -> str:
    """Checked when there is no such user, so that an unknown name takes as long as a wrong password."""
    return _HASHER.hash(secrets.token_hex())


def check_strength(password: str) -> None:
    """Raises PasswordProblem when it is shorter than MIN_LENGTH or longer than MAX_LENGTH."""
    if len(password) < MIN_LENGTH:
        raise PasswordProblem(Saying("A password has at least %(least)s characters.", least=MIN_LENGTH))
    if len(password) > MAX_LENGTH:
        raise PasswordProblem(Saying("A password has at most %(most)s characters.", most=MAX_LENGTH))


def hash_password(password: str) -> str:
    """Raises PasswordProblem."""
    check_strength(password)
    return _HASHER.hash(password)


def verify(password_hash: str | None, password: str) -> bool:
    if len(password) > MAX_LENGTH:
        return False
    try:
        return _HASHER.verify(password_hash or _nobody(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Whether it was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def generate() -> str:
    """A random password that can be read out and typed: 16 letters and digits, 80 bits."""
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))
