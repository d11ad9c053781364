"""Evaluation as a table of plain text cells."""

from collections.abc import Sequence

from analytics.evaluation import Report
from analytics.evaluation_totals import EDGE_GOAL_S, Total, group_totals, total_of, totals

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
    "absences F1",
    f"edges ≤ {EDGE_GOAL_S:g} s",
    "CPU ms per look",
    "CPU s per minute",
)


def report_rows(report: Report) -> list[tuple[str, ...]]:
    """A row for each zone, then one for all zones of each detector, and one for those of each group of clips."""
    rows = [_row(score.clip, score.zone, total_of([score])) for score in report.scores]
    rows += [_row("all", "all", total) for total in totals(report)]
    return rows + [_row(f"all of {group}", "all", total) for group, total in group_totals(report)]


def format_report(report: Report) -> str:
    """The same as aligned lines."""
    rows = [HEADINGS, *report_rows(report)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(_line(row, widths) for row in rows)


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
        "–" if total.absences.f1 is None else f"{total.absences.f1:.3f}",
        share(total.edges.within(EDGE_GOAL_S)),
        f"{total.cost.ms_per_look:.0f}",
        f"{total.cost.s_per_minute:.1f}",
    )


def share(part: float | None) -> str:
    return "–" if part is None else f"{part:.1%}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.ljust(width) if index < 3 else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
