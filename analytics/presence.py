"""From single observations to the state of a counter: pure, debounced, and honest about what is not known."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from analytics.contesting import Frames
from analytics.counting import MANY, CountEdge, Counting, CountingMost, HowMany
from analytics.debouncing import Debounced, Edge
from analytics.looking import MASKED, NO_ZONE, PERHAPS_SOMEBODY, Observation
from analytics.onlookers import Onlookers, Shows
from storage.models import CustomerState, StaffState

NO_SIGNAL = "no_signal"
RECORDER_SILENT = "recorder_silent"
"""Why nothing is known while no camera delivers: by their own fault, or because no recorder brings what they send."""
GAP = "gap"
"""Nobody looked for longer than is usual."""


@dataclass(frozen=True, slots=True)
class Debounce:
    """How many samples it takes to believe a change; the change is dated back to the first of them."""

    appear: int = 2
    """Somebody where nobody was: one sample is a passer-by."""
    vanish: int = 3
    """Nobody where somebody was: detectors miss people who bend down."""
    blind: int = 3
    """Pictures that tell nothing."""
    max_gap: timedelta = timedelta(seconds=5)
    """Without any sample for longer than this the state is unknown from the last one on."""


@dataclass(frozen=True, slots=True)
class Transition:
    """From `at` on the counter is in this state; `at` never goes back from one transition to the next."""

    counter_id: str
    at: datetime
    staff: StaffState
    customer: CustomerState
    confidence: float = 0.0
    reason: str = ""
    """Why the staff state is unknown."""
    after: datetime | None = None
    """The last sample that showed the staff state before; None where staff did not change or it was unknown."""
    customer_after: datetime | None = None
    """The same of the customers' state."""
    staff_count: int | None = None
    """So many people at least are in the staff zone; None where nothing is known of staff."""
    staff_most: int | None = None
    """And at most; None where nobody knows."""
    customer_count: int | None = None
    frames: Frames = ()
    """The pictures that made the staff state certain; before them the one by which it is dated, if that is another."""

    def says_the_same(self, other: "Transition") -> bool:
        return _told(self) == _told(other)


def _told(state: Transition) -> tuple[object, ...]:
    return state.staff, state.customer, state.staff_count, state.staff_most, state.customer_count


class _Counted(Enum):
    LEAST = "least"
    """Staff; so is the next."""
    MOST = "most"
    CUSTOMERS = "customers"


@dataclass(frozen=True, slots=True)
class _Number:
    """A change of one of the numbers."""

    what: _Counted
    edge: CountEdge

    @property
    def at(self) -> datetime:
        return self.edge.at


_AnyEdge = Edge[StaffState] | _Number


class CounterPresence:
    """The presence of one counter, seen by one or several cameras.

    Whatever camera sees somebody decides; nobody is there when nobody is seen in the whole staff zone, by a camera that
    shows all of it or by all cameras together (`Onlookers`); else nothing is known. Nobody waits when no camera with a
    customer zone sees anybody. The samples of all cameras between
    two samples of the same one count as a single sample, so more cameras do not make the state jumpier.
    """

    def __init__(
        self,
        counter_id: str,
        cameras: Mapping[str, Shows],
        debounce: Debounce = Debounce(),
        with_customers: Collection[str] = (),
    ) -> None:
        """`with_customers` are the cameras that show a customer zone."""
        self.counter_id = counter_id
        self._cameras = frozenset(cameras)
        self._max_gap = debounce.max_gap
        self._staff = Debounced(
            StaffState.UNKNOWN,
            {
                StaffState.STAFFED: debounce.appear,
                StaffState.UNSTAFFED: debounce.vanish,
                StaffState.UNKNOWN: debounce.blind,
            },
            contestable=StaffState.UNSTAFFED,
            contested=PERHAPS_SOMEBODY,
        )
        self._least, self._customers = (Counting(debounce.appear, debounce.vanish, debounce.blind) for _ in range(2))
        self._most = CountingMost(debounce.appear, debounce.vanish, debounce.blind)
        self._least_told: int | None = None
        """As far as it has been told: what is counted is certain sooner or later than that somebody is there."""
        self._most_told: int | None = None
        self._onlookers = Onlookers(cameras, with_customers)
        self._latest: dict[str, datetime] = {}
        self._round: dict[str, Observation] = {}
        self._last_sample: datetime | None = None
        self._confirmed: datetime | None = None
        self._state: Transition | None = None

    @property
    def confirmed_to(self) -> datetime | None:
        """The last sample that showed the state as it is; no transition will be dated before it."""
        return self._confirmed

    @property
    def state(self) -> Transition | None:
        """The state now, and since when; None before anything could be said."""
        return self._state

    def resume(self, state: Transition, watched_to: datetime) -> None:
        """Goes on from a state stored earlier, for which samples were seen until `watched_to`."""
        self._state = state
        self._staff.resume(state.staff)
        unknown = state.staff is StaffState.UNKNOWN
        self._least_told = None if unknown else state.staff_count or 0
        self._most_told = None if unknown else 0 if state.staff is StaffState.UNSTAFFED else state.staff_most or MANY
        self._least.resume(self._least_told)
        self._most.resume(self._most_told)
        self._customers.resume(0 if state.customer is CustomerState.NONE else state.customer_count)
        self._last_sample = self._confirmed = max(watched_to, state.at)

    def watch_by(self, cameras: Mapping[str, Shows], with_customers: Collection[str] = ()) -> None:
        """Other cameras from now on."""
        self._cameras = frozenset(cameras)
        self._onlookers.watch_by(cameras, with_customers)
        self._round = {camera: seen for camera, seen in self._round.items() if camera in self._cameras}

    def observe(self, observation: Observation, max_gap: timedelta | None = None) -> list[Transition]:
        """Transitions made certain by this observation; one not newer than the camera's last is ignored.

        `max_gap` replaces the usual one where recorded footage is sampled more coarsely.
        """
        camera = observation.camera_id
        if camera in self._latest and observation.wall <= self._latest[camera]:
            return []
        self._latest[camera] = observation.wall
        self._onlookers.looked(observation, max_gap or self._max_gap)
        changes: list[Transition] = []
        if camera in self._round:
            changes += self._close_round(max_gap)
        self._round[camera] = observation
        if self._cameras <= self._round.keys():
            changes += self._close_round(max_gap)
        return changes

    def judge(self, seen: Sequence[Observation], at: datetime) -> StaffState | None:
        """What looks at one moment tell of staff; None while a camera that may know otherwise is missing."""
        return self._onlookers.judge(seen, at)

    def judge_customers(self, seen: Sequence[Observation], at: datetime) -> CustomerState | None:
        """The same of customers."""
        if self._onlookers.awaits_customers(seen, at):
            return None
        return _customer_state(self._onlookers.count_customers(seen))

    def silence(self, now: datetime, reason: str, recorder_since: datetime | None = None) -> list[Transition]:
        """No camera delivers: unknown from the last sample on, once `now` is more than a gap away from it.

        Whose fault that is may be known later; the cameras' it is only since `recorder_since`, when one began to run.
        """
        if self._last_sample is None:
            return self._interrupt(now, reason) or self._blamed(reason, recorder_since)
        if now - self._last_sample <= self._max_gap:
            return []
        return self._interrupt(self._last_sample, reason) or self._blamed(reason, recorder_since)

    def stop(self, now: datetime, reason: str) -> list[Transition]:
        """Not watched any more: unknown from the last sample on."""
        return self._interrupt(self._last_sample or now, reason)

    def _close_round(self, max_gap: timedelta | None) -> list[Transition]:
        seen, self._round = list(self._round.values()), {}
        at = max(observation.wall for observation in seen)
        last, self._last_sample = self._last_sample, max(at, self._last_sample or at)
        if last is None:
            return self._sample(at, seen)
        if at <= last:
            return []
        lost = self._interrupt(last, GAP) if at - last > (max_gap or self._max_gap) else []
        return lost + self._sample(at, seen)

    def _sample(self, at: datetime, seen: list[Observation]) -> list[Transition]:
        staff, awaited = self._onlookers.judge(seen, at), self._onlookers.awaits_customers(seen, at)
        customers = self._onlookers.count_customers(seen)
        numbers = [] if self._onlookers.awaits(seen, at) else self._count_staff(self._onlookers.count(seen), at)
        if not awaited:
            numbers.append(_number(_Counted.CUSTOMERS, self._customer_edge(customers, at, seen)))
        changes = self._apply(self._staff_edge(staff, at, seen), numbers)
        if staff is self._staff.value and not awaited and bool(customers) is bool(self._customers.value):
            sure = min(at, *(each.sure_to or at for each in (self._least, self._most, self._customers)))
            self._confirmed = max(sure, self._confirmed or sure)
        return changes

    def _staff_edge(self, staff: StaffState | None, at: datetime, seen: list[Observation]) -> Edge[StaffState] | None:
        if staff is None:
            return None
        confidence = max((o.confidence for o in seen if o.staff_count is not None), default=0.0)
        unheard_since = self._onlookers.unheard_since(seen)
        if staff is StaffState.UNKNOWN and unheard_since is not None:
            at = self._noticed_late(unheard_since)
        perhaps = staff is StaffState.UNKNOWN and any(o.staff_perhaps for o in seen)
        return self._staff.add(staff, at, confidence, _why_unknown(seen), frames_of(seen), perhaps=perhaps)

    def _customer_edge(self, count: int | None, at: datetime, seen: list[Observation]) -> CountEdge | None:
        unheard_since = self._onlookers.customers_unheard_since(seen)
        if count is None and unheard_since is not None:
            at = self._noticed_late(unheard_since)
        return self._customers.add(count, at)

    def _count_staff(self, seen: HowMany | None, at: datetime) -> list["_Number | None"]:
        return [
            _number(_Counted.LEAST, self._least.add(seen.least if seen else None, at)),
            _number(_Counted.MOST, self._most.add(seen.most if seen else None, at)),
        ]

    def _noticed_late(self, last_look: datetime) -> datetime:
        """From when on a camera is missing that sends nothing any more."""
        return max(last_look, self._confirmed or last_look)

    def _interrupt(self, at: datetime, reason: str) -> list[Transition]:
        self._round = {}
        staff = self._staff.interrupt(at, reason)
        counted = ((_Counted.LEAST, self._least), (_Counted.MOST, self._most), (_Counted.CUSTOMERS, self._customers))
        return self._apply(staff, [_number(what, counting.interrupt(at)) for what, counting in counted])

    def _blamed(self, reason: str, recorder_since: datetime | None) -> list[Transition]:
        state = self._state
        if state is None or (state.reason, reason) != (RECORDER_SILENT, NO_SIGNAL):
            return []
        self._state = replace(state, at=max(state.at, recorder_since or state.at), reason=reason, after=None)
        return [self._state]

    def _apply(self, staff: Edge[StaffState] | None, numbers: Sequence[_Number | None]) -> list[Transition]:
        edges: list[_AnyEdge | None] = [staff, *numbers]
        changes: list[Transition] = []
        for edge in sorted((edge for edge in edges if edge is not None), key=lambda edge: edge.at):
            after = self._after(edge)
            if self._state and after.says_the_same(self._state):
                continue
            if changes and changes[-1].at == after.at:
                replaced = changes.pop()
                customer_after = after.customer_after or replaced.customer_after
                after = replace(after, after=after.after or replaced.after, customer_after=customer_after)
            self._state = after
            changes.append(after)
        return changes

    def _after(self, edge: _AnyEdge) -> Transition:
        unseen = Transition(self.counter_id, edge.at, StaffState.UNKNOWN, CustomerState.UNKNOWN)
        before = self._state or unseen
        # An edge of one dimension can be dated before one of the other that has been told already.
        at = max(edge.at, before.at)
        if isinstance(edge, _Number):
            return self._counted(edge, replace(before, at=at, after=None, customer_after=None))
        least, most = self._staff_counts(edge.value)
        return replace(
            before,
            at=at,
            staff=edge.value,
            staff_count=least,
            staff_most=most,
            confidence=edge.confidence,
            reason=edge.reason,
            after=edge.after,
            customer_after=None,
            frames=edge.frames,
        )

    def _counted(self, number: _Number, before: Transition) -> Transition:
        count = number.edge.count
        if number.what is _Counted.CUSTOMERS:
            # Nothing is dated before what was confirmed, also by a sample that told nothing of customers.
            seen = number.edge.after and max(number.edge.after, self._confirmed or number.edge.after)
            return replace(before, customer=_customer_state(count), customer_count=count, customer_after=seen)
        if number.what is _Counted.LEAST:
            self._least_told = count
        else:
            self._most_told = count
        least, most = self._staff_counts(before.staff)
        return replace(before, staff_count=least, staff_most=most)

    def _staff_counts(self, staff: StaffState) -> tuple[int | None, int | None]:
        """Never at odds with the state: somebody is one at least, and of what is unknown there is no number."""
        if staff is StaffState.UNSTAFFED:
            return 0, 0
        if staff is StaffState.UNKNOWN:
            return None, None
        least = self._least_told or 1
        return least, None if self._most_told in (None, MANY) else max(least, self._most_told or 0)


def _number(what: _Counted, edge: CountEdge | None) -> _Number | None:
    return _Number(what, edge) if edge else None


def _why_unknown(seen: Iterable[Observation]) -> str:
    """Of a round that tells nothing of staff; a camera that is missing from it sent nothing.

    The reason of one where somebody may be comes first: by it a round is unknown whatever the others show.
    """
    told = sorted((o for o in seen if o.reason), key=lambda o: (not o.staff_perhaps, o.reason in (NO_ZONE, MASKED)))
    return told[0].reason if told else NO_SIGNAL


def frames_of(seen: Iterable[Observation]) -> Frames:
    return tuple(sorted((o.camera_id, o.wall.isoformat()) for o in seen))


def _customer_state(count: int | None) -> CustomerState:
    if count is None:
        return CustomerState.UNKNOWN
    return CustomerState.WAITING if count else CustomerState.NONE
