"""One visit makes one case; its steps are known by their true times and by what the platform will say."""

import random
from dataclasses import dataclass, replace

from ingest.simulator.catalogue import APPLICANTS, ITEMS, OPERATORS, REVIEWERS, ItemEntry

KEY_LAG_S = (10.0, 90.0)
"""Story seconds from the act to the key press."""
REVIEW_S = (1200.0, 4800.0)
NAMES = {"receive": "收件", "accept": "受理", "review": "审核", "decide": "决定", "close": "办结", "deliver": "送达"}


@dataclass(frozen=True)
class PlannedStep:
    """Times are seconds after the start of the story."""

    case: str
    """Unique within a run, e.g. 2-0007."""
    kind: str
    operator: str
    counter: int | None
    """None: in a back office that no camera sees."""
    item: ItemEntry
    applicant: str
    true_start_s: float
    true_end_s: float
    stamped_start_s: float
    stamped_end_s: float
    known_s: float
    """When the platform has it and may push it."""
    fault: str = ""

    @property
    def name(self) -> str:
        return NAMES[self.kind]

    def in_real_seconds(self, speed: float) -> "PlannedStep":
        return replace(
            self,
            true_start_s=self.true_start_s / speed,
            true_end_s=self.true_end_s / speed,
            stamped_start_s=self.stamped_start_s / speed,
            stamped_end_s=self.stamped_end_s / speed,
            known_s=self.known_s / speed,
        )


def plan_case(
    source: random.Random, counter: int, visit: int, clerk: int, begin: float, length: float
) -> list[PlannedStep]:
    """The steps of the case of a visit that is served for `length` story seconds from `begin` on."""
    case = _CasePlan(source, counter, visit, OPERATORS[clerk])
    case.at_counter("receive", begin, begin + 0.35 * length)
    if case.item.at_once:
        case.at_counter("accept", begin + 0.35 * length, begin + 0.6 * length)
        case.at_counter("decide", begin + 0.6 * length, begin + 0.7 * length)
        case.at_counter("close", begin + 0.7 * length, begin + 0.8 * length)
        case.at_counter("deliver", begin + 0.8 * length, begin + length)
    else:
        case.at_counter("accept", begin + 0.35 * length, begin + 0.85 * length)
        case.in_back_office(begin + length)
    return case.steps


class _CasePlan:
    def __init__(self, source: random.Random, counter: int, visit: int, operator: str) -> None:
        self._random = source
        self._counter = counter
        self._case = f"{counter}-{visit + 1:04d}"
        self._operator = operator
        self._applicant = source.choice(APPLICANTS)
        self.item = source.choice(ITEMS)
        self.steps: list[PlannedStep] = []

    def at_counter(self, kind: str, start: float, end: float) -> None:
        """The key is pressed some time into the act, but before the next one ends."""
        lag = min(self._random.uniform(*KEY_LAG_S), 0.6 * (end - start))
        stamped_start = start + lag
        self._add(kind, self._operator, self._counter, (start, end), (stamped_start, max(stamped_start, end)))

    def in_back_office(self, after: float) -> None:
        for kind in ("review", "decide", "close"):
            begin = after + self._random.uniform(60, 600)
            after = begin + (self._random.uniform(*REVIEW_S) if kind == "review" else self._random.uniform(30, 300))
            self._add(kind, self._random.choice(REVIEWERS), None, (begin, after), (begin, after))

    def _add(
        self, kind: str, operator: str, counter: int | None, true: tuple[float, float], stamped: tuple[float, float]
    ) -> None:
        step = PlannedStep(
            case=self._case,
            kind=kind,
            operator=operator,
            counter=counter,
            item=self.item,
            applicant=self._applicant,
            true_start_s=true[0],
            true_end_s=true[1],
            stamped_start_s=stamped[0],
            stamped_end_s=stamped[1],
            known_s=max(true[1], stamped[1]),
        )
        self.steps.append(step)
