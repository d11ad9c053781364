"""Evaluation for a program: what the table and the page say, as one JSON object."""

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
from storage.models.columns import JsonObject


def report_json(report: Report) -> JsonObject:
    """Shares are 0..1, times in seconds; null: nothing to tell it by."""
    return {
        "sample_s": report.sample_s,
        "goals": {
            "accuracy_at_least": ACCURACY_GOAL,
            "unknown_outside_faults_at_most": UNKNOWN_GOAL,
            "f1_at_least": F1_GOAL,
            "edges_within_s": EDGE_GOAL_S,
        },
        "all": [_figures(total) | {"asked": total.is_asked, "goals": dict(total.goals)} for total in totals(report)],
        "groups": [{"group": group} | _figures(total) for group, total in group_totals(report)],
        "clips": [{"clip": clip} | _figures(total) for clip, total in clip_totals(report)],
        "zones": [
            {"clip": score.clip, "zone": score.zone, "role": score.role} | _figures(total_of([score]))
            for score in report.scores
        ],
        "left_out": list(report.left_out),
    }


def _figures(total: Total) -> JsonObject:
    return {
        "detector": total.detector,
        "judged_s": total.seconds,
        "accuracy": total.accuracy,
        "missed_s": total.missed,
        "false_s": total.false,
        "unknown_s": total.unknown,
        "unknown_in_faults_s": total.unknown_in_faults,
        "unknown_share": total.unknown_share,
        "unknown_outside_faults": total.unknown_outside_faults,
        "absences_due": total.absences.due,
        "absences_found": total.absences.found,
        "absences_said": total.absences.said,
        "absences_right": total.absences.right,
        "precision": total.absences.precision,
        "recall": total.absences.recall,
        "f1": total.absences.f1,
        "edges_labelled": len(total.edges.errors) + total.edges.missed,
        "edges_within": total.edges.within(EDGE_GOAL_S),
        "edges_within_1_s": total.edges.within(EXACT_EDGE_S),
        "edges_median_s": total.edges.median,
        "edges_furthest_s": total.edges.furthest,
        "edges_missed": total.edges.missed,
        "edges_extra": total.edges.extra,
        "cpu_ms_per_look": total.cost.ms_per_look,
        "cpu_s_per_minute": total.cost.s_per_minute,
    }
