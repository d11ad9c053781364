"""Seals what the database must not hold in the clear: camera passwords."""

import hashlib
import hmac
import os
import secrets
import threading
from functools import cached_property
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

_OTHERS = 0o077


class SecretError(Exception):
    """A sealed text cannot be opened, or the key file cannot be used; the message says what to do."""


class SecretBox:
    """Authenticated encryption with a key in one file, made at first use. Safe to share between threads."""

    def __init__(self, key_file: Path) -> None:
        self.key_file = key_file
        self._lock = threading.Lock()

    def seal(self, text: str) -> str:
        """A token that tells nothing about the text but its length; the empty text stays empty."""
        return self._fernet().encrypt(text.encode()).decode() if text else ""

    def open(self, token: str) -> str:
        """The text that was sealed. Raises SecretError for a token of another key or one that was altered."""
        if not token:
            return ""
        try:
            return self._fernet().decrypt(token.encode()).decode()
        except InvalidToken as error:
            raise SecretError(f"sealed with another key than {self.key_file}; enter the password again") from error

    def derive(self, purpose: str, text: str) -> bytes:
        """32 bytes that nobody can tell without the key; other ones for each purpose. Raises SecretError."""
        self._fernet()  # makes the key at its first use
        own = hmac.digest(self.key_file.read_bytes().strip(), purpose.encode(), hashlib.sha256)
        return hmac.digest(own, text.encode(), hashlib.sha256)

    def _fernet(self) -> Fernet:
        with self._lock:
            return self._box

    @cached_property
    def _box(self) -> Fernet:
        try:
            if not self.key_file.exists():
                _create_key(self.key_file)
            return Fernet(_read_key(self.key_file))
        except (OSError, ValueError) as error:
            raise SecretError(f"{self.key_file} cannot be used as the key: {error}") from error


def _create_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
    except FileExistsError:
        return  # another process was first: its key is the key
    finally:
        partial.unlink()


def _read_key(path: Path) -> bytes:
    if path.stat().st_mode & _OTHERS:
        raise SecretError(f"{path} may be read by others; run: chmod 600 {path}")
    return path.read_bytes().strip()
