"""What was known of open cases and when, kept: what the clock or a calendar brings is reckoned without reading anew all
that was told of them.

It rests on nothing that a clock or a calendar changes. Times keep the offset in which they were told.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import msgspec
from sqlalchemy import delete, select
from sqlmodel import Session, col

from correlation.deadlines.asking import asked_of
from correlation.deadlines.facts import CaseFacts
from correlation.deadlines.item_words import ItemWords
from correlation.deadlines.known import Ruling
from correlation.deadlines.missing import Asked
from correlation.deadlines.observing import Telling
from correlation.deadlines.rules import Rules
from correlation.deadlines.told import DatedFacts
from storage import models
from storage.bulk import insert_many, is_among, table_of
from storage.models import Case, Source


def _edition() -> str:
    """Of all modules that have a say in what is known of a case, and of what it is made of."""
    here = Path(__file__).parent
    said = hashlib.sha256()
    for folder in (here, here.parent / "catalogue", Path(models.__file__).parent):
        for module in sorted(folder.glob("*.py")):
            said.update(module.read_bytes())
    return said.hexdigest()[:16]


EDITION = _edition()
"""What another one has packed may say what this one would not."""


class KnownCourse(NamedTuple):
    """Of a case, whatever the calendars of its halls say."""

    facts: DatedFacts
    rulings: Sequence[Ruling]
    halls: Sequence[tuple[datetime, str | None]]
    """In which it was by what had been told, each since when; the last is that of now."""
    usual: str | None
    """The hall of its source."""
    items: Sequence[str]
    """The codes that its steps have named."""
    words: str
    """What was said of these items, as `ItemWords` counts it."""
    asked: Sequence[tuple[Telling, datetime]]
    """What the rules want of its source, and since when that has told such things."""


def of(session: Session, cases: Sequence[int], *rules: Rules) -> dict[int, KnownCourse]:
    """Of those of which nothing was told, said or decided since theirs was kept, and that are where they were."""
    kept = table_of(models.Course).c
    query = (
        select(kept.case_id, kept.known, col(Case.source_id), col(Case.hall_id), col(Source.hall_id))
        .join(Case, col(Case.id) == kept.case_id)
        .join(Source, col(Source.id) == col(Case.source_id))
        .where(is_among(session, kept.case_id, cases), kept.edition == EDITION, col(Case.limits_reckoned).is_(True))
    )
    found = {}
    for case_id, known, source_id, hall_id, usual in session.execute(query):
        course = _unpacked(known)
        if course is not None and (course.halls[-1][1], course.usual) == (hall_id, usual):
            found[case_id] = source_id, course
    asked = {source: asked_now(asked_of(session, source, rules)) for source in {source for source, _ in found.values()}}
    words = ItemWords(session, {code for _, course in found.values() for code in course.items})
    return {
        case_id: course
        for case_id, (source, course) in found.items()
        if (course.words, course.asked) == (words.of(source, course.items), asked[source])
    }


def asked_now(asked: Asked) -> tuple[tuple[Telling, datetime], ...]:
    return tuple(sorted(asked.since.items()))


def _unpacked(known: bytes) -> KnownCourse | None:
    """None of what cannot be read: then all that was told is."""
    try:
        return unpack(known)
    except msgspec.DecodeError:
        return None


def keep(session: Session, cases: Sequence[int], courses: Mapping[int, KnownCourse]) -> None:
    """Of these cases the courses that there are, and no other."""
    forget(session, cases)
    rows = [{"case_id": id_, "edition": EDITION, "known": pack(course)} for id_, course in courses.items()]
    insert_many(session, table_of(models.Course), rows)


def forget(session: Session, cases: Sequence[int]) -> None:
    if cases:
        session.execute(delete(models.Course).where(is_among(session, table_of(models.Course).c.case_id, cases)))


def pack(course: KnownCourse) -> bytes:
    """As JSON, without names and without what most cases have not."""
    facts = [(since, _without_usual(each)) for since, each in course.facts]
    return _ENCODER.encode((facts, *course[1:]))


def unpack(packed: bytes) -> KnownCourse:
    """Of what this edition has packed. Raises msgspec.DecodeError."""
    facts, *others = _DECODER.decode(packed)
    return KnownCourse(tuple((since, CaseFacts(*msgspec.structs.astuple(each))) for since, each in facts), *others)


_FIELDS = fields(CaseFacts)
_USUAL = tuple(field.default for field in _FIELDS)
_TYPES = get_type_hints(CaseFacts)
assert MISSING not in _USUAL
_ENCODER = msgspec.json.Encoder()
_PackedFacts: Any = msgspec.defstruct(
    "_PackedFacts", [(field.name, _TYPES[field.name], field.default) for field in _FIELDS], array_like=True
)
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
    tuple[
        list[tuple[datetime, _PackedFacts]],
        tuple[Ruling, ...],
        tuple[tuple[datetime, str | None], ...],
        str | None,
        tuple[str, ...],
        str,
        tuple[tuple[Telling, datetime], ...],
    ]
)


def _without_usual(facts: CaseFacts) -> list[Any]:
    """Its fields in their order, up to the last that says something."""
    values = [getattr(facts, field.name) for field in _FIELDS]
    while values and values[-1] == _USUAL[len(values) - 1]:
        values.pop()
    return values
