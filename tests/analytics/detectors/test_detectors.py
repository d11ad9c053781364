from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from analytics.detectors.choose import choose_detector
from analytics.detectors.onnx import OnnxDetector, decode_yolo, decode_yolox
from analytics.detectors.ssd import SsdDetector
from analytics.detectors.yolo import YoloDetector
from analytics.people import WEAK_SCORE, DetectorUnavailable, PersonDetector
from tests.analytics.scenes import a_picture, labelled_data

EXPORTS = ["yolo11n_640.onnx", "yolox_nano_416.onnx", "yolox_nano_640.onnx"]


def finds_people(detector: PersonDetector) -> None:
    """One on the left, two, nobody, in pictures of different sizes."""
    wide = a_picture(0.2)
    pictures = [wide, a_picture(0.2, 0.8), a_picture(), np.ascontiguousarray(wide[:, :300])]
    one, two, nobody, cropped = detector.detect(pictures)
    assert sum(person.score > 0.35 for person in one) == 1
    assert one[0].box.centre == pytest.approx((0.2, 0.71), abs=0.1)
    assert sum(person.score > 0.35 for person in two) == 2
    assert all(person.score < 0.35 for person in nobody)
    assert cropped[0].box.centre == pytest.approx((0.2 * 640 / 300, 0.71), abs=0.1)
    for people in (one, two, nobody, cropped):
        assert [p.score for p in people] == sorted((p.score for p in people), reverse=True)
        assert all(p.score >= WEAK_SCORE for p in people)
        assert all(0 <= p.box.x0 <= p.box.x1 <= 1 and 0 <= p.box.y0 <= p.box.y1 <= 1 for p in people)
    assert detector.detect([]) == []


def test_ssd_finds_people() -> None:
    finds_people(SsdDetector())


@pytest.mark.parametrize("weights", EXPORTS)
def test_onnx_exports_find_people(weights: str) -> None:
    finds_people(OnnxDetector(labelled_data() / "models" / weights))


def test_yolo_rows_are_decoded() -> None:
    output = np.zeros((84, 3), np.float32)
    output[:5, 0] = (100, 200, 40, 60, 0.9)
    output[5, 1] = 0.9  # a bicycle
    assert decode_yolo(output).tolist() == [pytest.approx([80, 170, 120, 230, 0.9])]


def test_yolox_rows_are_decoded_on_their_grid() -> None:
    output = np.zeros((52 * 52 + 26 * 26 + 13 * 13, 85), np.float32)
    output[52 * 52 + 27, :6] = (0.5, 0.25, np.log(4), np.log(2), 0.9, 0.8)  # stride 16, column 1, row 1
    assert decode_yolox(output, 416).tolist() == [pytest.approx([24 - 32, 20 - 16, 24 + 32, 20 + 16, 0.72])]


def test_auto_takes_what_is_there() -> None:
    assert choose_detector().name == "ssd-mobilenet-v2"
    export = labelled_data() / "models" / "yolox_nano_416.onnx"
    assert choose_detector("auto", str(export)).name == "onnx yolox_nano_416"


def test_missing_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DetectorUnavailable, match=r"watcher\.weights is empty"):
        choose_detector("onnx")
    with pytest.raises(DetectorUnavailable, match="there is no file"):
        choose_detector("auto", str(tmp_path / "missing.onnx"))
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(DetectorUnavailable, match="cannot be loaded"):
        OnnxDetector(broken)


@pytest.mark.skipif(find_spec("ultralytics") is not None, reason="Ultralytics is installed")
def test_a_missing_ultralytics_names_the_extra() -> None:
    with pytest.raises(DetectorUnavailable, match=r"hallwatch\[yolo\]"):
        choose_detector("yolo")


@pytest.mark.skipif(
    find_spec("ultralytics") is None, reason="Ultralytics is not installed: pip install hallwatch[yolo]"
)
def test_ultralytics_finds_people() -> None:
    finds_people(YoloDetector(str(labelled_data() / "models" / "yolo11n.pt"), size=640))
