"""`hallwatch evaluate`, as people call it."""

import json
from pathlib import Path

import pytest

from tests.analytics.scenes import labelled_data
from tests.analytics.test_evaluation import a_clip
from tests.web.commands.conftest import Run
from tests.web.commands.test_help import shown

SMALL, LARGE = "yolox_nano_416", "yolox_nano_640"


def test_each_detector_is_given_its_own_weights_and_ssd_none(hallwatch: Run, tmp_path: Path) -> None:
    a_clip(tmp_path)
    small, large = (str(labelled_data() / "models" / f"{name}.onnx") for name in (SMALL, LARGE))
    compared = ("--detector", "onnx", "--detector", "ssd", "--detector", "onnx", "--weights", large, "--weights", small)
    told = json.loads(hallwatch("evaluate", str(tmp_path), *compared, "--json").stdout)
    assert [each["detector"].split(" (")[0] for each in told["all"]] == [
        f"onnx {LARGE}",
        "ssd-mobilenet-v2",
        f"onnx {SMALL}",
    ]
    assert [each["asked"] for each in told["all"]] == [True, False, True]
    assert all(each["goals"]["unknown"] for each in told["all"])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("--detector onnx", "watcher.weights is empty; name a YOLO or YOLOX export there, or by --weights"),
        ("--detector ssd --weights x", "--weights: ssd has its own; name another detector by --detector"),
        ("--detector onnx --weights x --weights y", "--weights: there are 2 for 1 detectors that take any"),
        ("--detector onnx --detector onnx --detector yolo --weights x --weights y", "there are 2 for 3 detectors"),
        ("--detector onnx --detector ssd --weights gone.onnx", "there is no file gone.onnx"),
    ],
)
def test_weights_that_suit_no_detector_are_told(hallwatch: Run, tmp_path: Path, options: str, why: str) -> None:
    a_clip(tmp_path)
    assert why in shown(hallwatch("evaluate", str(tmp_path), *options.split(), code=1).output)
