"""Rules whose change is a new row: a form that was opened with an older one is about the place that it was for."""

import re
from typing import TypeVar

from sqlmodel import SQLModel

from web.api.administration import Desk

Rule = TypeVar("Rule", bound=SQLModel)
_ROW_ID = re.compile(r"[0-9]{1,18}")


def version_of(desk: Desk, kind: type[Rule], key: str) -> Rule | None:
    """The version with this id, in force or not; None if there never was one."""
    if not _ROW_ID.fullmatch(key):
        return None
    with desk.reading() as session:
        return session.get(kind, int(key))
