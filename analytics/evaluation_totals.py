"""Scores of several zones together, and whether they reach what is asked of a detector."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analytics.against_labels import AbsencesFound, EdgesFound
from analytics.evaluation import Cost, Report, ZoneScore

ACCURACY_GOAL = 0.98
F1_GOAL = 0.97
EDGE_GOAL_S = 2.0
EXACT_EDGE_S = 1.0
"""What is said of absences that are looked for in footage; shown, and no goal of a detector."""
UNKNOWN_GOAL = 0.02
"""Of the seconds outside of labelled faults, at most: as many as may be wrong, so that a detector that says *unknown*
where it would be wrong gains nothing by it. In a labelled fault *unknown* is the right answer and has no bound."""

_NOT_ASKED = "ssd"


@dataclass(frozen=True, slots=True)
class Total:
    """Of one detector: one zone, one clip or all of them."""

    detector: str
    correct: int
    missed: int
    false: int
    unknown: int
    unknown_in_faults: int
    in_faults: int
    """Seconds in labelled faults of the picture."""
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
    def unknown_outside_faults(self) -> float | None:
        """Share of the seconds in which the picture had no labelled fault; None where there are none."""
        clear = self.seconds - self.in_faults
        return (self.unknown - self.unknown_in_faults) / clear if clear else None

    @property
    def is_asked(self) -> bool:
        """Whether the goals are asked of this detector, or it is only shown by the same measure."""
        return not self.detector.startswith(_NOT_ASKED)

    @property
    def goals(self) -> Mapping[str, bool | None]:
        """Accuracy, what is unknown, absences and edges: reached, not reached, or nothing to tell it by."""
        within, unknown = self.edges.within(EDGE_GOAL_S), self.unknown_outside_faults
        return {
            "accuracy": None if self.accuracy is None else self.accuracy >= ACCURACY_GOAL,
            "unknown": None if unknown is None else unknown <= UNKNOWN_GOAL,
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
        sum(score.in_faults for score in scores),
        sum((score.absences for score in scores), AbsencesFound()),
        sum((score.edges for score in scores), EdgesFound()),
        sum(costs.values(), Cost()),
    )


def totals(report: Report) -> list[Total]:
    """Of each detector, in the order in which they were asked for."""
    return [total_of(list(scores)) for scores in _by_detector(report.scores).values()]


def clip_totals(report: Report) -> list[tuple[str, Total]]:
    """The same of each clip, all of its zones together."""
    clips = dict.fromkeys(score.clip for score in report.scores)
    return [
        (clip, total_of(scores))
        for clip in clips
        for scores in _by_detector(score for score in report.scores if score.clip == clip).values()
    ]


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
