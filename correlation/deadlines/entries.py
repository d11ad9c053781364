"""How steps first came: which of them a push of their source had left out before, and what came with them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, func, select
from sqlmodel import Session

from correlation.deadlines.numbering import Push, entered_by
from correlation.deadlines.observing import IN_HAND, Entered
from correlation.deadlines.told import Told, ToldStep
from storage.bulk import is_among, table_of
from storage.models import Batch, RecordKind, RecordRevision, Step

_MOST_BESIDE = 200


class _Entry(NamedTuple):
    """The first word of a step, by a push before which another had come."""

    step_id: int
    case_id: int
    end: datetime
    operator: str
    batch_id: int
    source_id: str
    push: Push
    heard_before: datetime

    @property
    def was_left_out(self) -> bool:
        return self.heard_before - self.end > IN_HAND


def with_entries(session: Session, told: Mapping[int, list[Told]]) -> Mapping[int, list[Told]]:
    """Steps that a push has left out and a later one has brought; of all others nothing is known."""
    steps = table_of(Step).c
    suspects = [
        entry for entry in _entries(session, is_among(session, steps.case_id, list(told))) if entry.was_left_out
    ]
    if suspects:
        entered = _entered(session, {entry.batch_id for entry in suspects})
        for case_id, words in told.items():
            told[case_id][:] = [_with_entry(word, entered.get(_step_id(word))) for word in words]
    return told


def _step_id(word: Told) -> int:
    kind, record_id = word.record
    return record_id if kind == RecordKind.STEP else 0


def _with_entry(word: Told, entered: Entered | None) -> Told:
    if entered is None or not isinstance(word.said, ToldStep):
        return word
    return replace(word, said=replace(word.said, entered=entered))


def _entered(session: Session, batch_ids: Collection[int]) -> dict[int, Entered]:
    """By step, of all that was left out before and came with these batches."""
    of_batches = is_among(session, table_of(RecordRevision).c.batch_id, list(batch_ids))
    late = [entry for entry in _entries(session, of_batches) if entry.was_left_out]
    pushes = {source: _pushes(session, source, late) for source in {entry.source_id for entry in late}}
    ends: defaultdict[tuple[int, str], dict[int, datetime]] = defaultdict(dict)
    for entry in late:
        of_operator = ends[entry.batch_id, entry.operator]
        of_operator[entry.case_id] = min(entry.end, of_operator.get(entry.case_id, entry.end))
    return {
        entry.step_id: Entered(
            entry.heard_before,
            _beside(entry, ends[entry.batch_id, entry.operator]),
            entered_by(entry.end, entry.push, pushes[entry.source_id]),
        )
        for entry in late
    }


def _beside(entry: _Entry, ends: Mapping[int, datetime]) -> tuple[datetime, ...]:
    """Of the other cases of the same operator; of one that is not named nothing is known."""
    others = sorted(end for case_id, end in ends.items() if case_id != entry.case_id) if entry.operator else []
    return tuple(others[:_MOST_BESIDE])


def _entries(session: Session, wanted: Any) -> Iterable[_Entry]:  # noqa: ANN401
    """Only what was pushed is judged: a file says nothing of when its rows were entered."""
    for row in session.execute(_first_words().where(wanted)):
        step_id, case_id, said, batch_id, source_id, sequence, received_at, heard_before = row
        end, operator = datetime.fromisoformat(said.get("end") or said["start"]), said.get("operator", "")
        push = Push(sequence, received_at)
        if heard_before is not None:
            yield _Entry(step_id, case_id, end, operator, batch_id, source_id, push, heard_before)


def _first_words() -> Select[Any]:
    steps, revisions = table_of(Step).c, table_of(RecordRevision).c
    batch, before = table_of(Batch).c, table_of(Batch).alias("before")
    first = and_(revisions.record == RecordKind.STEP, revisions.record_id == steps.id, revisions.revision == 1)
    heard_before = (
        select(before.c.received_at)
        .where(
            before.c.source_id == batch.source_id,
            before.c.sequence < batch.sequence,
            before.c.received_at < revisions.received_at,
        )
        .order_by(before.c.sequence.desc())
        .limit(1)
        .scalar_subquery()
    )
    of_batch = (batch.id, batch.source_id, batch.sequence, batch.received_at)
    return (
        select(steps.id, steps.case_id, revisions.row, *of_batch, heard_before)
        .select_from(table_of(Step))
        .join(table_of(RecordRevision), first)
        .join(table_of(Batch), batch.id == revisions.batch_id)
        .where(batch.sequence.is_not(None))
    )


def _pushes(session: Session, source_id: str, entries: Sequence[_Entry]) -> list[Push]:
    """Those of the source from the last one before any of these steps had ended."""
    own = [entry for entry in entries if entry.source_id == source_id]
    first, last = min(entry.end for entry in own), max(entry.push.received_at for entry in own)
    batches = table_of(Batch).c
    of_source = (batches.source_id == source_id, batches.sequence.is_not(None))
    lowest = select(func.max(batches.sequence)).where(*of_source, batches.received_at <= first).scalar_subquery()
    query = select(batches.sequence, batches.received_at).where(
        *of_source, batches.sequence >= func.coalesce(lowest, 0), batches.received_at <= last
    )
    return [Push(sequence, received_at) for sequence, received_at in session.execute(query)]
