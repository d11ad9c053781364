"""Evaluation as a table of plain text cells, with what it reaches of the goals below it."""

from collections.abc import Iterator, Sequence

from analytics.evaluation import Report
from analytics.evaluation_totals import (
    ACCURACY_GOAL,
    EDGE_GOAL_S,
    EXACT_EDGE_S,
    F1_GOAL,
    UNKNOWN_GOAL,
    Total,
    clip_totals,
    group_totals,
    total_of,
    totals,
)

HEADINGS = (
    "clip",
    "zone",
    "detector",
    "seconds",
    "accuracy",
    "missed s",
    "false s",
    "unknown s",
    "of these in faults",
    "unknown elsewhere",
    "absences precision",
    "recall",
    "F1",
    f"edges ≤ {EDGE_GOAL_S:g} s",
    f"edges ≤ {EXACT_EDGE_S:g} s",
    "CPU ms per look",
    "CPU s per minute",
)


def report_rows(report: Report) -> list[tuple[str, ...]]:
    """A row for each zone, one for each clip of several zones below its own, then one for all clips of each detector,
    and one for those of each group of clips."""
    rows = list(_clip_rows(report))
    rows += [_row("all", "all", total) for total in totals(report)]
    return rows + [_row(f"all of {group}", "all", total) for group, total in group_totals(report)]


def format_report(report: Report) -> str:
    """The same as aligned lines, and a line with the goals of each detector."""
    rows = [HEADINGS, *report_rows(report)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    table = (_line(row, widths) for row in rows)
    return "\n".join([*table, "", *(_goals(total) for total in totals(report))])


def _clip_rows(report: Report) -> Iterator[tuple[str, ...]]:
    for clip, total in clip_totals(report):
        scores = [score for score in report.scores if (score.clip, score.detector) == (clip, total.detector)]
        yield from (_row(clip, score.zone, total_of([score])) for score in scores)
        if len(scores) > 1:
            yield _row(clip, "all", total)


def _row(clip: str, zone: str, total: Total) -> tuple[str, ...]:
    return (
        clip,
        zone,
        total.detector,
        str(total.seconds),
        share(total.accuracy),
        str(total.missed),
        str(total.false),
        str(total.unknown),
        str(total.unknown_in_faults),
        share(total.unknown_outside_faults),
        _three(total.absences.precision),
        _three(total.absences.recall),
        _three(total.absences.f1),
        share(total.edges.within(EDGE_GOAL_S)),
        share(total.edges.within(EXACT_EDGE_S)),
        f"{total.cost.ms_per_look:.0f}",
        f"{total.cost.s_per_minute:.1f}",
    )


def _goals(total: Total) -> str:
    figures = {
        "accuracy": f"accuracy {share(total.accuracy)} (goal: {ACCURACY_GOAL:.0%} or more)",
        "unknown": f"unknown outside of labelled faults {share(total.unknown_outside_faults)}"
        f" (at most {UNKNOWN_GOAL:.0%})",
        "absences": f"F1 of absences {_three(total.absences.f1)} ({F1_GOAL:g} or more)",
        "edges": f"edges within {EDGE_GOAL_S:g} s {share(total.edges.within(EDGE_GOAL_S))} (all)",
    }
    said = "; ".join(f"{figures[name]}: {_VERDICTS[met]}" for name, met in total.goals.items())
    return f"{total.detector}: {said}" + ("" if total.is_asked else " – not asked of this detector")


_VERDICTS = {True: "met", False: "MISSED", None: "nothing to tell it by"}


def share(part: float | None) -> str:
    return "–" if part is None else f"{part:.1%}"


def _three(part: float | None) -> str:
    return "–" if part is None else f"{part:.3f}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.ljust(width) if index < 3 else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
