"""What is known of each counter at this moment: a handful of queries, however many counters."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import (
    Absence,
    Alert,
    AlertState,
    Camera,
    CustomerState,
    Presence,
    StaffState,
    View,
)
from storage.presence_now import PresenceNow, Watched, presence_now, presence_of, watched_counters
from web.pages.crops import Crop, crop_around
from web.pages.places import CounterRef, HallRef, counters_of


@dataclass(frozen=True)
class OpenAlert:
    id: int
    state: AlertState
    raised_at: datetime
    absence_id: int | None
    absent_since: datetime | None


@dataclass(frozen=True)
class CounterNow:
    counter: CounterRef
    camera_id: str | None
    """The camera that shows it, if one does."""
    crop: Crop | None
    """The part of that camera's picture that shows the counter; None for the whole."""
    staff: StaffState
    customer: CustomerState
    since: datetime | None
    reason: str
    """Why unknown, e.g. watcher_down."""
    alert: OpenAlert | None


def counters_now(session: Session, halls: Iterable[HallRef], now: datetime) -> tuple[CounterNow, ...]:
    counters = counters_of(session, halls)
    return describe(session, counters, now)


def describe(session: Session, counters: tuple[CounterRef, ...], now: datetime) -> tuple[CounterNow, ...]:
    ids = [counter.id for counter in counters]
    presence = open_presence(session, ids)
    views = views_of(session, ids)
    alerts = open_alerts(session, ids)
    watched = watched_counters(session, ids, now)
    known = {c.id: _known(presence.get(c.id), c.id in views, watched[c.id], now) for c in counters}
    return tuple(_now(c, known[c.id], views.get(c.id), alerts.get(c.id)) for c in counters)


def _known(seen: Presence | None, has_view: bool, watched: Watched, now: datetime) -> PresenceNow:
    if seen is None and not has_view:
        return PresenceNow(StaffState.UNKNOWN, CustomerState.UNKNOWN, None, "no_view")
    never = PresenceNow(StaffState.UNKNOWN, CustomerState.UNKNOWN, None, "not_watched")
    return presence_now(presence_of(seen) if seen else never, watched, now)


def _now(counter: CounterRef, known: PresenceNow, view: View | None, alert: OpenAlert | None) -> CounterNow:
    camera = view.camera_id if view else None
    crop = crop_around(view.staff_zone, view.customer_zone) if view else None
    return CounterNow(counter, camera, crop, known.staff, known.customer, known.since, known.reason, alert)


def open_presence(session: Session, counter_ids: list[str]) -> dict[str, Presence]:
    """The state that lasts, by counter."""
    wanted = select(Presence).where(col(Presence.counter_id).in_(counter_ids), col(Presence.end).is_(None))
    found = session.exec(wanted.order_by(col(Presence.start)))
    return {presence.counter_id: presence for presence in found}


def views_of(session: Session, counter_ids: list[str]) -> dict[str, View]:
    """How an enabled camera looks at each counter now; the first camera by id where there are several."""
    found = session.exec(
        select(View)
        .join(Camera, col(Camera.id) == col(View.camera_id))
        .where(col(View.counter_id).in_(counter_ids), col(View.valid_to).is_(None), col(Camera.enabled))
        .order_by(col(View.camera_id).desc())
    )
    return {view.counter_id: view for view in found}


def cameras_of(session: Session, counter_ids: list[str]) -> dict[str, str]:
    """The enabled camera that looks at each counter now."""
    return {counter_id: view.camera_id for counter_id, view in views_of(session, counter_ids).items()}


def open_alerts(session: Session, counter_ids: list[str]) -> dict[str, OpenAlert]:
    """The newest alert of each counter that is not resolved."""
    found = session.exec(
        select(Alert, Absence.start)
        .outerjoin(Absence, col(Absence.id) == col(Alert.absence_id))
        .where(col(Alert.counter_id).in_(counter_ids), col(Alert.state) != AlertState.RESOLVED)
        .order_by(col(Alert.raised_at))
    )
    return {alert.counter_id: _open_alert(alert, start) for alert, start in found if alert.counter_id}


def _open_alert(alert: Alert, absent_since: datetime | None) -> OpenAlert:
    assert alert.id is not None
    return OpenAlert(alert.id, alert.state, alert.raised_at, alert.absence_id, absent_since)
