"""Plays the story on the stage at its time, and takes orders between the acts."""

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from ingest.simulator.cases import PlannedStep, plan_case
from ingest.simulator.places import counter_id
from ingest.simulator.platform import Platform, Row, row_of
from ingest.simulator.script import Act, ActKind, clerks
from ingest.simulator.stage import Stage
from ingest.simulator.truth import Truth

_FIRST_ORDERED_VISIT = 9000
"""Cases that were ordered are numbered apart from those of the story."""


class Director:
    """Acts in its own thread; orders may come from any thread. Times are seconds after `begin`."""

    def __init__(
        self,
        stage: Stage,
        platform: Platform,
        truth: Truth,
        story: Iterator[Act],
        begin: datetime,
        *,
        speed: float,
        offset: timedelta,
    ) -> None:
        """`speed` is that of the story, `offset` how far the platform's clock is ahead."""
        self._speed = speed
        self._stage = stage
        self._platform = platform
        self._truth = truth
        self._story = story
        self._begin = begin
        self._offset = offset
        self._begin_monotonic = time.monotonic() - (datetime.now(UTC) - begin).total_seconds()
        self._run_name = f"{begin:%y%m%d%H%M%S}"
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0
        self._ordered = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="director", daemon=True)

    def start(self) -> None:
        self._schedule_next_act()
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._begin_monotonic

    def schedule(self, at_s: float, action: Callable[[], object]) -> None:
        with self._changed:
            self._count += 1
            heapq.heappush(self._due, (at_s, self._count, action))
            self._changed.notify()

    def order_case(self, counter: int, seconds: float) -> list[Row]:
        """A case begins at this counter now and is served for `seconds`; the rows that the platform will push."""
        with self._changed:
            self._ordered += 1
            visit = _FIRST_ORDERED_VISIT + self._ordered
        begin, length = self.elapsed_s * self._speed, seconds * self._speed
        planned = plan_case(Random(visit), counter, visit, clerks(counter)[0], begin, length)
        steps = [step.in_real_seconds(self._speed) for step in planned]
        for step in steps:
            self.schedule(step.known_s, partial(self._record, step))
        return [self._row(step) for step in steps]

    def _run(self) -> None:
        while (action := self._next_action()) is not None:
            action()

    def _next_action(self) -> Callable[[], object] | None:
        """Waits until something is due; None when it is time to stop."""
        with self._changed:
            while not self._stopping:
                wait = self._due[0][0] - self.elapsed_s if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
            return None

    def _schedule_next_act(self) -> None:
        act = next(self._story, None)
        if act is not None:
            self.schedule(act.at_s, lambda: self._perform(act))

    def _perform(self, act: Act) -> None:
        self._schedule_next_act()
        now = datetime.now(UTC)
        match act.kind:
            case ActKind.CLERK_COMES:
                self._stage.come("staff", act.counter, act.person, act.reason, now, act.place)
            case ActKind.CLERK_LEAVES:
                self._stage.leave("staff", act.counter, act.reason, now, act.place)
            case ActKind.CUSTOMER_COMES:
                self._stage.come("customer", act.counter, act.person, act.reason, now, act.place)
            case ActKind.CUSTOMER_LEAVES:
                self._stage.leave("customer", act.counter, act.reason, now, act.place)
            case ActKind.STEP if act.step:
                self._record(act.step)

    def _record(self, step: PlannedStep) -> None:
        row = self._row(step)
        self._platform.add(row)
        self._truth.write("step", self._wall(step.true_start_s), **self._step_facts(step, row))

    def _row(self, step: PlannedStep) -> Row:
        return row_of(step, self._run_name, self._begin, self._offset)

    def _step_facts(self, step: PlannedStep, row: Row) -> dict[str, Any]:
        return {
            "case": row["case"],
            "step": row["step"],
            "kind": step.kind,
            "counter": counter_id(step.counter) if step.counter else None,
            "operator": step.operator,
            "true_start": self._wall(step.true_start_s),
            "true_end": self._wall(step.true_end_s),
            "stamped_start": row["start"],
            "stamped_end": row["end"],
            "entered": self._wall(step.known_s),
            "fault": step.fault or None,
        }

    def _wall(self, seconds: float) -> datetime:
        return self._begin + timedelta(seconds=seconds)
