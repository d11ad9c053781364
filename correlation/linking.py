"""Keeps the footage of every step and every absence: links what is new, and again what may have changed."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sqlmodel import Session

from correlation import basis
from correlation.links import Link, write
from correlation.marks import unsettle_counter, unsettle_expired
from correlation.moved import LookedAgain
from correlation.moved import on_moved as moved
from correlation.names import resolve_counters, resolve_departments
from correlation.newcomers import LateFootage
from correlation.resolve import Moment, Resolution, Seen, moment, resolve, unmapped
from correlation.targets import Picked, Picker, Target, load, views_of
from correlation.windows import windows
from storage.database import Database
from storage.footage import NOT_YET, Coverage
from storage.intervals import Span
from storage.models import Outcome

LEAD_IN = timedelta(seconds=5)
LEAD_OUT = timedelta(seconds=10)
LONGEST = timedelta(hours=2)
"""A clip is no longer; of a longer step or absence it shows the beginning."""

SETTLE_AFTER = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(days=1)
"""Footage of an older span is not waited for; if it comes nevertheless, it is noticed."""

_BATCH = 400
_LIMIT = 6_000
_BRIDGE = timedelta(minutes=5)  # thirty segments more cost less than one query more
_LONGEST_WINDOW = timedelta(hours=4)


def on_moved(session: Session, camera_id: str, counters: Collection[str], spans: Sequence[Span]) -> None:
    """Footage was moved to another time in this transaction: what it was linked to is linked anew, and examined."""
    moved(session, camera_id, counters, spans, LONGEST + LEAD_IN + LEAD_OUT)


class CoverageSource(Protocol):
    """What linking needs to know of footage; `storage.footage.Footage` is one."""

    def coverage(self, session: Session, camera_id: str, start: datetime, end: datetime) -> Coverage: ...


class Linker:
    """One per process; several processes wait for each other."""

    def __init__(
        self,
        database: Database,
        footage: CoverageSource,
        lead_in: timedelta = LEAD_IN,
        lead_out: timedelta = LEAD_OUT,
    ) -> None:
        self._database = database
        self._footage = footage
        self._lead_in = lead_in
        self._lead_out = lead_out
        self._looked_again = LookedAgain()
        self._late = LateFootage(SETTLE_AFTER, LONGEST + lead_in + lead_out)
        self._picker = Picker()

    def run_once(self, now: datetime) -> int:
        """Links what is new, unsettled or changed, a bounded number of them; returns how many links it wrote."""
        self._notice_changes(now)
        written = 0
        while written < _LIMIT:
            with self._database.transaction() as session:
                picked = self._picker.pick(session, now, _BATCH)
            if not len(picked):
                break
            written += self._link(picked, now)
        return written

    def on_expired(self, session: Session, camera_id: str, spans: Sequence[Span]) -> None:
        """Footage was deleted in this transaction: what it was linked to is linked anew."""
        basis.lock(session)
        for span in spans:
            unsettle_expired(session, camera_id, span, LONGEST + self._lead_in + self._lead_out)

    def _notice_changes(self, now: datetime) -> None:
        with self._database.transaction() as session:
            before = basis.remembered(session)
            changed = basis.changed(before, basis.current(session))
            late = self._late.look(session, before, now)
            again = self._looked_again.look(session, before, now)
        if not changed and not late and not again and LookedAgain.KEY in before:
            return
        with self._database.transaction() as session:
            basis.lock(session)
            for key in changed:
                _apply_change(session, key)
            late.unsettle(session)
            told = self._looked_again.take_in(session, again, now)
            basis.remember(session, {**changed, **late.cursors, **told}, before)

    def _link(self, picked: Picked, now: datetime) -> int:
        with self._database.transaction() as session:
            basis.lock(session)
            targets = load(session, picked, now)
            write(session, self._links(session, targets, now), now)
        return len(targets)

    def _links(self, session: Session, targets: list[Target], now: datetime) -> list[Link]:
        views = views_of(session, frozenset(t.counter_id for t in targets if t.counter_id))
        moments = [self._moment(target) for target in targets]
        wanted = [
            (number, view.camera_id, moments[number].clip)
            for number, target in enumerate(targets)
            for view in views.get(target.counter_id or "", ())
            if view.within(moments[number].clip)
        ]
        coverage = self._coverage(session, wanted)
        return [
            _link(target, moments[number], views.get(target.counter_id or "", []), coverage[number], now)
            for number, target in enumerate(targets)
        ]

    def _moment(self, target: Target) -> Moment:
        lead_out = timedelta(0) if target.lasting else self._lead_out
        return moment(target.start, target.end, self._lead_in, lead_out, LONGEST)

    def _coverage(self, session: Session, wanted: list[tuple[int, str, Span]]) -> dict[int, dict[str, Coverage]]:
        """Coverage by number of the target and camera, asked for in few windows."""
        by_camera: dict[str, list[tuple[int, Span]]] = defaultdict(list)
        for number, camera_id, span in wanted:
            by_camera[camera_id].append((number, span))
        found: dict[int, dict[str, Coverage]] = defaultdict(dict)
        for camera_id, clips in by_camera.items():
            for window, inside in windows([span for _, span in clips], _BRIDGE, _LONGEST_WINDOW):
                there = self._footage.coverage(session, camera_id, window.start, window.end)
                for position in inside:
                    found[clips[position][0]][camera_id] = there
        return found


def _link(target: Target, wanted: Moment, views: list[Seen], coverage: dict[str, Coverage], now: datetime) -> Link:
    found = unmapped(target.without_counter) if target.without_counter else resolve(wanted, views, coverage)
    return Link(target, wanted, found, settled=_settled(target, wanted, found, coverage, now))


def _settled(target: Target, wanted: Moment, found: Resolution, coverage: dict[str, Coverage], now: datetime) -> bool:
    """Whether nothing can be expected to change any more."""
    if target.lasting:
        return False
    age = now - wanted.clip.end
    if found.outcome in (Outcome.CLIP, Outcome.UNMAPPED) or age >= GIVE_UP_AFTER:
        return True
    pending = any(
        part.cause == NOT_YET and part.start < wanted.clip.end for there in coverage.values() for part in there.missing
    )
    return age >= SETTLE_AFTER and not pending


def _apply_change(session: Session, key: str) -> None:
    kind, _, name = key.partition(":")
    if kind == "source":
        resolve_counters(session, name)
    elif kind == "counter":
        unsettle_counter(session, name)
    elif kind == "departments":
        resolve_departments(session)
