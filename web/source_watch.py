"""Alerts when a source has left out batches that it numbers, or has sent nothing for longer than it may."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, func, select

from correlation.deadlines.calendars import CalendarBook
from correlation.deadlines.counting import hours_until
from correlation.deadlines.work_calendar import WorkCalendar
from ingest.approvals.sequences import Missing, missing_batches
from storage.database import Database, insert_new
from storage.models import Alert, AlertKind, AlertState, Batch, Source
from web.lasting_alerts import lasting, resolve

log = structlog.get_logger(__name__)

LOOK_BACK = timedelta(days=7)
"""A batch that is missing for longer will not come: its alert ends, and the reconciliation goes on showing it."""
_KINDS = (AlertKind.BATCHES_MISSING, AlertKind.SOURCE_SILENT)


@dataclass(frozen=True)
class SourceState:
    """What is known of a source that has sent something."""

    id: str
    name: str
    hall_id: str | None
    last_batch: datetime
    missing: tuple[Missing, ...]
    silent: bool
    silent_after_minutes: int | None

    def since(self, kind: AlertKind) -> datetime | None:
        """When what the kind of alert is about began; None where it is not so."""
        if kind is AlertKind.SOURCE_SILENT:
            return self.last_batch if self.silent else None
        return min((gap.noticed_at for gap in self.missing), default=None)


class SourceWatch:
    """`run_once` compares; run it every minute."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._calendars = CalendarBook()

    def run_once(self, now: datetime) -> int:
        """The number of alerts raised and resolved. Raises SQLAlchemyError."""
        with self._database.transaction() as session:
            states = source_states(session, self._calendars, now)
            lasting = {(alert.source_id or "", AlertKind(alert.kind)): alert for alert in lasting_alerts(session)}
            there = {(state.id, kind): state for state in states for kind in _KINDS if state.since(kind)}
            _raise(session, {key: state for key, state in there.items() if key not in lasting}, now)
            over = [alert for key, alert in lasting.items() if key not in there]
            resolved = resolve(over, now, "source_is_well_again", source="source_id", kind="kind")
            return len(there.keys() - lasting.keys()) + resolved


def is_silent(calendar: WorkCalendar, last_batch: datetime, minutes: int | None, now: datetime) -> bool:
    """Nights, weekends and closures are no silence: only working time counts."""
    if minutes is None or now <= last_batch:
        return False
    return hours_until(calendar, last_batch, now, ()) > timedelta(minutes=minutes)


def source_states(session: Session, calendars: CalendarBook, now: datetime) -> list[SourceState]:
    """By id."""
    calendars.refresh(session)
    return [_state(session, calendars, source, last, now) for source, last in heard_of(session)]


def heard_of(session: Session) -> list[tuple[Source, datetime]]:
    """Every source that has sent something, by id, and when its last batch came."""
    sources = session.exec(select(Source).order_by(col(Source.id))).all()
    return [(source, last) for source in sources if (last := _last_batch(session, source.id)) is not None]


def _last_batch(session: Session, source_id: str) -> datetime | None:
    return session.exec(select(func.max(Batch.received_at)).where(Batch.source_id == source_id)).one()


def lasting_alerts(session: Session) -> Sequence[Alert]:
    """Of all sources."""
    return lasting(session, *_KINDS)


def _state(session: Session, calendars: CalendarBook, source: Source, last: datetime, now: datetime) -> SourceState:
    calendar = calendars.of(source.hall_id)[-1][1]
    return SourceState(
        id=source.id,
        name=source.name or source.id,
        hall_id=source.hall_id,
        last_batch=last,
        missing=missing_batches(session, source.id, now - LOOK_BACK, now),
        silent=is_silent(calendar, last, source.silent_after_minutes, now),
        silent_after_minutes=source.silent_after_minutes,
    )


def _raise(session: Session, fresh: Mapping[tuple[str, AlertKind], SourceState], now: datetime) -> None:
    for (source_id, kind), state in fresh.items():
        log.error(kind.value, source=source_id, since=str(state.since(kind)), missing=len(state.missing))
    rows = [
        {
            "kind": kind,
            "state": AlertState.RAISED,
            "hall_id": state.hall_id,
            "source_id": source_id,
            "source_since": state.since(kind),
            "raised_at": now,
        }
        for (source_id, kind), state in fresh.items()
    ]
    insert_new(session, Alert, rows)
