"""The secret by which an applicant asks how far a case has come.

It is derived from the case's source and number with the server's own key, so nothing is stored, platforms need not send
any, and whoever reads the database cannot tell it.
"""

import hmac
from collections.abc import Iterable

from storage.secrets import SecretBox

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U, which are read as others or make words."""
LENGTH = 10
"""Fifty bits."""
_GROUP = 5
_LOOKS_LIKE = str.maketrans({"I": "1", "L": "1", "O": "0"})
_PURPOSE = "case progress"


def case_secret(box: SecretBox, source_id: str, number: str) -> str:
    """As people write it down: K7QM2-9XHTF."""
    digest = int.from_bytes(box.derive(_PURPOSE, f"{source_id}\0{number}"))
    signs = "".join(ALPHABET[digest >> (5 * place) & 31] for place in range(LENGTH))
    return f"{signs[:_GROUP]}-{signs[_GROUP:]}"


def plain(typed: str) -> str:
    """What somebody typed, without dashes and spaces, and with the signs that were meant."""
    return "".join(sign for sign in typed.upper().translate(_LOOKS_LIKE) if sign in ALPHABET)


def sources_meant(box: SecretBox, source_ids: Iterable[str], number: str, typed: str) -> list[str]:
    """For which of the sources this is the secret of that number; it is compared in constant time."""
    given = plain(typed).encode()
    return [
        source_id
        for source_id in source_ids
        if hmac.compare_digest(plain(case_secret(box, source_id, number)).encode(), given)
    ]
