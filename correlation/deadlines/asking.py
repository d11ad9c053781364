"""Since when a source has told such things as the rules want of it.

That is the first revision that has them, which no correction changes: so what is asked of a past date stays the same.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, func, select
from sqlmodel import Session, col

from correlation.deadlines.missing import Asked
from correlation.deadlines.observing import Telling
from correlation.deadlines.rules import Rules
from storage.models import Batch, RecordKind, RecordRevision

_RECORDS: Mapping[Telling, tuple[RecordKind, str | None]] = {
    Telling.RESULT: (RecordKind.RESULT, None),
    Telling.DELIVERY: (RecordKind.DELIVERY, None),
    Telling.FEE: (RecordKind.FEE, None),
    Telling.OPERATOR: (RecordKind.STEP, "operator"),
    Telling.COUNTER: (RecordKind.STEP, "counter"),
    Telling.NOTICE: (RecordKind.SUSPENSION, "notice_number"),
}
"""The record that has it, and in which field if not by being there."""


_STILL_COMES = timedelta(days=1)
"""A file is read in parts; so long after a batch came all of it is there."""


class _Sought:
    """What was found, for good; and in which batches nothing was, so that only what is new is looked through."""

    def __init__(self) -> None:
        self.since: dict[tuple[str, Telling], datetime] = {}
        self.looked_until: dict[tuple[str, Telling], int] = {}
        """The last batch of which nothing can come any more."""
        self.looked_through: dict[tuple[str, Telling], tuple[int, int]] = {}
        """Of those after it: the newest, and how many rows all had."""
        self.lock = Lock()


_sought: WeakKeyDictionary[Engine, _Sought] = WeakKeyDictionary()


def asked_of(session: Session, source_id: str, rules: Sequence[Rules]) -> Asked:
    """Looks at nothing where no rule wants more than the decision."""
    wanted = frozenset[Telling]().union(*(each.asks(source_id) for each in rules))
    if not wanted:
        return Asked(source_id)
    sought = _sought.setdefault(session.get_bind().engine, _Sought())
    with sought.lock:
        found = {what: _since(session, source_id, what, sought) for what in sorted(wanted)}
    return Asked(source_id, {what: since for what, since in found.items() if since is not None})


def _since(session: Session, source_id: str, what: Telling, sought: _Sought) -> datetime | None:
    key = source_id, what
    if key in sought.since:
        return sought.since[key]
    of_source = col(Batch.source_id) == source_id, col(Batch.id) > sought.looked_until.get(key, 0)
    known = select(func.max(col(Batch.id)), func.sum(col(Batch.rows)), func.max(col(Batch.received_at)))
    newest, rows, heard_at = session.execute(known.where(*of_source)).one()
    if newest is None or sought.looked_through.get(key) == (newest, rows):
        return None
    having = select(col(RecordRevision.received_at)).join(Batch, col(Batch.id) == col(RecordRevision.batch_id))
    having = having.where(*of_source, *_has(what)).order_by(col(Batch.id), col(RecordRevision.received_at)).limit(1)
    since: datetime | None = session.execute(having).scalar_one_or_none()
    if since is not None:
        sought.since[key] = since
        return since
    all_there = select(func.max(col(Batch.id))).where(*of_source, col(Batch.received_at) < heard_at - _STILL_COMES)
    until = session.execute(all_there).scalar_one()
    if until is None:
        sought.looked_through[key] = newest, rows
    else:
        sought.looked_until[key] = until
        sought.looked_through.pop(key, None)
    return None


def _has(what: Telling) -> tuple[ColumnElement[bool], ...]:
    record, field = _RECORDS[what]
    of_kind = col(RecordRevision.record) == record
    return (of_kind,) if field is None else (of_kind, col(RecordRevision.row)[field].as_string() != "")
