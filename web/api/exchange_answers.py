"""What the exchange answers, as the API's description tells it to the developers of a platform."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel


class Refused(BaseModel):
    """One problem of one refused row."""

    line: int
    field: str
    problem: str
    remedy: str


class PushReport(BaseModel):
    """Counts are rows: accepted + duplicates + rejected_rows = rows."""

    batch_id: int | None
    rows: int
    accepted: int
    duplicates: int
    rejected_rows: int
    rejected: Sequence[Refused]


class Failure(BaseModel):
    """`error` is for programs, `detail` for people."""

    error: str
    detail: str


class WrongField(BaseModel):
    field: str
    problem: str


class UnreadableRequest(Failure):
    fields: Sequence[WrongField] = ()


Answers = dict[int | str, dict[str, Any]]
_UNREADABLE: Answers = {422: {"model": UnreadableRequest, "description": "What is asked for cannot be read"}}
TO_A_SOURCE: Answers = {
    401: {"model": Failure, "description": "No key, or one that is not known"},
    404: {"model": Failure, "description": "The key of another source"},
    **_UNREADABLE,
}
TO_A_PUSH: Answers = {
    200: {"model": PushReport, "description": "What became of the rows"},
    **TO_A_SOURCE,
    409: {"model": Failure, "description": "Another body under a sequence that is known"},
    413: {"model": Failure, "description": "More than 16 MiB"},
}
