"""The goals that `docs/reference/measurements.md` says are met are met, whatever was changed about seeing people."""

import pytest

from analytics.detectors.onnx import OnnxDetector
from analytics.evaluation import evaluate
from analytics.evaluation_report import format_report
from analytics.evaluation_totals import totals
from tests.analytics.scenes import labelled_data

WEIGHTS = "yolox_nano_416.onnx"
"""The cheapest that meets the goals, so the nearest to missing one."""


@pytest.mark.slow
def test_all_labelled_clips_are_seen_as_well_as_the_goals_ask() -> None:
    weights = labelled_data() / "models" / WEIGHTS
    if not weights.is_file():
        pytest.skip(f"there are no weights {weights}")
    report = evaluate(labelled_data(), [OnnxDetector(weights)])
    (total,) = totals(report)
    told = format_report(report)
    assert report.left_out == ()
    assert (total.is_asked, total.seconds > 1000, total.absences.due > 20) == (True, True, True), told
    assert dict(total.goals) == {"accuracy": True, "unknown": True, "absences": True, "edges": True}, told
