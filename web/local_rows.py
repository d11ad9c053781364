"""What the rows of a trial run become, with times by the clock of the hall; `.json` keeps them in UTC."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from storage.models import Hall, Source
from web.pages.filters import DEFAULT_ZONE

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
"""As statements write them, and nobody else in a field of text."""


def zone_of_source(session: Session, source_id: str) -> str:
    """Of its hall; the usual one for a source of several halls."""
    of_source = select(Hall.timezone).join(Source, col(Source.hall_id) == col(Hall.id)).where(Source.id == source_id)
    return session.exec(of_source).first() or DEFAULT_ZONE


def locally(said: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """The same fields, with moments as the clock there shows them."""
    place = ZoneInfo(zone)
    return {name: _local(value, place) for name, value in said.items()}


def _local(value: object, place: ZoneInfo) -> object:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return value
    return datetime.fromisoformat(value).astimezone(place).replace(tzinfo=None).isoformat(" ")
