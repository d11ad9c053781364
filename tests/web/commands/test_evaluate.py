"""`hallwatch evaluate`, as people call it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from analytics.detectors import choose
from analytics.people import Image, Person
from tests.analytics.scenes import labelled_data
from tests.analytics.test_evaluation import a_clip
from tests.analytics.world import MarkerDetector
from tests.servers import LIMIT_S
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


class Dies(MarkerDetector):
    """After so many looks, as by a graphics card that is gone by then."""

    def __init__(self, after: int | None = None) -> None:
        self.after, self.looks = after, 0

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        if self.looks == self.after:
            raise RuntimeError("invalid device function")
        self.looks += 1
        return super().detect(images)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_what_was_measured_is_told_although_the_detector_dies_on_the_pictures_of_the_report(
    hallwatch: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    a_clip(tmp_path)
    measures = Dies()
    monkeypatch.setattr(choose, "choose_detector", lambda *_: measures)
    measured = hallwatch("evaluate", str(tmp_path), "--json").stdout
    monkeypatch.setattr(choose, "choose_detector", lambda *_: Dies(measures.looks))
    page = tmp_path / "seen.html"
    told = hallwatch("evaluate", str(tmp_path), "--report", str(page), *options, code=1)
    if options:
        assert json.loads(told.stdout)["zones"][0]["missed_s"] == json.loads(measured)["zones"][0]["missed_s"] == 6
    else:
        assert "33.3%" in told.stdout
    assert "detector marker: it fails on pictures of clip (" in shown(told.stderr)
    assert not page.exists()


ANOTHER_SCORE = """
import analytics.seen_score

analytics.seen_score.SEEN_SCORE = 0.42
from analytics.looker import SEEN_SCORE
from web.cli import app
from web.settings import WatcherSection

print(SEEN_SCORE, WatcherSection().threshold)
app(["evaluate", "--help"])
"""


def test_the_score_from_which_somebody_is_seen_is_written_once() -> None:
    command = [sys.executable, "-c", ANOTHER_SCORE]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LIMIT_S).stdout
    assert told.startswith("0.42 0.42\n")
    assert "Else 0.42, or" in shown(told)
