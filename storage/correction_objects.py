"""Corrections of time as small objects in the store, beside the footage: from these alone they are made again.

Written by the clerk soon after one is made, by the command at once, and again while the store has not confirmed it.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import structlog
from sqlmodel import Session, col, select, update

from storage.bulk import pass_over_ids, table_of
from storage.database import Database
from storage.models import TimeCorrection
from storage.objects import ObjectStore
from storage.time_shifts import NONE_YET

_KEY = re.compile(r"(?P<camera>.+)/corrections/\d{8}T\d{12}-[0-9a-f]{8}\.json")
_VERSION, _OF_NUMBERED_SEGMENTS = 1, 2
"""A reader that knows no numbers would move too much: it has to refuse what names some."""
_ALL: dict[str, int | None] = {"first_sequence": None, "last_sequence": None}
_LARGEST = 2**31 - 1
"""Of the numbers that the database gives."""
_AT_ONCE = 500

log = structlog.get_logger(__name__)


class BadCorrection(Exception):
    """The object is none of our corrections; the message says why."""


def correction_camera(key: str) -> str | None:
    """Of which camera, by the object's key; None when it names no correction."""
    match = _KEY.fullmatch(key)
    return match["camera"] if match else None


def store_corrections(database: Database, store: ObjectStore) -> int:
    """Writes what the store has not confirmed yet; returns how many. Raises StoreError; what was done stays."""
    with database.transaction() as session:
        waiting = select(TimeCorrection).where(col(TimeCorrection.stored).is_(False)).order_by(col(TimeCorrection.id))
        rows = list(session.exec(waiting.limit(_AT_ONCE)))
        bodies = [(row.key, _written(row, _key_of(session, row.takes_back))) for row in rows]
    for key, body in bodies:
        with tempfile.NamedTemporaryFile(prefix="correction-") as file:
            file.write(body)
            file.flush()
            store.put(key, Path(file.name), hashlib.sha256(body).hexdigest())
        with database.transaction() as session:
            session.exec(update(TimeCorrection).where(col(TimeCorrection.key) == key).values(stored=True))
    return len(bodies)


def restore(session: Session, store: ObjectStore, keys: Iterable[str]) -> list[TimeCorrection]:
    """Gives these objects their rows, if they have none, under their old numbers. Raises BadCorrection, StoreError.

    What takes another one back needs that one: hand over all that there are, in the order of their keys.
    """
    made: list[TimeCorrection] = []
    for key in sorted(keys):
        if session.exec(select(TimeCorrection.id).where(TimeCorrection.key == key)).first() is None:
            row = _read(session, key, store.read(key))
            session.add(row)
            session.flush()
            made.append(row)
    if made:
        pass_over_ids(session, table_of(TimeCorrection))
    return made


def _key_of(session: Session, correction_id: int | None) -> str | None:
    return session.get_one(TimeCorrection, correction_id).key if correction_id else None


def _written(row: TimeCorrection, takes_back: str | None) -> bytes:
    numbers = {"first_sequence": row.first_sequence, "last_sequence": row.last_sequence}
    told = {
        "hallwatch_correction": _VERSION if numbers == _ALL else _OF_NUMBERED_SEGMENTS,
        "number": row.id,
        "camera_id": row.camera_id,
        "start": row.start.isoformat(),
        "end": row.end.isoformat(),
        "shift_us": row.shift_us,
        "error_us": row.error_us,
        "reason": row.reason,
        "made_by": row.made_by,
        "made_at": row.made_at.isoformat(),
        "takes_back": takes_back,
        **({} if numbers == _ALL else numbers),
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode()


def _read(session: Session, key: str, body: bytes) -> TimeCorrection:
    try:
        told = json.loads(body)
        version = told["hallwatch_correction"]
        if version not in (_VERSION, _OF_NUMBERED_SEGMENTS) or told["camera_id"] != correction_camera(key):
            raise BadCorrection("it is of another version, or of another camera than its name")
        return TimeCorrection(
            id=_free_number(session, told.get("number")),
            camera_id=told["camera_id"],
            start=_moment(told["start"]),
            end=_moment(told["end"]),
            **(_ALL if version == _VERSION else {name: _sequence(told[name]) for name in _ALL}),
            shift_us=int(told["shift_us"]),
            error_us=int(told["error_us"]),
            reason=str(told["reason"]),
            made_by=str(told["made_by"]),
            made_at=_moment(told["made_at"]),
            takes_back=_id_of(session, told["takes_back"]),
            key=key,
            stored=True,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BadCorrection(f"it cannot be read as a correction: {error!r}") from error


def _free_number(session: Session, number: object) -> int | None:
    """People and logs know it by its number. Another one if a correction that was made since has that."""
    if number is None:
        return None
    if not isinstance(number, int) or not 0 < number <= _LARGEST:
        raise ValueError(f"{number!r} is no number of a correction")
    return None if session.get(TimeCorrection, number) else number


def _sequence(number: object) -> int | None:
    if number is None or (isinstance(number, int) and 0 <= number < NONE_YET):
        return number
    raise ValueError(f"{number!r} is no number of a segment")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment


def _id_of(session: Session, key: str | None) -> int | None:
    if key is None:
        return None
    found = session.exec(select(TimeCorrection.id).where(TimeCorrection.key == key)).first()
    if found is None:
        raise ValueError(f"the correction {key} that it takes back is not there")
    return found
