"""What happened at a camera's counters in a span, as far as it decides how long footage is kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from storage.holds import overlaps
from storage.intervals import Span
from storage.models import Absence, Alert, AlertKind, CameraFault, FaultKind, Finding, Step, View
from storage.retention import Shown

MARGIN = timedelta(seconds=15)
"""Clips begin some seconds before what they show and end some after: these belong to it."""
_WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Happening:
    counter_id: str | None
    """None: at the camera itself, so at all that it shows."""
    span: Span


@dataclass(frozen=True, slots=True)
class Looking:
    """At which counter the camera looked, and when."""

    counter_id: str
    valid_from: datetime | None
    valid_to: datetime | None
    """Exclusive."""

    def within(self, span: Span) -> bool:
        return (self.valid_from is None or self.valid_from < span.end) and (
            self.valid_to is None or span.start < self.valid_to
        )


def shown_in(span: Span, looking: Iterable[Looking], happenings: Sequence[Happening]) -> list[Shown]:
    """The camera's hall where it looked at no counter."""
    counters = sorted({look.counter_id for look in looking if look.within(span)})
    places: list[str | None] = [*counters] if counters else [None]
    return [
        Shown(place, overlaps(span, (h.span for h in happenings if h.counter_id in (place, None)))) for place in places
    ]


def looking_of(session: Session, camera_id: str) -> list[Looking]:
    query = select(View.counter_id, View.valid_from, View.valid_to).where(View.camera_id == camera_id)
    return [Looking(*view) for view in session.exec(query)]


def happenings(session: Session, camera_id: str, counters: Sequence[str], span: Span, now: datetime) -> list[Happening]:
    """Absences and findings at the counters, and alerts of the camera, with their margins, that reach into the span."""
    wide = Span(span.start - MARGIN, span.end + MARGIN)
    found = [
        *_absences(session, counters, wide),
        *_findings(session, counters, wide),
        *_camera_alerts(session, camera_id, wide),
    ]
    return [
        Happening(counter_id, Span(start - MARGIN, max(end or now, start) + MARGIN)) for counter_id, start, end in found
    ]


_Found = Iterable[tuple[str | None, datetime, datetime | None]]


def _absences(session: Session, counters: Sequence[str], span: Span) -> _Found:
    return session.exec(
        select(Absence.counter_id, Absence.start, Absence.end).where(
            col(Absence.counter_id).in_(counters),
            Absence.start < span.end,
            or_(col(Absence.end).is_(None), col(Absence.end) > span.start),
            Absence.ended_by != _WITHDRAWN,
        )
    )


def _findings(session: Session, counters: Sequence[str], span: Span) -> _Found:
    return session.exec(
        select(Step.counter_id, Step.start, Step.end)
        .join(Finding, col(Finding.step_id) == col(Step.id))
        .where(
            col(Step.counter_id).in_(counters),
            Step.start < span.end,
            Step.end >= span.start,
            col(Finding.withdrawn_at).is_(None),
        )
    )


def _camera_alerts(session: Session, camera_id: str, span: Span) -> _Found:
    found = session.exec(
        select(CameraFault.start, CameraFault.end)
        .join(Alert, col(Alert.fault_id) == col(CameraFault.id))
        .where(
            CameraFault.camera_id == camera_id,
            Alert.kind == AlertKind.CAMERA_FAULT,
            CameraFault.kind != FaultKind.SUB_STREAM,  # it is not what is recorded
            CameraFault.start < span.end,
            or_(col(CameraFault.end).is_(None), col(CameraFault.end) > span.start),
        )
    )
    return [(None, start, end) for start, end in found]
