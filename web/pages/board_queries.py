"""What is known of each counter at this moment: a handful of queries, however many counters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, or_, select

from storage.masks import masked_cameras
from storage.models import (
    Absence,
    Alert,
    AlertKind,
    AlertState,
    Camera,
    CameraFault,
    CameraStatus,
    CustomerState,
    EventKind,
    FaultKind,
    Presence,
    StaffState,
    View,
)
from storage.presence_now import (
    CAMERA_OFF,
    NO_VIEW,
    PresenceNow,
    Watched,
    presence_now,
    presence_of,
    staff_since,
    watched_counters,
)
from storage.views import in_force
from web.pages.crops import Crop, crop_around
from web.pages.opening import on_duty
from web.pages.places import CounterRef, HallRef, counters_of

BLINDING = (
    FaultKind.NO_SIGNAL,
    FaultKind.DARK,
    FaultKind.FROZEN,
    FaultKind.OBSTRUCTED,
    FaultKind.BLURRED,
    FaultKind.OVEREXPOSED,
    FaultKind.MOVED,
)


@dataclass(frozen=True)
class OpenAlert:
    id: int
    state: AlertState
    raised_at: datetime
    absence_id: int | None
    kind: AlertKind
    absent_since: datetime | None
    fault: FaultKind | None
    """Of a camera that looks at the counter."""


@dataclass(frozen=True)
class CameraNow:
    id: str
    name: str
    connected: bool
    blind: FaultKind | None
    """Why its picture shows nothing, if it does not."""
    masked: bool = False
    """It has privacy masks: what is shown of it has them filled, and is not live."""


@dataclass(frozen=True)
class CounterNow:
    counter: CounterRef
    cameras: tuple[CameraNow, ...]
    """Those that look at it, by id."""
    camera_id: str | None
    """The camera that shows it, if one does: the wanted one, else one that sees."""
    masked: bool
    """That camera has privacy masks."""
    crop: Crop | None
    """The part of that camera's picture that shows the counter; None for the whole."""
    switched_off: str | None
    """The camera that would show it, where every one that looks at it is switched off: what it recorded is there."""
    staff: StaffState
    customer: CustomerState
    since: datetime | None
    """From when on the staff state is what it is."""
    reason: str
    """Why unknown, e.g. watcher_down."""
    alert: OpenAlert | None
    open: bool
    """Whether its hall is open by its hours, and its roster says so; while not, nobody has to be there."""


@dataclass(frozen=True)
class LookAt:
    """One camera's look at one counter."""

    view: View
    camera: CameraNow


def counters_now(session: Session, halls: Iterable[HallRef], now: datetime) -> tuple[CounterNow, ...]:
    counters = counters_of(session, halls)
    return describe(session, counters, now)


def describe(
    session: Session, counters: tuple[CounterRef, ...], now: datetime, camera: str = ""
) -> tuple[CounterNow, ...]:
    """`camera` is the one that should show them, where it looks at them."""
    ids = [counter.id for counter in counters]
    presence = open_presence(session, ids)
    looks = looks_at(session, ids, now)
    alerts = open_alerts(session, {c.id: [look.camera.id for look in looks[c.id]] for c in counters})
    watched = watched_counters(session, ids, now)
    since = staff_since(session, ids)
    off = switched_off(session, [counter_id for counter_id in ids if not looks[counter_id]], now)
    seen = {c.id: _known(presence.get(c.id), since.get(c.id), bool(looks[c.id]), watched[c.id], now) for c in counters}
    known = {counter_id: _by_whom_looks(each, counter_id in off) for counter_id, each in seen.items()}
    to_be_staffed = on_duty(session, counters, now)
    return tuple(
        _now(c, known[c.id], looks[c.id], off.get(c.id), camera, alerts.get(c.id), is_open=c.id in to_be_staffed)
        for c in counters
    )


def _known(
    seen: Presence | None, since: datetime | None, has_view: bool, watched: Watched, now: datetime
) -> PresenceNow:
    if seen is None and not has_view:
        return PresenceNow(StaffState.UNKNOWN, CustomerState.UNKNOWN, None, NO_VIEW)
    never = PresenceNow(StaffState.UNKNOWN, CustomerState.UNKNOWN, None, "not_watched")
    return presence_now(presence_of(seen, since) if seen else never, watched, now)


def _by_whom_looks(known: PresenceNow, is_off: bool) -> PresenceNow:
    """Why nobody looks at it, as it is now."""
    if known.reason not in (NO_VIEW, CAMERA_OFF):
        return known
    return replace(known, reason=CAMERA_OFF if is_off else NO_VIEW)


def _now(
    counter: CounterRef,
    known: PresenceNow,
    looks: list[LookAt],
    off: str | None,
    camera: str,
    alert: OpenAlert | None,
    *,
    is_open: bool,
) -> CounterNow:
    cameras = tuple(look.camera for look in looks)
    shown = best_look(looks, camera)
    crop = crop_around(shown.view.staff_zone, shown.view.customer_zone) if shown else None
    return CounterNow(
        counter=counter,
        cameras=cameras,
        camera_id=shown.camera.id if shown else None,
        masked=shown is not None and shown.camera.masked,
        crop=crop,
        switched_off=off,
        staff=known.staff,
        customer=known.customer,
        since=known.since,
        reason=known.reason,
        alert=alert,
        open=is_open,
    )


def best_look(looks: Sequence[LookAt], wanted: str = "") -> LookAt | None:
    """Of the wanted camera, else of one that is connected and sees something; the first where all are alike."""

    def rank(look: LookAt) -> tuple[bool, bool, bool]:
        return (look.camera.id != wanted, not look.camera.connected, look.camera.blind is not None)

    return min(looks, key=rank, default=None)


def open_presence(session: Session, counter_ids: list[str]) -> dict[str, Presence]:
    """The state that lasts, by counter."""
    wanted = select(Presence).where(col(Presence.counter_id).in_(counter_ids), col(Presence.end).is_(None))
    found = session.exec(wanted.order_by(col(Presence.start)))
    return {presence.counter_id: presence for presence in found}


def looks_at(session: Session, counter_ids: list[str], at: datetime) -> dict[str, list[LookAt]]:
    """How enabled cameras looked at each counter then, by camera id, and how they are now."""
    found = session.exec(
        select(View, Camera, CameraStatus.connected)
        .join(Camera, col(Camera.id) == col(View.camera_id))
        .outerjoin(CameraStatus, col(CameraStatus.camera_id) == col(Camera.id))
        .where(col(View.counter_id).in_(counter_ids), in_force(at), col(Camera.enabled))
        .order_by(col(View.camera_id))
    ).all()
    blind = _blind(session, {camera.id for _, camera, _ in found})
    masked = masked_cameras(session, at)
    looks: dict[str, list[LookAt]] = {counter_id: [] for counter_id in counter_ids}
    for view, camera, connected in found:
        is_masked = camera.id in masked
        now = CameraNow(camera.id, camera.name or camera.id, bool(connected), blind.get(camera.id), is_masked)
        looks[view.counter_id].append(LookAt(view, now))
    return looks


def switched_off(session: Session, counter_ids: list[str], at: datetime) -> dict[str, str]:
    """The first camera that is switched off and has a view of it, by counter."""
    found = session.exec(
        select(View.counter_id, View.camera_id)
        .join(Camera, col(Camera.id) == col(View.camera_id))
        .where(col(View.counter_id).in_(counter_ids), in_force(at), col(Camera.enabled).is_(False))
        .order_by(col(View.camera_id).desc())
    )
    return dict(found.all())


def _blind(session: Session, camera_ids: set[str]) -> dict[str, FaultKind]:
    wanted = select(CameraFault.camera_id, CameraFault.kind).where(
        col(CameraFault.camera_id).in_(camera_ids), col(CameraFault.end).is_(None), col(CameraFault.kind).in_(BLINDING)
    )
    return {camera_id: FaultKind(kind) for camera_id, kind in session.exec(wanted)}


def camera_of(session: Session, counter_id: str, at: datetime) -> str | None:
    """The camera that showed the counter then; an enabled one, where there is one."""
    look = best_look(looks_at(session, [counter_id], at)[counter_id])
    return look.camera.id if look else switched_off(session, [counter_id], at).get(counter_id)


def open_alerts(session: Session, cameras: Mapping[str, Sequence[str]]) -> dict[str, OpenAlert]:
    """The newest of each counter that is not resolved, else one of the cameras that look at it (given by counter)."""
    every_camera = {camera for found in cameras.values() for camera in found}
    found = session.exec(
        select(Alert, Absence, CameraFault)
        .outerjoin(Absence, col(Absence.id) == col(Alert.absence_id))
        .outerjoin(CameraFault, col(CameraFault.id) == col(Alert.fault_id))
        .where(or_(col(Alert.counter_id).in_(list(cameras)), col(Alert.camera_id).in_(every_camera)))
        .where(col(Alert.resolved_at).is_(None))
        .order_by(col(Alert.raised_at))
    ).all()
    alerts = {
        alert.counter_id or alert.camera_id: _open_alert(alert, absence, fault) for alert, absence, fault in found
    }
    firsts = {
        counter: next((alerts[n] for n in (counter, *theirs) if n in alerts), None)
        for counter, theirs in cameras.items()
    }
    return {counter: alert for counter, alert in firsts.items() if alert}


def _open_alert(alert: Alert, absence: Absence | None, fault: CameraFault | None) -> OpenAlert:
    assert alert.id is not None
    return OpenAlert(
        id=alert.id,
        state=alert.state,
        raised_at=alert.raised_at,
        absence_id=alert.absence_id,
        kind=alert.kind,
        absent_since=absence.start if absence and absence.kind is EventKind.ABSENCE else None,
        fault=fault.kind if fault else None,
    )
