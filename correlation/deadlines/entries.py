"""How steps first came: which of them a push of their source had left out before, and what came with them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from correlation.deadlines.observing import IN_HAND, Entered
from correlation.deadlines.told import Told, ToldStep
from storage.bulk import is_among, table_of
from storage.models import Batch, RecordKind, RecordRevision, Step

_MOST_BESIDE = 200


class _Push(NamedTuple):
    batch_id: int
    heard_before: datetime
    operator: str


def with_entries(session: Session, told: Mapping[int, list[Told]]) -> Mapping[int, list[Told]]:
    """Steps that came late by a push that followed right after another one; of all others nothing is known."""
    late = _late(session, told)
    if late:
        beside = _beside(session, {push.batch_id for push in late.values()})
        for case_id, words in told.items():
            told[case_id][:] = [_entered(word, late.get(_record_id(word)), beside, case_id) for word in words]
    return told


def _record_id(word: Told) -> int:
    kind, record_id = word.record
    return record_id if kind == RecordKind.STEP else 0


def _entered(
    word: Told, push: _Push | None, beside: Mapping[tuple[int, str], Mapping[int, datetime]], case_id: int
) -> Told:
    if push is None or not isinstance(word.said, ToldStep):
        return word
    others = beside[push.batch_id, push.operator] if push.operator else {}
    ends = sorted(end for other, end in others.items() if other != case_id)
    return replace(word, said=replace(word.said, entered=Entered(push.heard_before, tuple(ends[:_MOST_BESIDE]))))


def _late(session: Session, told: Mapping[int, list[Told]]) -> dict[int, _Push]:
    """By the id of the step. Only what was pushed is judged: a file says nothing of when its rows were entered."""
    steps, revisions = table_of(Step).c, table_of(RecordRevision).c
    batch, before = aliased(Batch), aliased(Batch)
    first = and_(revisions.record == RecordKind.STEP, revisions.record_id == steps.id, revisions.revision == 1)
    right_before = and_(col(before.source_id) == col(batch.source_id), col(before.sequence) == col(batch.sequence) - 1)
    found = session.execute(
        select(steps.id, revisions.row, col(batch.id), col(before.received_at))
        .select_from(table_of(Step))
        .join(table_of(RecordRevision), first)
        .join(batch, col(batch.id) == revisions.batch_id)
        .join(before, right_before)
        .where(is_among(session, steps.case_id, list(told)), col(before.received_at) < revisions.received_at)
    )
    return {
        step_id: _Push(batch_id, heard_before, row.get("operator", ""))
        for step_id, row, batch_id, heard_before in found
        if heard_before - _end(row) > IN_HAND
    }


def _beside(session: Session, batch_ids: Iterable[int]) -> defaultdict[tuple[int, str], dict[int, datetime]]:
    """By batch and operator, when the last step of each case ended, as it was first told."""
    steps, revisions = table_of(Step).c, table_of(RecordRevision).c
    of_step = and_(revisions.record == RecordKind.STEP, revisions.record_id == steps.id, revisions.revision == 1)
    query = select(revisions.batch_id, steps.case_id, revisions.row).join_from(
        table_of(RecordRevision), table_of(Step), of_step
    )
    found: defaultdict[tuple[int, str], dict[int, datetime]] = defaultdict(dict)
    for batch_id, case_id, row in session.execute(query.where(is_among(session, revisions.batch_id, list(batch_ids)))):
        ends = found[batch_id, row.get("operator", "")]
        ends[case_id] = max(_end(row), ends.get(case_id, _end(row)))
    return found


def _end(row: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(row.get("end") or row["start"])
