"""Scores of several zones together, and whether they reach what is asked of a detector."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analytics.against_labels import AbsencesFound, EdgesFound
from analytics.evaluation import Cost, Report, ZoneScore

ACCURACY_GOAL = 0.98
F1_GOAL = 0.97
EDGE_GOAL_S = 2.0


@dataclass(frozen=True, slots=True)
class Total:
    """Of one detector: one zone, one clip or all of them."""

    detector: str
    correct: int
    missed: int
    false: int
    unknown: int
    unknown_in_faults: int
    absences: AbsencesFound
    edges: EdgesFound
    cost: Cost

    @property
    def seconds(self) -> int:
        return self.correct + self.missed + self.false + self.unknown

    @property
    def accuracy(self) -> float | None:
        """Of what was claimed to be known; None where nothing was."""
        known = self.seconds - self.unknown
        return self.correct / known if known else None

    @property
    def unknown_share(self) -> float:
        return self.unknown / self.seconds if self.seconds else 0.0

    @property
    def goals(self) -> Mapping[str, bool | None]:
        """Accuracy, absences and edges: reached, not reached, or nothing to tell it by."""
        within = self.edges.within(EDGE_GOAL_S)
        return {
            "accuracy": None if self.accuracy is None else self.accuracy >= ACCURACY_GOAL,
            "absences": None if self.absences.f1 is None else self.absences.f1 >= F1_GOAL,
            "edges": None if within is None else within == 1.0,
        }


def total_of(scores: Sequence[ZoneScore]) -> Total:
    """Of one detector; what a clip cost counts once, however many of its zones are there."""
    costs = {score.clip: score.cost for score in scores}
    return Total(
        scores[0].detector,
        sum(score.correct for score in scores),
        sum(score.missed for score in scores),
        sum(score.false for score in scores),
        sum(score.unknown for score in scores),
        sum(score.unknown_in_faults for score in scores),
        sum((score.absences for score in scores), AbsencesFound()),
        sum((score.edges for score in scores), EdgesFound()),
        sum(costs.values(), Cost()),
    )


def totals(report: Report) -> list[Total]:
    """Of each detector, in the order in which they were asked for."""
    return [total_of(list(scores)) for scores in _by_detector(report.scores).values()]


def group_totals(report: Report) -> list[tuple[str, Total]]:
    """The same of each group of clips that has a name, such as the samples that were learned from wrong alerts."""
    groups = dict.fromkeys(score.group for score in report.scores if score.group)
    return [
        (group, total_of(scores))
        for group in groups
        for scores in _by_detector(score for score in report.scores if score.group == group).values()
    ]


def _by_detector(scores: Iterable[ZoneScore]) -> dict[str, list[ZoneScore]]:
    found: dict[str, list[ZoneScore]] = {}
    for score in scores:
        found.setdefault(score.detector, []).append(score)
    return found
