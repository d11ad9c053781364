"""Evaluation as a table of plain text cells."""

from collections.abc import Iterable, Sequence

from analytics.evaluation import Report, ZoneScore

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
    "CPU ms per look",
)


def report_rows(report: Report) -> list[tuple[str, ...]]:
    """A row for each zone, then one for all zones of each detector."""
    rows = [_row(score.clip, score.zone, [score]) for score in report.scores]
    for detector in dict.fromkeys(score.detector for score in report.scores):
        rows.append(_row("all", "all", [score for score in report.scores if score.detector == detector]))
    return rows


def format_report(report: Report) -> str:
    """The same as aligned lines."""
    rows = [HEADINGS, *report_rows(report)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(clip: str, zone: str, scores: Sequence[ZoneScore]) -> tuple[str, ...]:
    unknown = _total(score.unknown for score in scores)
    known = _total(score.seconds for score in scores) - unknown
    correct = _total(score.correct for score in scores)
    return (
        clip,
        zone,
        scores[0].detector,
        str(known + unknown),
        f"{correct / known:.1%}" if known else "–",
        str(_total(score.missed for score in scores)),
        str(_total(score.false for score in scores)),
        str(unknown),
        str(_total(score.unknown_in_faults for score in scores)),
        f"{sum(score.cpu_ms_per_look for score in scores) / len(scores):.0f}",
    )


def _total(numbers: Iterable[int]) -> int:
    return sum(numbers)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.ljust(width) if index < 3 else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
