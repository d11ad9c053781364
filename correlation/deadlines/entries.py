"""How words about cases came: which of them a push of their source had left out before, and what came with them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self

from sqlalchemy import and_, func, select
from sqlmodel import Session

from correlation.deadlines.back_dating import by_record, dates
from correlation.deadlines.entered_at_once import AtOnce, entered_late
from correlation.deadlines.numbering import Push, entered_by
from correlation.deadlines.observing import MOST_BESIDE, Entered
from correlation.deadlines.tellings import Told
from storage.bulk import is_among, table_of
from storage.models import IN_HAND, Batch, RecordKind, RecordRevision, Step


def with_entries(session: Session, told: Mapping[int, Sequence[Told]]) -> Mapping[int, list[Told]]:
    """By case, the words about one record after those about another, each in the order of telling.

    Of words that no push has left out nothing is known of how they came, but for what their platform says itself of
    when they were entered.
    """
    dated = {
        case_id: [
            (word, at) for words in by_record(said).values() for word, at in zip(words, dates(words), strict=True)
        ]
        for case_id, said in told.items()
    }
    late = [(word, at) for words in dated.values() for word, at in words if at and word.told_at - at > IN_HAND]
    pushed = _Pushed.load(session, late)
    said_late = list(entered_late(word for words in dated.values() for word, _ in words))
    at_once = AtOnce(session, said_late)
    entered = {word: at_once.beside(word) for word in said_late}
    return {
        case_id: [
            replace(word, entered=pushed.how(word, at) if at else None, entered_with=entered.get(word, ()))
            for word, at in words
        ]
        for case_id, words in dated.items()
    }


class _Arrival(NamedTuple):
    """A push before which another of its source had come; a file says nothing of when its rows were entered."""

    source_id: str
    push: Push
    heard_before: datetime

    def left_out(self, at: datetime) -> bool:
        return self.heard_before - at > IN_HAND


@dataclass(frozen=True)
class _Pushed:
    """How words came that tell of something long past."""

    arrivals: Mapping[int, _Arrival]
    """By the batch."""
    pushes: Mapping[str, Sequence[Push]]
    """Of each source, those that matter."""
    beside: Mapping[tuple[int, int], tuple[datetime, ...]]
    """By step and batch: when the first late step of each other case ended that came with it."""

    @classmethod
    def load(cls, session: Session, late: Sequence[tuple[Told, datetime]]) -> Self:
        arrivals = _arrivals(session, {word.batch_id for word, _ in late})
        left_out = [(arrivals[word.batch_id], at) for word, at in late if word.batch_id in arrivals]
        left_out = [(arrival, at) for arrival, at in left_out if arrival.left_out(at)]
        pushes = {source: _pushes(session, source, left_out) for source in {each.source_id for each, _ in left_out}}
        return cls(arrivals, pushes, _beside(session, arrivals) if left_out else {})

    def how(self, word: Told, at: datetime) -> Entered | None:
        arrival = self.arrivals.get(word.batch_id)
        if arrival is None or not arrival.left_out(at):
            return None
        kind, number = word.record
        beside = self.beside.get((number, word.batch_id), ()) if kind == RecordKind.STEP else ()
        return Entered(arrival.heard_before, beside, entered_by(at, arrival.push, self.pushes[arrival.source_id]))


def _arrivals(session: Session, batch_ids: Collection[int]) -> dict[int, _Arrival]:
    batch, before = table_of(Batch).c, table_of(Batch).alias("before")
    heard_before = (
        select(before.c.received_at)
        .where(
            before.c.source_id == batch.source_id,
            before.c.sequence < batch.sequence,
            before.c.received_at < batch.received_at,
        )
        .order_by(before.c.sequence.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(batch.id, batch.source_id, batch.sequence, batch.received_at, heard_before).where(
        is_among(session, batch.id, list(batch_ids)), batch.sequence.is_not(None)
    )
    return {
        batch_id: _Arrival(source_id, Push(sequence, received_at), before_it)
        for batch_id, source_id, sequence, received_at, before_it in session.execute(query)
        if before_it is not None
    }


class _FirstWord(NamedTuple):
    """Of a step."""

    step_id: int
    case_id: int
    end: datetime
    operator: str
    batch_id: int


def _beside(session: Session, arrivals: Mapping[int, _Arrival]) -> dict[tuple[int, int], tuple[datetime, ...]]:
    """Of all steps that were left out before and came with these batches."""
    late = [word for word in _first_words(session, arrivals) if arrivals[word.batch_id].left_out(word.end)]
    ends: defaultdict[tuple[int, str], dict[int, datetime]] = defaultdict(dict)
    for word in late:
        of_operator = ends[word.batch_id, word.operator]
        of_operator[word.case_id] = min(word.end, of_operator.get(word.case_id, word.end))
    return {(word.step_id, word.batch_id): _of_others(word, ends[word.batch_id, word.operator]) for word in late}


def _of_others(word: _FirstWord, ends: Mapping[int, datetime]) -> tuple[datetime, ...]:
    """Of the other cases of the same operator; of one that is not named nothing is known."""
    others = sorted(end for case_id, end in ends.items() if case_id != word.case_id) if word.operator else []
    return tuple(others[:MOST_BESIDE])


def _first_words(session: Session, batch_ids: Iterable[int]) -> Iterable[_FirstWord]:
    steps, revisions = table_of(Step).c, table_of(RecordRevision).c
    first = and_(revisions.record == RecordKind.STEP, revisions.record_id == steps.id, revisions.revision == 1)
    query = (
        select(steps.id, steps.case_id, revisions.row, revisions.batch_id)
        .join_from(table_of(RecordRevision), table_of(Step), first)
        .where(is_among(session, revisions.batch_id, list(batch_ids)))
    )
    for step_id, case_id, said, batch_id in session.execute(query):
        end = datetime.fromisoformat(said.get("end") or said["start"])
        yield _FirstWord(step_id, case_id, end, said.get("operator", ""), batch_id)


def _pushes(session: Session, source_id: str, left_out: Sequence[tuple[_Arrival, datetime]]) -> list[Push]:
    """Those of the source from the last one before any of this had happened."""
    own = [(arrival, at) for arrival, at in left_out if arrival.source_id == source_id]
    first, last = min(at for _, at in own), max(arrival.push.received_at for arrival, _ in own)
    batches = table_of(Batch).c
    of_source = (batches.source_id == source_id, batches.sequence.is_not(None))
    lowest = select(func.max(batches.sequence)).where(*of_source, batches.received_at <= first).scalar_subquery()
    query = select(batches.sequence, batches.received_at).where(
        *of_source, batches.sequence >= func.coalesce(lowest, 0), batches.received_at <= last
    )
    return [Push(sequence, received_at) for sequence, received_at in session.execute(query)]
