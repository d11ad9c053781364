"""What is to be watched at a moment, as the tables say."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from sqlmodel import Session, col, select

from analytics.aim import Aim, zones_key
from analytics.aim import read as read_aim
from analytics.looking import MASKED, NO_ZONE, WatchedView
from analytics.onlookers import Shows
from analytics.recorder_heard import Heard
from analytics.rule import Rule, rule_in_force
from analytics.zones import Zone, zone_of
from storage.hours import HallHours, hall_hours
from storage.inside import read_inside
from storage.mask_pixels import share_covered
from storage.masks import masks_at
from storage.models import (
    MAX_CLOCK_OFFSET,
    AbsenceRule,
    Camera,
    CameraAim,
    CameraStatus,
    Counter,
    Hall,
    Node,
    View,
    awaited,
)
from storage.presence_now import CAMERA_OFF, NO_VIEW
from storage.zone_rules import zone_rule_at

_log = structlog.get_logger(__name__)

_STATUS_AGE = timedelta(seconds=60)
_TOO_MUCH = 0.5


@dataclass(frozen=True, slots=True)
class KnownAim:
    number: int
    aim: Aim | None
    """None: it has to be found anew, because somebody has said that the zones fit what the camera shows."""


KnownAims = dict[int, KnownAim]
"""By their numbers."""


@dataclass(frozen=True, slots=True)
class CameraPlan:
    camera_id: str
    hall_id: str
    views: tuple[WatchedView, ...]
    """None for a camera that shows no counter: whether it delivers is watched all the same."""
    clock_wrong: bool = False
    """Its clock is more than MAX_CLOCK_OFFSET off the recorder's."""
    sub_failing: bool = False
    """It delivers, but not its sub-stream."""
    masks: tuple[Zone, ...] = ()
    """What is hidden: nobody looks there, and nothing of it is kept."""
    zones: str = ""
    """Key of its zones and masks."""
    aim: KnownAim | None = field(default=None, compare=False)
    """Where it looked when they were drawn; None until that is known."""


@dataclass(frozen=True, slots=True)
class CounterPlan:
    counter_id: str
    hall_id: str
    cameras: Mapping[str, Shows]
    rule: Rule | None
    """None: the rule in force makes no sense, and no absence can be found by it."""
    hours: HallHours
    views: frozenset[tuple[int | None, datetime | None]] = frozenset()
    """Id and beginning of each, so that it is noticed when the past of one is changed."""
    with_customers: frozenset[str] = frozenset()
    """The cameras that show a customer zone."""


@dataclass(frozen=True, slots=True)
class WatchPlan:
    cameras: Mapping[str, CameraPlan] = field(default_factory=dict)
    counters: Mapping[str, CounterPlan] = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    """Counters of which every camera is switched off."""
    hours: Mapping[str, HallHours] = field(default_factory=dict)
    """Of every hall."""
    recorder: Heard | None = None
    """What is heard of the recorder; None: there is none, or it is not coming back."""


def load_plan(session: Session, now: datetime, *, past: bool = False, known_aims: KnownAims | None = None) -> WatchPlan:
    """Every enabled camera, its views that are valid now, and the counters they show.

    A camera that is switched off still belongs to its counters: what it alone could show is unknown until its view is
    ended. A counter that has no other is not watched. Of the `past`, those that are switched off now count, too: they
    recorded then. `known_aims` are those read before, to be read once; what is read is added.
    """
    cameras = {camera.id: camera for camera in session.exec(select(Camera)) if camera.enabled or past}
    statuses = [status for status in session.exec(select(CameraStatus)) if now - status.updated < _STATUS_AGE]
    clocks, subs = _wrong_clocks(statuses), _failing_subs(statuses)
    usual, masks = zone_rule_at(session, now).inside, _masks(session, now)
    of_camera: dict[str, list[WatchedView]] = defaultdict(list)
    of_counter: dict[str, dict[str, View]] = defaultdict(dict)
    for view in session.exec(select(View)):
        if _valid(view, now):
            of_counter[view.counter_id][view.camera_id] = view
            if view.camera_id in cameras:
                of_camera[view.camera_id].append(_watched(view, usual, masks[view.camera_id]))
    zones = {camera_id: zones_key([*_zones(of_camera[camera_id]), *masks[camera_id]]) for camera_id in cameras}
    aims = _aims(session, zones, now, {} if known_aims is None else known_aims)
    off = {counter for counter, shown in of_counter.items() if not shown.keys() & cameras.keys()}
    of_counter = {counter: shown for counter, shown in of_counter.items() if counter not in off}
    hours = hall_hours(session, {hall.id: _zone(hall.timezone) for hall in session.exec(select(Hall))})
    return WatchPlan(
        {
            camera_id: CameraPlan(
                camera_id,
                camera.hall_id,
                tuple(of_camera[camera_id]),
                camera_id in clocks,
                camera_id in subs,
                masks[camera_id],
                zones[camera_id],
                aims.get(camera_id),
            )
            for camera_id, camera in cameras.items()
        },
        _counters(session, of_counter, masks, hours, now),
        frozenset(off),
        hours,
        _recorder(session),
    )


def _recorder(session: Session) -> Heard | None:
    recorders = select(Node.started_at, Node.heartbeat).where(Node.role == "recorder", awaited())
    newest = session.exec(recorders.order_by(col(Node.heartbeat).desc()).limit(1)).first()
    return Heard(*newest) if newest else None


def views_then(session: Session, camera_id: str, at: datetime) -> tuple[WatchedView, ...]:
    """What a camera showed of counters at a moment, whatever of it was masked."""
    usual = zone_rule_at(session, at).inside
    views = session.exec(select(View).where(View.camera_id == camera_id).order_by(col(View.counter_id)))
    return tuple(_watched(view, usual, ()) for view in views if _valid(view, at))


def why_unwatched(plan: WatchPlan, counter_id: str) -> str:
    return CAMERA_OFF if counter_id in plan.off else NO_VIEW


def _counters(
    session: Session,
    of_counter: Mapping[str, Mapping[str, View]],
    masks: Mapping[str, Sequence[Zone]],
    hours: Mapping[str, HallHours],
    now: datetime,
) -> dict[str, CounterPlan]:
    rules = list(session.exec(select(AbsenceRule)))
    counters = session.exec(select(Counter).where(col(Counter.id).in_(of_counter)))
    return {
        counter.id: CounterPlan(
            counter.id,
            counter.hall_id,
            {camera_id: _shows(view) for camera_id, view in of_counter[counter.id].items()},
            _rule(rules, counter, now),
            hours[counter.hall_id],
            frozenset((view.id, view.valid_from) for view in of_counter[counter.id].values()),
            frozenset(c for c, view in of_counter[counter.id].items() if seen_zone(view.customer_zone, masks[c])),
        )
        for counter in counters
    }


def _aims(session: Session, zones: Mapping[str, str], now: datetime, known: KnownAims) -> dict[str, KnownAim]:
    """Of each camera the last that began before this moment; of the time before the first, the first."""
    rows = session.exec(
        select(CameraAim.id, CameraAim.camera_id, CameraAim.zones, CameraAim.since).order_by(col(CameraAim.since))
    )
    chosen: dict[str, int] = {}
    for number, camera_id, of_zones, since in rows:
        if number is not None and zones.get(camera_id) == of_zones and (camera_id not in chosen or since <= now):
            chosen[camera_id] = number
    for number in set(chosen.values()) - known.keys():
        known[number] = KnownAim(number, read_aim(session.get_one(CameraAim, number).picture))
    return {camera_id: known[number] for camera_id, number in chosen.items()}


def _valid(view: View, now: datetime) -> bool:
    return (view.valid_from is None or view.valid_from <= now) and (view.valid_to is None or now < view.valid_to)


def _masks(session: Session, now: datetime) -> Mapping[str, tuple[Zone, ...]]:
    """By camera; none for one that has none."""
    found: dict[str, tuple[Zone, ...]] = defaultdict(tuple)
    for mask in masks_at(session, now):
        found[mask.camera_id] += (zone_of(mask.polygon),)
    return found


def _watched(view: View, usual: str, masks: Sequence[Zone]) -> WatchedView:
    staff = seen_zone(view.staff_zone, masks)
    return WatchedView(
        view.camera_id,
        view.counter_id,
        staff,
        seen_zone(view.customer_zone, masks),
        read_inside(view.staff_inside or usual),
        read_inside(view.customer_inside or usual),
        NO_ZONE if staff or not view.staff_zone else MASKED,
    )


def seen_zone(polygon: Sequence[Sequence[float]], masks: Sequence[Zone]) -> Zone:
    """A zone of which a mask hides half says nothing about who is in it: it is not seen."""
    zone = zone_of(polygon)
    return () if zone and masks and share_covered(zone, masks) >= _TOO_MUCH else zone


def _zones(views: Iterable[WatchedView]) -> Sequence[object]:
    return sorted([view.counter_id, view.staff_zone, view.customer_zone] for view in views)


def _shows(view: View) -> Shows:
    if not view.staff_zone:
        return Shows.NOTHING
    return Shows.WHOLE if view.whole_zone else Shows.PART


def _wrong_clocks(statuses: Iterable[CameraStatus]) -> set[str]:
    return {
        status.camera_id
        for status in statuses
        if abs(timedelta(microseconds=status.clock_offset_us)) > MAX_CLOCK_OFFSET
    }


def _failing_subs(statuses: Iterable[CameraStatus]) -> set[str]:
    """A camera that is away altogether is one fault, not two."""
    return {status.camera_id for status in statuses if status.connected and status.sub_error}


def _rule(rules: list[AbsenceRule], counter: Counter, now: datetime) -> Rule | None:
    """A rule that makes no sense ends neither the watch over everything else nor is another put in its place."""
    try:
        return rule_in_force(rules, counter.hall_id, counter.id, now)
    except ValueError as error:
        _log.error("absence_rule_rejected", counter=counter.id, error=str(error), absences="none are found there")
        return None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        _log.error("unknown_timezone", timezone=name)
        return ZoneInfo("Asia/Shanghai")
