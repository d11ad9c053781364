"""Between the watch and the database: reads what to watch, writes what was seen, one transaction each."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from analytics.absence import FoundAbsence
from analytics.announced import AnnouncedDays
from analytics.counters import needed_since
from analytics.covers import excuses, paired_with
from analytics.leapt_over import LeaptOver, kept_of
from analytics.plan import CounterPlan, KnownAims, WatchPlan, load_plan
from analytics.recording import (
    Resumed,
    end_unwatched,
    lasting_faults,
    raise_fault_alerts,
    read_cursors,
    resumed_presence,
    write_absences,
    write_aims,
    write_cursors,
    write_faults,
    write_transitions,
)
from analytics.rhythm import is_due
from analytics.taken_back import forget_said_twice, was_taken_back
from analytics.watch import MAX_LAG, Changes, Watch
from storage.database import Database
from storage.hours import HallHours
from storage.intervals import Span
from storage.load import process_load
from storage.models import ACCUSING, EventKind, Node, Reanalysis
from storage.models.columns import JsonObject

_HEARTBEAT = timedelta(seconds=3)
_MOMENT = timedelta(microseconds=1)

_LATELY = timedelta(minutes=2)
"""What was committed while the plan was read is found with the next."""

_EVIDENCE_EVERY = timedelta(seconds=30)
"""How far the stored evidence of an absence that lasts may be behind."""

_AHEAD = timedelta(days=2)
"""So far beyond now it is told who covers."""

SLOW_CAMERAS = "slow_cameras"
"""In the detail of the watcher's node: seconds from one picture to the next, by camera, of those that are slow."""

RARE_KEYFRAMES = "rare_keyframes"
"""There, too: what RareKeyframes says, by camera."""

_News = tuple[int | None, bool]
"""A span that is looked at again, and whether it has been."""

Known = tuple[tuple[EventKind, int | None, datetime, datetime | None, bool, int, int], ...]
"""Absences as they were written last: kind, how many were seen, start, end, whether a customer waited, how much they
rest on."""


class AnotherWatcher(Exception):
    """Another watcher watches on this database under the same name."""

    def __init__(self, instance: str) -> None:
        super().__init__(
            f"another watcher ({instance}) watches on this database; stop one of the two, and give each site a database"
            " of its own"
        )


class Diary:
    """What the watch does with the database. Raises SQLAlchemyError; nothing is lost, the next write repeats it."""

    def __init__(self, database: Database, source: str, node: str, started: datetime, instance: str = "") -> None:
        """`source` is stored beside presence: the detector; `node` names this process, and `instance` where it runs."""
        self.opened = False
        """Whether the plan has been read once."""
        self.cursors: dict[str, datetime] = {}
        """Up to where each camera had been watched when this watcher started."""
        self._database = database
        self._source = source
        self._node = node
        self._instance = instance
        self._started = self._beaten = started
        """When this process began, and when the one before it was last alive."""
        self._written: dict[str, Known] = {}
        self._heartbeat_due = started
        self._aims: KnownAims = {}
        self._hours: Mapping[str, HallHours] = {}
        self._heard: set[_News] = set()
        self._announced = AnnouncedDays()
        self._leapt_over = LeaptOver()
        self._slow: dict[str, timedelta] = {}
        """How far apart the pictures of cameras came before a restart, of those that are slow."""

    def follow(self, watch: Watch, now: datetime) -> WatchPlan:
        """Lets the watch follow the tables; what is watched newly goes on from what is stored of it."""
        with self._database.transaction() as session:
            plan = load_plan(session, now, known_aims=self._aims)
            if not self.opened:
                self.cursors = read_cursors(session)
                before = session.exec(select(Node).where(Node.name == self._node)).first()
                self._beaten = before.heartbeat if before else now
                detail = before.detail if before else {}
                self._announced.resume(detail, plan.counters, now)
                self._leapt_over.resume(watch.said_twice, detail, self._beaten, now)
                self._slow = {c: timedelta(seconds=apart) for c, apart in detail.get(SLOW_CAMERAS, {}).items()}
            if not self.opened or watch.cameras.keys() - plan.cameras or watch.counters.keys() - plan.counters:
                end_unwatched(session, plan, now)
            written_again, heard = self._written_again(session, watch, now)
            rewritten = _rewritten(session, watch, plan) | written_again
            new_cameras = plan.cameras.keys() - watch.cameras
            new_counters = plan.counters.keys() - (watch.counters.keys() - rewritten)
            faults = {camera_id: lasting_faults(session, camera_id) for camera_id in new_cameras}
            cursors = {**read_cursors(session), **watch.changes.watched} if rewritten else {}
            watched_to = {
                c: _watched_to(plan.counters[c], cursors if c in rewritten else self.cursors) for c in new_counters
            }
            states = {c: _resumed(session, plan.counters[c], watched_to[c], now) for c in new_counters}
        # Not before the transaction has ended: what failed is read again, and said then.
        self._hours, self._heard = plan.hours, heard
        watch.forget(rewritten)
        watch.follow(plan, now)
        for camera_id, kinds in faults.items():
            watch.cameras[camera_id].resume(kinds, self._slow.pop(camera_id, timedelta(0)))
        for counter_id, resumed in states.items():
            if resumed is not None:
                until = watched_to[counter_id] or resumed.state.at
                watch.counters[counter_id].resume(resumed.history, resumed.state, until)
                if until > now + MAX_LAG:
                    watch.stop_until_then(counter_id, now)
                    watch.said_twice.resume(now if self.opened else min(self._beaten, now), until)
        self._excuse(watch, now)
        self.opened = True
        return plan

    def _excuse(self, watch: Watch, now: datetime) -> None:
        since = {counter_id: counter.since for counter_id, counter in watch.counters.items()}
        spans = {counter_id: Span(start, now + _AHEAD) for counter_id, start in since.items() if start is not None}
        with self._database.transaction() as session:
            found = excuses(session, spans)
        for counter_id, excused in found.items():
            watch.counters[counter_id].excuses = excused

    def _written_again(self, session: Session, watch: Watch, now: datetime) -> tuple[set[str], set[_News]]:
        """Counters of whose past something else is said than is remembered: it was taken back, or looked at again.

        And what there is of such news.
        """
        lately = or_(col(Reanalysis.asked_at) > now - _LATELY, col(Reanalysis.done_at) > now - _LATELY)
        rows = session.exec(select(Reanalysis).where(lately, col(Reanalysis.counter_id).in_(watch.counters))).all()
        news = {(row.id, row.done_at is not None): row for row in rows}
        unheard = [row for news_of, row in news.items() if news_of not in self._heard]
        remembered = ((row, watch.counters[row.counter_id].since) for row in unheard)
        return {row.counter_id for row, first in remembered if first is not None and row.end >= first}, set(news)

    def write(self, watch: Watch, now: datetime, numbers: JsonObject) -> None:
        """Everything that has changed since the last call, and every few seconds a sign of life.

        Raises AnotherWatcher where that is given from elsewhere.
        """
        found = {counter_id: counter.absences() for counter_id, counter in watch.counters.items()}
        changed = {c: absences for c, absences in found.items() if self._written.get(c) != _known(absences)}
        heartbeat = is_due(now, self._heartbeat_due, _HEARTBEAT)
        changes = watch.changes
        if not (changes.transitions or changes.faults or changed or heartbeat):
            return
        written: dict[str, Known] = {}
        waiting: set[str] = set()
        with self._database.transaction() as session:
            write_transitions(session, changes.transitions, self._source)
            write_faults(session, changes.faults)
            # Of what was judged anew since it was read the watch knows nothing yet: it would begin it once more.
            stale = self._written_again(session, watch, now)[0] if changed else set()
            for counter_id, absences in changed.items():
                if counter_id in stale:
                    continue
                unsure, sure = self._write_absences(session, watch, counter_id, absences, now)
                written[counter_id] = _known(sure)
                waiting |= {counter_id} if unsure else set()
            write_cursors(session, changes.watched)
            write_aims(session, changes.aims)
            if heartbeat or changes.faults:
                self._raise_alerts(session, watch, now)
            if heartbeat:
                self._forget_said_twice(session, watch, now)
                asked = self._leapt_over.ask(session, watch.said_twice, watch.seen_ahead.keys() & watch.counters, now)
                judged = self._announced.judge_some(session, now)
                kept = self._announced.detail | kept_of(watch.said_twice, asked) | _kept(watch.slow)
                self._beat(session, now, kept | numbers)
                self._heartbeat_due = now + _HEARTBEAT
        watch.changes = Changes()
        if heartbeat:
            watch.said_twice.written(now)
            self._leapt_over.asked(asked)
            self._announced.judged(judged)
        self._written |= written
        for counter_id in watch.counters.keys() - waiting - stale:
            watch.counters[counter_id].forget_settled()

    def _write_absences(
        self, session: Session, watch: Watch, counter_id: str, found: list[FoundAbsence], now: datetime
    ) -> tuple[list[FoundAbsence], list[FoundAbsence]]:
        """Returns those that may still turn out to be covered, and those that are written.

        Before anybody is accused it is asked once more who covers; and whether the clerk of a paired counter was there
        is known with that counter's next samples.
        """
        counter, before = watch.counters[counter_id], self._written.get(counter_id, ())
        if counter.since and _accusing_beside(before, found):
            counter.excuses = excuses(session, {counter_id: Span(counter.since, now + _AHEAD)})[counter_id]
            found = counter.absences()
        begun = _accusing_beside(before, found)
        unsure = [absence for absence in begun if _may_be_covered(session, watch, counter_id, absence.due)]
        hall_id = counter.plan.hall_id
        write_absences(session, hall_id, counter_id, found, now, excuses=counter.excuses, unsure=unsure)
        return unsure, [absence for absence in found if absence not in unsure]

    def _raise_alerts(self, session: Session, watch: Watch, now: datetime) -> None:
        halls = {camera_id: camera.plan.hall_id for camera_id, camera in watch.cameras.items()}
        open_halls = {hall_id for hall_id, hours in self._hours.items() if hours.judged(now, now + _MOMENT)}
        raise_fault_alerts(session, halls, open_halls, now)

    def _forget_said_twice(self, session: Session, watch: Watch, now: datetime) -> None:
        for span in watch.said_twice.spans(now):
            for counter_id, until in watch.seen_ahead.items():
                if span.start < until:
                    said = Span(span.start, min(span.end, until))
                    forget_said_twice(session, counter_id, said, now, self._source)

    def _beat(self, session: Session, now: datetime, numbers: JsonObject) -> None:
        detail: JsonObject = {"detector": self._source, "instance": self._instance, **numbers, **process_load()}
        node = session.exec(select(Node).where(col(Node.name) == self._node)).first()
        holder = node.detail.get("instance") if node else None
        if holder and holder != self._instance:
            raise AnotherWatcher(holder)
        if node is None:
            node = Node(name=self._node, role="watcher", started_at=self._started, heartbeat=now)
            session.add(node)
        node.started_at, node.heartbeat, node.detail = self._started, now, detail


def _rewritten(session: Session, watch: Watch, plan: WatchPlan) -> set[str]:
    """Counters whose views were changed for the past, so that the stored presence is not what is remembered of it."""
    changed = [
        c for c in watch.counters.keys() & plan.counters if watch.counters[c].plan.views != plan.counters[c].views
    ]
    since = {counter_id: watch.counters[counter_id].since for counter_id in changed}
    return {c for c, start in since.items() if start is not None and was_taken_back(session, c, start)}


def _watched_to(counter: CounterPlan, cursors: Mapping[str, datetime]) -> datetime | None:
    return max((cursors[camera] for camera in counter.cameras if camera in cursors), default=None)


def _resumed(session: Session, counter: CounterPlan, watched_to: datetime | None, now: datetime) -> Resumed | None:
    since = needed_since(counter, min(watched_to, now)) if watched_to else None
    return resumed_presence(session, counter.counter_id, counter.rule, since)


def _kept(slow: Mapping[str, timedelta]) -> JsonObject:
    """To be kept beside the node's sign of life: seconds from one picture to the next."""
    return (
        {SLOW_CAMERAS: {camera_id: apart.total_seconds() for camera_id, apart in sorted(slow.items())}} if slow else {}
    )


def _accusing_beside(written: Known, found: Iterable[FoundAbsence]) -> list[FoundAbsence]:
    """Those that are not among the written ones."""
    known = {(kind, start) for kind, _, start, *_ in written}
    return [a for a in found if a.kind in ACCUSING and (a.kind, a.start) not in known]


def _may_be_covered(session: Session, watch: Watch, counter_id: str, until: datetime) -> bool:
    """Whether it is not known yet of every paired counter that was empty how it went on."""
    paired = [watch.counters[c] for c in paired_with(session, counter_id, until) if c in watch.counters]
    return any(other.empty_to is not None and other.empty_to < until for other in paired)


def _known(absences: Iterable[FoundAbsence]) -> Known:
    return tuple(
        (a.kind, a.people_seen, a.start, a.end, a.customer_waiting, len(a.spans), _length(a) // _EVIDENCE_EVERY)
        for a in absences
    )


def _length(absence: FoundAbsence) -> timedelta:
    """Of the time it rests on so far."""
    return sum((span.end - span.start for span in absence.spans if span.end), timedelta())
