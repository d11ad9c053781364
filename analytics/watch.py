"""The watch over all counters, without threads, clock or database: pictures in, changes out."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from analytics.aim import NewAim
from analytics.cameras import SILENCE, WatchedCamera
from analytics.clock_twice import CLOCK_SET_BACK, TimeSaidTwice
from analytics.counters import WatchedCounter
from analytics.edges import Moments
from analytics.health import FaultChange, PictureHealth
from analytics.looker import Looker
from analytics.looking import Observation, WatchedView, blind
from analytics.pictures import Picture
from analytics.plan import CounterPlan, WatchPlan, why_unwatched
from analytics.presence import GAP, NO_SIGNAL, RECORDER_SILENT, Debounce, Transition
from analytics.recorder_heard import RecorderHeard
from storage.intervals import Span

_log = structlog.get_logger(__name__)

DAMAGED = "damaged"
"""Why nothing is known where a part was lost of a picture, or of what it rests on."""

MAX_LAG = timedelta(seconds=30)
"""A live picture dated further than this from our clock is not live."""


@dataclass(slots=True)
class Changes:
    """What is to be written."""

    transitions: list[Transition] = field(default_factory=list)
    faults: list[FaultChange] = field(default_factory=list)
    watched: dict[str, datetime] = field(default_factory=dict)
    """Camera → wall time of its last sample."""
    aims: list[NewAim] = field(default_factory=list)


class Watch:
    """Follows a plan; whoever calls it says what time it is."""

    def __init__(self, looker: Looker, debounce: Debounce = Debounce(), moments: Moments | None = None) -> None:
        """`moments`: pictures of the past, to find when exactly somebody came or went."""
        self.cameras: dict[str, WatchedCamera] = {}
        self.counters: dict[str, WatchedCounter] = {}
        self.changes = Changes()
        self._looker = looker
        self._debounce = debounce
        self._moments = moments
        self.missed: list[tuple[str, Span]] = []
        """Counters, and when nobody looked at each though live pictures came before and after; until who asks for it
        takes it."""
        self._held: dict[str, list[tuple[Observation, timedelta]]] = {}
        """Of counters of which recorded pictures that are older come in; each with how long a hole before it is usual.
        """
        self._recorder = RecorderHeard()
        self.said_twice = TimeSaidTwice()
        self.seen_ahead: dict[str, datetime] = {}
        """Counters that were seen at times which are still to come, since the clock was set back; until when."""

    def follow(self, plan: WatchPlan, now: datetime) -> None:
        """Watches what the plan says from now on; states of what stays are kept."""
        self._recorder.follow(plan.recorder)
        for camera_id in self.cameras.keys() - plan.cameras.keys():
            self.changes.faults += self.cameras.pop(camera_id).end_faults(now)
            self._looker.forget(camera_id)
        for counter_id in self.counters.keys() - plan.counters.keys():
            self.changes.transitions += self.counters.pop(counter_id).stop(now, why_unwatched(plan, counter_id))
        for camera_id, camera in plan.cameras.items():
            self.cameras.setdefault(camera_id, WatchedCamera(camera, now)).plan = camera
        for counter_id, counter in plan.counters.items():
            if counter_id not in self.counters:
                self.counters[counter_id] = self._watched(counter)
            self.counters[counter_id].follow(counter)

    def forget(self, counters: Collection[str]) -> None:
        """What is remembered of them, and what was to be written: the stored presence says otherwise."""
        for counter_id in counters:
            self.counters.pop(counter_id, None)
        self.changes.transitions = [c for c in self.changes.transitions if c.counter_id not in counters]

    @property
    def slow(self) -> dict[str, timedelta]:
        """Cameras whose pictures come so seldom that silence is no sign as early as of others, and how far apart."""
        return {c: camera.usual for c, camera in self.cameras.items() if camera.patience > SILENCE}

    def sees_counters(self, camera_id: str) -> bool:
        """Whether what the camera showed while nobody watched tells about a counter."""
        return camera_id in self.cameras and bool(self.cameras[camera_id].plan.views)

    def take_live(self, pictures: Iterable[Picture], now: datetime) -> None:
        """Looks at live pictures, at most one of each camera."""
        self._mind_the_clock(now)
        live, patience = [], {}
        for picture in pictures:
            if abs(now - picture.wall) > MAX_LAG:
                _log.warning("picture_not_live", camera=picture.camera_id, wall=picture.wall.isoformat())
            elif camera := self.cameras.get(picture.camera_id):
                # As it was before this picture: a hole that it ends was not expected.
                patience[picture.camera_id] = camera.patience
                camera.arrived(picture.wall, now)
                live.append(picture)
        for observation in self._look(live):
            max_gap = patience[observation.camera_id]
            if observation.counter_id in self._held:
                self._held[observation.counter_id].append((observation, max_gap))
            else:
                self._observe_live(observation, max_gap)
        for picture in live:
            camera = self.cameras[picture.camera_id]
            if picture.damaged or picture.camera_id in self._looker.failing:
                continue  # who stands in it is not known
            people = self._looker.people(picture.camera_id, camera.plan.views)
            if (aim := camera.seek_aim(picture, people)) is not None:
                self.changes.aims.append(aim)

    def take_recorded(self, pictures: Iterable[Picture], step: timedelta) -> None:
        """Looks at recorded pictures, at most one of each camera, some `step` apart."""
        known = [picture for picture in pictures if picture.camera_id in self.cameras]
        usual = {picture.camera_id: self.cameras[picture.camera_id].recorded(picture.wall) for picture in known}
        for observation in self._look(known, recorded=True):
            self._observe(observation, max(self._debounce.max_gap, 2.5 * step, usual[observation.camera_id]))

    @property
    def held(self) -> frozenset[str]:
        """Counters of which what live pictures tell is kept."""
        return frozenset(self._held)

    def hold_live(self, counters: Iterable[str]) -> None:
        """Keeps what live pictures tell of them until `release_live`, while recorded ones that are older come in."""
        self._held = {counter_id: [] for counter_id in counters}

    def release_live(self, counters: Iterable[str], step: timedelta) -> None:
        """The first of each camera comes after those that were recorded, some `step` apart."""
        for counter_id in counters:
            followed: set[str] = set()
            for observation, patience in sorted(self._held.pop(counter_id, []), key=lambda pair: pair[0].wall):
                camera_id = observation.camera_id
                if camera_id not in followed and camera_id in self.cameras:
                    patience = max(patience, 2.5 * step, self.cameras[camera_id].patience_recorded)
                followed.add(camera_id)
                self._observe(observation, patience)

    def settle(self, now: datetime) -> None:
        """What follows from pictures that did not come, and from faults that last."""
        for camera in self.cameras.values():
            self.changes.faults += camera.faults(now, self._recorder)
        silent = {camera_id for camera_id, camera in self.cameras.items() if camera.is_silent(now)}
        for camera_id in silent:
            self._looker.shows_nothing(camera_id)
        to_blame = {camera_id for camera_id in silent if self.cameras[camera_id].is_to_blame(self._recorder)}
        for counter_id, counter in self.counters.items():
            if counter_id not in self._held and counter.plan.cameras.keys() <= silent:
                reason = NO_SIGNAL if counter.plan.cameras.keys() & to_blame else RECORDER_SILENT
                self.changes.transitions += counter.silence(now, reason, self._recorder.lives_since)

    def _mind_the_clock(self, now: datetime) -> None:
        """What was seen last bears a time that is still to come, and what is seen now cannot be written before it."""
        if self.said_twice.says(now):
            _log.warning("clock_set_back", now=now.isoformat())
            for counter_id in self.counters:
                self.stop_until_then(counter_id, now)

    def stop_until_then(self, counter_id: str, now: datetime) -> None:
        """Nothing is known of the counter until the clock says what it said when it was seen last."""
        counter = self.counters[counter_id]
        self.changes.transitions += counter.stop(now, CLOCK_SET_BACK)
        if counter.state is not None:
            self.seen_ahead[counter_id] = counter.state.at

    def _watched(self, plan: CounterPlan) -> WatchedCounter:
        return WatchedCounter(
            plan, self._debounce, partial(self._look_back, plan.counter_id) if self._moments else None
        )

    def _look_back(self, counter_id: str, moment: datetime) -> list[Observation]:
        cameras = [self.cameras[c] for c in self.counters[counter_id].plan.cameras if c in self.cameras]
        views = [view for camera in cameras for view in camera.plan.views if view.counter_id == counter_id]
        return [seen for view in views if (seen := self._looked_back(view, moment)) is not None]

    def _looked_back(self, view: WatchedView, moment: datetime) -> Observation | None:
        picture = self._moments.picture(view.camera_id, moment) if self._moments else None
        if picture is None:
            return None
        camera = self.cameras[view.camera_id]
        covered = camera.covered(picture)
        health = PictureHealth(camera.aim)
        if fault := health.judge(picture.image, covered.image):
            return blind(view, picture.wall, fault.value)
        return health.doubt(self._looker.look_back(covered, view), view)

    def _look(self, pictures: Sequence[Picture], *, recorded: bool = False) -> list[Observation]:
        reasons = [self._why_unseen(picture, recorded=recorded) for picture in pictures]
        seeing = [p for p, reason in zip(pictures, reasons, strict=True) if reason is None]
        cameras = [self.cameras[picture.camera_id] for picture in seeing]
        looked = self._looker.look([(c.covered(p), c.plan.views) for c, p in zip(cameras, seeing, strict=True)])
        looking = [(camera, view) for camera in cameras for view in camera.plan.views]
        told = [camera.doubt(o, view, recorded=recorded) for o, (camera, view) in zip(looked, looking, strict=True)]
        for picture, reason in zip(pictures, reasons, strict=True):
            if reason is not None:
                self._looker.shows_nothing(picture.camera_id)
                views = self.cameras[picture.camera_id].plan.views
                told += [blind(view, picture.wall, reason) for view in views]
        return told

    def _why_unseen(self, picture: Picture, *, recorded: bool) -> str | None:
        """Why nothing can be told from the picture; None if it can."""
        if picture.damaged:
            return DAMAGED
        fault = self.cameras[picture.camera_id].judge(picture, recorded=recorded)
        return fault.value if fault else None

    def _observe_live(self, observation: Observation, max_gap: timedelta) -> None:
        changes = self._observe(observation, max_gap)
        holes = [Span(c.at, observation.wall) for c in changes if c.reason == GAP and c.at < observation.wall]
        self.missed += [(observation.counter_id, hole) for hole in holes]

    def _observe(self, observation: Observation, max_gap: timedelta) -> list[Transition]:
        counter = self.counters.get(observation.counter_id)
        changes = counter.observe(observation, max_gap) if counter is not None else []
        self.changes.transitions += changes
        before = self.changes.watched.get(observation.camera_id, observation.wall)
        self.changes.watched[observation.camera_id] = max(before, observation.wall)
        return changes
