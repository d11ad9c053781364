"""The story of a counter: who comes, who goes, and what the platform records. Same seed, same story.

Durations below are story seconds, as in a real hall. `speed` shortens them; what comes out is real seconds after the
start.
"""

import heapq
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from ingest.simulator.cases import PlannedStep, plan_case
from ingest.simulator.catalogue import OPERATORS
from ingest.simulator.faults import Fault, FaultKind

SHIFT_S = (5400.0, 9000.0)
HAND_OVER_S = 40.0
ABSENCE_S = (600.0, 1100.0)
BETWEEN_ABSENCES_S = 3000.0
FIRST_ABSENCE_S = (500.0, 900.0)
"""Of the first counter, so that a spectator does not wait long."""
BETWEEN_CUSTOMERS_S = 200.0
SERVICE_S = (300.0, 700.0)
BACKDATED_S = 1800.0
ENTERED_LATE_S = 600.0
"""A step that is backdated is entered so long after it was done."""
UNSEEN_REAL_S = 15.0
"""From the clerk's leaving early to the next step, and from the last step to the clerk's return: clocks are trusted to
some seconds only, so a step close to either is held against nobody."""
COMPANY = (1, 2)
"""Places at a counter beside the usual one."""
_SHORTEST_GAP_REAL_S = 2.0
_SHORTEST_ABSENCE_REAL_S = 30.0


class ActKind(StrEnum):
    CLERK_COMES = "clerk_comes"
    CLERK_LEAVES = "clerk_leaves"
    CUSTOMER_COMES = "customer_comes"
    CUSTOMER_LEAVES = "customer_leaves"
    STEP = "step"


@dataclass(frozen=True)
class Act:
    """One thing that happens at one counter."""

    at_s: float
    """Real seconds after the start."""
    counter: int
    """Number of the counter, from 1."""
    kind: ActKind
    person: int = 0
    """Look of the person; for a clerk also the index into OPERATORS."""
    reason: str = ""
    step: PlannedStep | None = None
    place: int = 0
    """Of the person: 0 the usual one, others for company."""


def clerks(counter: int) -> tuple[int, int]:
    """The two who share a counter, as indices into OPERATORS."""
    first = (counter - 1) * 2 % len(OPERATORS)
    pair = first, (first + 1) % len(OPERATORS)
    return pair if counter % 2 else pair[::-1]  # so that neighbours look different


def story(seed: int, counters: int, speed: float, faults: Iterable[Fault] = ()) -> Iterator[Act]:
    """Endless, in the order of time."""
    wanted = list(faults)
    plays = (_CounterPlay(seed, number, speed, wanted).acts() for number in range(1, counters + 1))
    return heapq.merge(*map(_in_order, plays), key=lambda act: act.at_s)


def _in_order(acts: Iterable[Act]) -> Iterator[Act]:
    """What people do comes in order; steps are planned ahead and wait here for their time."""
    planned: list[tuple[float, int, Act]] = []
    for number, act in enumerate(acts):
        if act.kind is ActKind.STEP:
            heapq.heappush(planned, (act.at_s, number, act))
            continue
        while planned and planned[0][0] <= act.at_s:
            yield heapq.heappop(planned)[2]
        yield act


class _CounterPlay:
    def __init__(self, seed: int, counter: int, speed: float, faults: list[Fault]) -> None:
        self._random = random.Random(f"{seed}/{counter}")
        self._counter = counter
        self._speed = speed
        self._faults = [fault for fault in faults if fault.counter == counter]
        self._now = 0.0
        self._shift_ends = self._random.uniform(*SHIFT_S)
        self._next_absence = self._until_absence() if counter > 1 else self._random.uniform(*FIRST_ABSENCE_S)
        self._on_duty, self._off_duty = clerks(counter)
        self._visits = 0

    def acts(self) -> Iterator[Act]:
        yield self._act(ActKind.CLERK_COMES, self._on_duty, "shift")
        while True:
            self._wait(self._random.expovariate(1 / BETWEEN_CUSTOMERS_S))
            if self._now >= self._shift_ends:
                yield from self._change_shift()
            if self._take_fault(FaultKind.UNATTENDED):
                yield from self._be_absent(FaultKind.UNATTENDED.value, likely=1.0)
            elif self._take_fault(FaultKind.CROWD):
                yield from self._stand_together()
            elif self._now >= self._next_absence:
                yield from self._be_absent("absence", likely=0.5)
            yield from self._receive_customer(come=True)

    def _wait(self, story_seconds: float) -> None:
        # people need their real time to walk in and out, however fast the story
        self._now += max(story_seconds, _SHORTEST_GAP_REAL_S * self._speed)

    def _act(self, kind: ActKind, person: int, reason: str = "", place: int = 0) -> Act:
        return Act(self._now / self._speed, self._counter, kind, person, reason, place=place)

    def _company(self, kind: ActKind, person: int, reason: FaultKind) -> Iterator[Act]:
        """Two more, who look otherwise."""
        for place in COMPANY:
            yield self._act(kind, person + place, reason.value, place)

    def _long(self) -> float:
        """As long as an absence, in story seconds: what is looked for is found in it."""
        return max(self._random.uniform(*ABSENCE_S), _SHORTEST_ABSENCE_REAL_S * self._speed)

    def _visitor(self) -> int:
        """Neighbouring counters do not see the same faces at once."""
        return self._visits + 3 * self._counter

    def _until_absence(self) -> float:
        return self._now + 600 + self._random.expovariate(1 / BETWEEN_ABSENCES_S)

    def _change_shift(self) -> Iterator[Act]:
        yield self._act(ActKind.CLERK_LEAVES, self._on_duty, "shift")
        self._on_duty, self._off_duty = self._off_duty, self._on_duty
        self._wait(HAND_OVER_S)
        yield self._act(ActKind.CLERK_COMES, self._on_duty, "shift")
        self._shift_ends = self._now + self._random.uniform(*SHIFT_S)
        self._next_absence = max(self._next_absence, self._now + 600)
        self._wait(HAND_OVER_S)

    def _be_absent(self, reason: str, *, likely: float) -> Iterator[Act]:
        """`likely`, 0 to 1, a customer comes meanwhile and waits."""
        length = self._long()
        yield self._act(ActKind.CLERK_LEAVES, self._on_duty, reason)
        waits = self._random.random() < likely
        self._wait(length * 0.5)
        if waits:
            yield self._act(ActKind.CUSTOMER_COMES, self._visitor())
        self._wait(length * 0.5)
        yield self._act(ActKind.CLERK_COMES, self._on_duty, reason)
        self._next_absence = self._until_absence()
        self._wait(HAND_OVER_S)
        if waits:
            yield from self._receive_customer(come=False)
            self._wait(HAND_OVER_S)

    def _stand_together(self) -> Iterator[Act]:
        yield from self._company(ActKind.CLERK_COMES, self._on_duty, FaultKind.CROWD)
        self._wait(self._long())
        yield from self._company(ActKind.CLERK_LEAVES, self._on_duty, FaultKind.CROWD)
        self._wait(HAND_OVER_S)

    def _receive_customer(self, *, come: bool) -> Iterator[Act]:
        if come:
            yield self._act(ActKind.CUSTOMER_COMES, self._visitor())
        if queues := self._take_fault(FaultKind.QUEUE):
            yield from self._company(ActKind.CUSTOMER_COMES, self._visitor(), FaultKind.QUEUE)
        yield from self._serve(at_least=self._long() if queues else 0.0)
        if queues:
            yield from self._company(ActKind.CUSTOMER_LEAVES, self._visitor(), FaultKind.QUEUE)
        yield self._act(ActKind.CUSTOMER_LEAVES, self._visitor())
        self._visits += 1

    def _serve(self, *, at_least: float) -> Iterator[Act]:
        begin, length = self._now, max(self._random.uniform(*SERVICE_S), 4 * self._speed, at_least)
        steps = plan_case(self._random, self._counter, self._visits, self._on_duty, begin, length)
        if self._take_fault(FaultKind.BACKDATE_STEP):
            steps = [_backdated(step) if step.kind == "accept" else step for step in steps]
        if self._take_fault(FaultKind.LEAVE_EARLY):
            unseen = UNSEEN_REAL_S * self._speed
            yield from self._recorded(_entered_later(step, unseen) for step in steps)
            yield from self._walk_away(length, unseen)
        else:
            yield from self._recorded(steps)
            self._wait(length)

    def _walk_away(self, length: float, unseen: float) -> Iterator[Act]:
        """The clerk goes before the acceptance and comes back long after the last step of the visit."""
        self._wait(length * 0.3)
        yield self._act(ActKind.CLERK_LEAVES, self._on_duty, FaultKind.LEAVE_EARLY.value)
        self._wait(max(length * 0.7 + 2 * unseen, ABSENCE_S[1]))
        yield self._act(ActKind.CLERK_COMES, self._on_duty, FaultKind.LEAVE_EARLY.value)
        self._wait(HAND_OVER_S)

    def _take_fault(self, kind: FaultKind) -> bool:
        """Whether this fault is due now; each happens once."""
        for fault in self._faults:
            if fault.kind is kind and self._now >= fault.after_s * self._speed:
                self._faults.remove(fault)
                return True
        return False

    def _recorded(self, steps: Iterable[PlannedStep]) -> Iterator[Act]:
        for step in steps:
            real = step.in_real_seconds(self._speed)
            yield Act(real.known_s, self._counter, ActKind.STEP, step=real)


def _entered_later(step: PlannedStep, by: float) -> PlannedStep:
    """All but the receipt, which the clerk still enters at the counter."""
    if step.kind == "receive":
        return step
    return replace(
        step,
        true_start_s=step.true_start_s + by,
        true_end_s=step.true_end_s + by,
        stamped_start_s=step.stamped_start_s + by,
        stamped_end_s=step.stamped_end_s + by,
        known_s=step.known_s + by,
        fault=FaultKind.LEAVE_EARLY.value if step.kind == "accept" else step.fault,
    )


def _backdated(step: PlannedStep) -> PlannedStep:
    """Forgotten while the customer was there, entered late, and stamped early to be in time: before it was received."""
    earlier = min(BACKDATED_S, step.stamped_start_s)  # nothing is stamped before the story began
    return replace(
        step,
        stamped_start_s=step.stamped_start_s - earlier,
        stamped_end_s=step.stamped_end_s - earlier,
        known_s=step.known_s + ENTERED_LATE_S,
        fault=FaultKind.BACKDATE_STEP.value,
    )
