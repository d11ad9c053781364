"""How much of each day was recorded, and how much is missing for which cause: pure, from what is covered."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from storage.footage import NOT_BEGUN, NOT_YET, Coverage, Missing
from storage.intervals import Span, lengths_in

OUTSIDE = frozenset({NOT_BEGUN, NOT_YET})
"""Nobody could have recorded then: such time neither counts for a camera nor against it."""


@dataclass(frozen=True, slots=True)
class Density:
    """Of one camera on one day, as far as the day has come; together its parts are all of that time."""

    recorded: timedelta
    missing: Mapping[str, timedelta]
    """By cause, as in Missing."""

    @property
    def share(self) -> float | None:
        """Of the time in which there could have been footage; None if there was no such time."""
        lacking = sum((length for cause, length in self.missing.items() if cause not in OUTSIDE), timedelta())
        wanted = self.recorded + lacking
        return self.recorded / wanted if wanted else None


def densities(coverage: Coverage, days: Sequence[Span]) -> tuple[Density, ...]:
    """One for each of the days, which must follow one another."""
    recorded: Counter[int] = Counter()
    missing: list[Counter[str]] = [Counter() for _ in days]
    for number, length_us in lengths_in(coverage.covered, days):
        recorded[number] += length_us
    holes: defaultdict[str, list[Missing]] = defaultdict(list)
    for hole in coverage.missing:
        holes[hole.cause].append(hole)
    for cause, some in holes.items():
        for number, length_us in lengths_in(some, days):
            missing[number][cause] += length_us
    return tuple(
        Density(timedelta(microseconds=recorded[number]), {c: timedelta(microseconds=us) for c, us in causes.items()})
        for number, causes in enumerate(missing)
    )
