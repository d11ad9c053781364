"""Reads the present state of the counters by a few queries that stay cheap however long the history is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from storage.models import (
    Alert,
    AlertState,
    Camera,
    CameraStatus,
    Case,
    Counter,
    Finding,
    FindingKind,
    FootageLink,
    Presence,
    Step,
)
from storage.presence_now import PresenceNow, presence_now, presence_of, watched_counters

RECENT_ALERTS = timedelta(days=1)
_OVERLAP = 200
"""Rows are read again that far below the highest number seen: writers may commit out of order."""
_STEPS_KEPT = 500


@dataclass(frozen=True)
class Entry:
    """One thing, as pages see it, with what decides who may see it."""

    hall_id: str | None
    department_id: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True)
class State:
    presence: Mapping[str, Entry] = field(default_factory=dict)
    """By counter, as it is known now."""
    written: Mapping[str, PresenceNow] = field(default_factory=dict)
    """By counter, as a watcher wrote it last: it counts again when a watcher is back."""
    alerts: Mapping[int, Entry] = field(default_factory=dict)
    cameras: Mapping[str, Entry] = field(default_factory=dict)
    steps: Mapping[int, Entry] = field(default_factory=dict)
    """Those reported last; only to find what is new of them."""
    last_presence_id: int = 0
    last_step_id: int = 0


def read_state(session: Session, now: datetime, before: State) -> State:
    counters = {c.id: c.hall_id for c in session.exec(select(Counter))}
    written, last_presence_id = _written(session, counters, before)
    watched = watched_counters(session, written, now)
    steps, last_step_id = _steps(session, counters, before)
    return State(
        presence={
            counter_id: _presence_entry(counter_id, counters[counter_id], presence_now(last, watched[counter_id], now))
            for counter_id, last in written.items()
        },
        written=written,
        alerts=_alerts(session, now, before),
        cameras=_cameras(session),
        steps=steps,
        last_presence_id=last_presence_id,
        last_step_id=last_step_id,
    )


def _written(session: Session, counters: Mapping[str, str], before: State) -> tuple[dict[str, PresenceNow], int]:
    """The latest span of each counter: looked up one by one at first, then only what was added."""
    latest = {key: last for key, last in before.written.items() if key in counters}
    rows: list[Presence] = []
    for counter_id in counters.keys() - latest.keys():
        newest = select(Presence).where(Presence.counter_id == counter_id).order_by(col(Presence.start).desc()).limit(1)
        rows += session.exec(newest)
    last_id = before.last_presence_id
    if last_id:
        rows += session.exec(select(Presence).where(col(Presence.id) > last_id - _OVERLAP).order_by(col(Presence.id)))
    for row in sorted(rows, key=lambda row: row.start):
        if row.counter_id in counters and _is_newer(row, latest.get(row.counter_id)):
            latest[row.counter_id] = _going_on(latest.get(row.counter_id), row)
    highest = session.exec(select(func.max(Presence.id))).one() or 0
    return latest, highest


def _is_newer(row: Presence, known: PresenceNow | None) -> bool:
    return known is None or known.since is None or known.since <= row.start


def _going_on(known: PresenceNow | None, row: Presence) -> PresenceNow:
    """A span that differs in the number of people alone is the same state as before."""
    now = presence_of(row)
    same = known is not None and (known.staff, known.customer, known.reason) == (now.staff, now.customer, now.reason)
    return known if known is not None and same else now


def _presence_entry(counter_id: str, hall_id: str, known: PresenceNow) -> Entry:
    data = {
        "counter_id": counter_id,
        "hall_id": hall_id,
        "staff": known.staff.value,
        "customer": known.customer.value,
        "since": known.since,
        "reason": known.reason,
    }
    return Entry(hall_id, None, data)


def _alerts(session: Session, now: datetime, before: State) -> dict[int, Entry]:
    """The recent ones, and all that are still raised, however old: pages count these. Of an old one the end is told."""
    raised = AlertState.RAISED.value
    were_raised = [key for key, entry in before.alerts.items() if entry.data["state"] == raised]
    shown = or_(
        col(Alert.raised_at) >= now - RECENT_ALERTS,
        col(Alert.state) == AlertState.RAISED,
        col(Alert.id).in_(were_raised),
    )
    alerts = session.exec(select(Alert).where(shown))
    return {alert.id: _alert_entry(alert) for alert in alerts if alert.id is not None}


def _alert_entry(alert: Alert) -> Entry:
    data = alert.model_dump(
        include={
            "id",
            "hall_id",
            "counter_id",
            "camera_id",
            "node_name",
            "absence_id",
            "raised_at",
            "acknowledged_at",
            "resolved_at",
        }
    )
    return Entry(alert.hall_id, None, data | {"kind": alert.kind.value, "state": alert.state.value})


def _cameras(session: Session) -> dict[str, Entry]:
    found = session.exec(
        select(Camera.id, Camera.hall_id, CameraStatus)
        .join(CameraStatus, col(CameraStatus.camera_id) == col(Camera.id))
        .where(col(Camera.enabled).is_(True))
    )
    return {camera_id: _camera_entry(camera_id, hall_id, status) for camera_id, hall_id, status in found}


def _camera_entry(camera_id: str, hall_id: str, status: CameraStatus) -> Entry:
    data = {
        "camera_id": camera_id,
        "hall_id": hall_id,
        "connected": status.connected,
        "since": status.since,
        "error": status.error,
    }
    return Entry(hall_id, None, data)


def _steps(session: Session, counters: Mapping[str, str], before: State) -> tuple[dict[int, Entry], int]:
    highest = session.exec(select(func.max(Step.id))).one() or 0
    from_id = (before.last_step_id or highest) - _OVERLAP
    rows = session.exec(
        select(Step, Case.department_id, Case.hall_id)
        .join(Case, col(Case.id) == col(Step.case_id))
        .where(col(Step.id) > from_id)
        .order_by(col(Step.id))
    )
    outcomes, found = _outcomes(session, from_id), _with_finding(session, from_id)
    steps = dict(before.steps)
    for step, department_id, case_hall_id in rows:
        assert step.id is not None
        hall_id = counters.get(step.counter_id or "") or case_hall_id
        steps[step.id] = _step_entry(step, hall_id, department_id, outcomes.get(step.id), step.id in found)
    return dict(list(steps.items())[-_STEPS_KEPT:]), highest


def _outcomes(session: Session, after: int) -> dict[int | None, str]:
    """What footage was found for each step with a higher number."""
    links = session.exec(select(FootageLink.step_id, FootageLink.outcome).where(col(FootageLink.step_id) > after))
    return dict(links.all())


def _with_finding(session: Session, after: int) -> set[int]:
    """Steps with a higher number about which there is a finding. The index begins with the kind: it is named."""
    wanted = select(Finding.step_id).where(col(Finding.kind).in_(list(FindingKind)), col(Finding.step_id) > after)
    return set(session.exec(wanted.where(col(Finding.withdrawn_at).is_(None))))


def _step_entry(
    step: Step, hall_id: str | None, department_id: str | None, outcome: str | None, has_finding: bool
) -> Entry:
    data = step.model_dump(include={"id", "case_id", "name", "counter_id", "start", "end", "revision"})
    more = {"kind": step.kind.value, "hall_id": hall_id, "footage": outcome, "finding": has_finding}
    return Entry(hall_id, department_id, data | more)
