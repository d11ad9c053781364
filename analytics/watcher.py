"""The watcher process: many cameras, one detector, one transaction per tick."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Condition, Event, Thread
from time import monotonic

import structlog
from sqlalchemy.exc import SQLAlchemyError

from analytics.again import Look
from analytics.catch_up import CatchUp, Recorded, Recording, pace
from analytics.diary import RARE_KEYFRAMES, AnotherWatcher, Diary
from analytics.edges import Moments
from analytics.failing_looks import FailingLooks
from analytics.feeds import CameraFeed
from analytics.looker import Looker
from analytics.missed import MissedTime
from analytics.people import PersonDetector
from analytics.pictures import Picture, PictureSource
from analytics.presence import Debounce
from analytics.reanalysis import Redoing
from analytics.rhythm import is_due
from analytics.seen_score import SEEN_SCORE
from analytics.watch import Watch
from storage.database import Database
from storage.failures import Failures
from storage.intervals import Span
from storage.models.columns import JsonObject
from storage.objects import StoreError

_log = structlog.get_logger(__name__)

_WAIT_SECONDS = 0.25
_PLAN_EVERY = timedelta(seconds=3)
_WRITE_EVERY = timedelta(seconds=0.5)
_RETRY = timedelta(seconds=2)
_GUESSED_LOOK_SECONDS = 0.2
_RECORDED_BATCH = 4
"""Recorded pictures between two turns of the live ones, so that catching up never starves them."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class WatcherSettings:
    """How the watch is kept; the defaults suit a camera with a keyframe a second."""

    threshold: float = SEEN_SCORE
    """Score from which a person counts as seen, 0..1."""
    sample_seconds: float = 1.0
    recheck: timedelta = timedelta(seconds=5)
    """How long a look may stand for a crop in which nothing has moved."""
    debounce: Debounce = field(default_factory=Debounce)
    catch_up: timedelta = timedelta(hours=1)
    """How far back recorded footage is watched after a stop."""
    catch_up_budget: timedelta = timedelta(seconds=30)
    """How long catching up may take; footage is looked at more coarsely to fit."""
    node: str = "watcher-1"
    instance: str = ""
    """Where it runs, so that another one under the same name is noticed."""


class Watcher:
    """Watches every enabled camera, and follows edits to cameras, views, hours and rules."""

    def __init__(
        self,
        database: Database,
        detector: PersonDetector,
        live: Callable[[str], PictureSource],
        recorded: Recording,
        settings: WatcherSettings = WatcherSettings(),
        clock: Callable[[], datetime] = utc_now,
        again: Recorded | None = None,
        failures: Failures | None = None,
        moments: Moments | None = None,
        look_seconds: float = _GUESSED_LOOK_SECONDS,
        on_another: Callable[[], None] = lambda: None,
    ) -> None:
        """`live` opens a camera's pictures by its id; `recorded` gives those of the past.

        `again`: the same for looking again; it may raise StoreError, and is asked once more then. `failures` are this
        process's. `moments`: pictures between those, to find when exactly somebody came or went. `look_seconds`: how
        long the detector takes for a crop, as far as is known before it is seen to. `on_another`: this one watches no
        more, because another does.
        """
        self._live = live
        self._recorded = recorded
        self._settings = settings
        self._clock = clock
        self._failures = failures or Failures()
        self._looker = Looker(detector, settings.threshold, settings.recheck, goes_on=True)
        self._failing_looks = FailingLooks(self._failures)
        self._watch = Watch(self._looker, settings.debounce, moments)
        self._diary = Diary(database, detector.name, settings.node, clock(), settings.instance)
        self._on_another = on_another
        self._feeds: dict[str, CameraFeed] = {}
        self._arrived = Condition()
        self._plan_due = self._write_due = self._database_due = clock()
        self._database = database
        self._missed = MissedTime()
        self._live_from: dict[str, datetime] = {}
        self._catch_up: CatchUp | None = None
        self._look_seconds = look_seconds
        # Its own looker: what a camera showed then says nothing of what it shows now.
        self._looker_again = Looker(detector, settings.threshold, settings.recheck, goes_on=True)
        look_again = Look(
            self._looker_again,
            again or recorded,
            timedelta(seconds=settings.sample_seconds),
            settings.debounce,
            moments,
        )
        self._redoing = Redoing(database, look_again, settings.node, detector.name)
        self._stop = Event()
        self._thread = Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Waits for the last tick; the open presence rows stay open, the next watcher goes on from them."""
        self._stop.set()
        with self._arrived:
            self._arrived.notify_all()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._run_once(self._clock())
                except AnotherWatcher as problem:
                    _log.error("another_watcher", problem=str(problem))
                    self._on_another()
                    return
                except Exception:  # noqa: BLE001  (the edge of this thread: the watch must go on)
                    _log.exception("tick_failed")
                    self._stop.wait(_RETRY.total_seconds())
        finally:
            self._close()

    def _run_once(self, now: datetime) -> None:
        if is_due(now, self._plan_due, _PLAN_EVERY):
            self._unless_away(self._follow_plan, now)
        pictures = self._newest_pictures()
        now = self._clock()
        self._take(pictures, now)
        self._unless_away(self._look_at_recorded, now)
        failing = self._looker_again.failing | self._looker.failing
        if pictures or self._redoing.busy or not failing:
            self._failing_looks.tell(failing, now)
        self._watch.settle(now)
        if is_due(now, self._write_due, _WRITE_EVERY):
            self._unless_away(self._write, now)

    def _unless_away(self, step: Callable[[datetime], None], now: datetime) -> None:
        """A step that needs the database. While that is away the watch goes on by the last plan.

        What was seen meanwhile stays in the watch and is written when the database is back.
        """
        if not is_due(now, self._database_due, _RETRY):
            return
        try:
            step(now)
        except SQLAlchemyError as error:
            _log.warning("database_unavailable", error=str(error).splitlines()[0])
            self._database_due = now + _RETRY

    def _write(self, now: datetime) -> None:
        self._diary.write(self._watch, now, self._numbers())
        self._write_due = now + _WRITE_EVERY
        missed, self._watch.missed = self._watch.missed, []
        self._missed.note(missed, now)
        if not self._catch_up:
            self._missed.ask(self._database, now)

    def _look_at_recorded(self, now: datetime) -> None:
        if self._catch_up:
            self._take_recorded(self._catch_up, now)
        else:
            self._look_again(now)

    def _look_again(self, now: datetime) -> None:
        try:
            self._redoing.go_on(now, _RECORDED_BATCH)
        except StoreError as error:
            _log.warning("looking_again_waits_for_store", error=str(error).splitlines()[0])
        if not self._redoing.busy:
            self._looker_again.failing.clear()

    def _follow_plan(self, now: datetime) -> None:
        first = not self._diary.opened
        plan = self._diary.follow(self._watch, now)
        if first:
            self._begin_catch_up(now)
        for camera_id in self._feeds.keys() - plan.cameras.keys():
            self._end_feeds([camera_id])
        for camera_id in plan.cameras.keys() - self._feeds.keys():
            feed = CameraFeed(camera_id, self._live(camera_id), self._arrived, self._clock, self._failures)
            self._feeds[camera_id] = feed
            feed.start()
        self._plan_due = now + _PLAN_EVERY

    def _begin_catch_up(self, now: datetime) -> None:
        """Recorded footage first, while what live pictures tell is kept for later."""
        settings = self._settings
        earliest = now - settings.catch_up
        cursors = {c: max(at, earliest) for c, at in self._diary.cursors.items() if self._watch.sees_counters(c)}
        starts = {camera: at for camera, at in cursors.items() if now - at > settings.debounce.max_gap}
        if not starts:
            return
        looks = sum(len(self._watch.cameras[camera].plan.views) for camera in starts) / len(starts)
        finest = timedelta(seconds=settings.sample_seconds)
        span = now - min(starts.values())
        step, reach = pace(span, len(starts), self._look_seconds * looks, settings.catch_up_budget, finest)
        beyond = {camera: Span(at, now - reach + step) for camera, at in starts.items() if at < now - reach}
        self._missed.note(self._of_counters(beyond, self._watch.counters.keys()), now)
        starts = {camera: max(at, now - reach) for camera, at in starts.items()}
        _log.info("catching_up", cameras=len(starts), seconds=reach.total_seconds(), step=step.total_seconds())
        self._catch_up = CatchUp(self._recorded, starts, step, self._recorded.recorded_to, 2 * settings.catch_up_budget)
        self._watch.hold_live(self._seen_by(starts))

    def _seen_by(self, cameras: Collection[str]) -> set[str]:
        """Counters that any of these cameras looks at."""
        return {c for c, counter in self._watch.counters.items() if not counter.plan.cameras.keys().isdisjoint(cameras)}

    def _of_counters(self, spans: Mapping[str, Span], counters: Collection[str]) -> Iterator[tuple[str, Span]]:
        """Counters, and when their cameras were not watched; `spans`: of cameras."""
        for counter_id in counters & self._watch.counters.keys():
            missed = [spans[camera] for camera in self._watch.counters[counter_id].plan.cameras if camera in spans]
            if missed:
                yield counter_id, Span(min(span.start for span in missed), max(span.end for span in missed))

    def _take_recorded(self, catch_up: CatchUp, now: datetime) -> None:
        """Each counter goes on live when all of its cameras have been watched: one that is dead keeps no other back."""
        pictures = catch_up.next_pictures(now, self._live_from, _RECORDED_BATCH)
        self._watch.take_recorded(pictures, catch_up.step)
        behind = catch_up.behind_at(now)
        if done := self._watch.held - self._seen_by(behind):
            self._watch.release_live(done, catch_up.step)
            left = catch_up.left(now, self._live_from, self._usual)
            self._missed.note(self._of_counters(left, done), now)
        if not behind:
            self._catch_up = None
            _log.info("caught_up")

    def _usual(self, camera_id: str) -> timedelta:
        """How long without a picture of the camera is."""
        camera = self._watch.cameras.get(camera_id)
        return max(camera.patience, camera.patience_recorded) if camera else self._settings.debounce.max_gap

    def _take(self, pictures: list[Picture], now: datetime) -> None:
        for picture in pictures:
            self._live_from.setdefault(picture.camera_id, picture.wall)
        before, began = self._looker.looks, monotonic()
        self._watch.take_live(pictures, now)
        if looks := self._looker.looks - before:
            self._look_seconds += ((monotonic() - began) / looks - self._look_seconds) * 0.05

    def _newest_pictures(self) -> list[Picture]:
        """Of every camera that has a new one; waits a little when none has, unless there is footage to look at."""
        with self._arrived:
            pictures = self._taken()
            is_idle = not self._redoing.busy and (self._catch_up is None or self._catch_up.waits)
            if not pictures and is_idle and not self._stop.is_set():
                self._arrived.wait(_WAIT_SECONDS)
                pictures = self._taken()
        return pictures

    def _taken(self) -> list[Picture]:
        taken = (feed.take() for feed in self._feeds.values())
        return [picture for picture in taken if picture is not None]

    def _numbers(self) -> JsonObject:
        return {
            **self._failures.told(),
            "cameras": len(self._feeds),
            "counters": len(self._watch.counters),
            "looks": self._looker.looks,
            "look_ms": round(self._look_seconds * 1000, 1),
            "dropped_pictures": sum(feed.dropped for feed in self._feeds.values()),
            "catching_up": float(self._catch_up is not None),
            "looking_again": float(self._redoing.busy),
            **self._rare_keyframes(),
        }

    def _rare_keyframes(self) -> JsonObject:
        told = {camera: asdict(rare) for camera, feed in self._feeds.items() if (rare := feed.rare) is not None}
        return {RARE_KEYFRAMES: told} if told else {}

    def _close(self) -> None:
        self._end_feeds(list(self._feeds))
        try:
            self._diary.write(self._watch, self._clock(), self._numbers())
        except (SQLAlchemyError, AnotherWatcher) as error:
            _log.warning("last_tick_not_written", error=str(error).splitlines()[0])

    def _end_feeds(self, camera_ids: list[str]) -> None:
        feeds = [self._feeds.pop(camera_id) for camera_id in camera_ids]
        for feed in feeds:
            feed.signal_stop()
        for feed in feeds:
            feed.join()
