import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest

from analytics.detectors import self_test
from analytics.detectors.choose import DetectorName, choose_detector, ready_detector
from analytics.detectors.onnx import OnnxDetector, decode_yolo, decode_yolox
from analytics.detectors.onnx_network import OnnxNetwork
from analytics.detectors.openvino_network import OpenVinoNetwork
from analytics.detectors.self_test import EMPTY, OCCUPIED, sample
from analytics.detectors.ssd import SsdDetector
from analytics.detectors.yolo import YoloDetector
from analytics.people import WEAK_SCORE, Box, DetectorUnavailable, Image, Person, PersonDetector
from analytics.seen_score import SEEN_SCORE
from ingest.simulator.scene import Scene, Seen, zone
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


@pytest.mark.parametrize("weights", EXPORTS)
def test_both_runtimes_give_the_same(weights: str) -> None:
    model = labelled_data() / "models" / weights
    ours, other = OnnxNetwork(model, 1), OpenVinoNetwork(model, 1)
    assert list(ours.input_shape) == list(other.input_shape)
    assert list(ours.output_shape) == list(other.output_shape)
    planes = np.random.default_rng(1).random([int(size) for size in ours.input_shape], np.float32)
    assert np.allclose(ours.run(planes), other.run(planes), rtol=0.05, atol=0.05)


def test_yolo_rows_are_decoded() -> None:
    output = np.zeros((84, 3), np.float32)
    output[:5, 0] = (100, 200, 40, 60, 0.9)
    output[5, 1] = 0.9  # a bicycle
    assert decode_yolo(output).tolist() == [pytest.approx([80, 170, 120, 230, 0.9])]


def test_yolox_rows_are_decoded_on_their_grid() -> None:
    output = np.zeros((52 * 52 + 26 * 26 + 13 * 13, 85), np.float32)
    output[52 * 52 + 27, :6] = (0.5, 0.25, np.log(4), np.log(2), 0.9, 0.8)  # stride 16, column 1, row 1
    assert decode_yolox(output, 416).tolist() == [pytest.approx([24 - 32, 20 - 16, 24 + 32, 20 + 16, 0.72])]


def test_weights_of_one_file_name_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    names = []
    for folder, held in (("small", "yolox_nano_416.onnx"), ("large", "yolox_nano_640.onnx"), ("again", EXPORTS[1])):
        copied = tmp_path / folder / "best.onnx"
        copied.parent.mkdir()
        shutil.copy(labelled_data() / "models" / held, copied)
        names.append(OnnxDetector(copied).name)
    assert names[0] == names[2] != names[1]


def test_auto_takes_what_is_there() -> None:
    assert choose_detector().name == "ssd-mobilenet-v2"
    export = labelled_data() / "models" / "yolox_nano_416.onnx"
    assert choose_detector("auto", str(export)).name.startswith("onnx yolox_nano_416 (O")


def test_missing_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DetectorUnavailable, match=r"watcher\.weights is empty"):
        choose_detector("onnx")
    with pytest.raises(DetectorUnavailable, match="there is no file"):
        choose_detector("auto", str(tmp_path / "missing.onnx"))
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(DetectorUnavailable, match="cannot be loaded"):
        OnnxDetector(broken)
    with pytest.raises(DetectorUnavailable, match="there is no file"):
        choose_detector("onnx", str(tmp_path))


def test_openvino_tells_nobody_that_it_is_used() -> None:
    weights = labelled_data() / "models" / "yolo11n_int8_openvino_model"
    program = f"""
import sys
from pathlib import Path
from analytics.detectors.openvino_network import OpenVinoNetwork
OpenVinoNetwork(next(Path({str(weights)!r}).glob("*.xml")), 1)
loaded = [name for name, module in sys.modules.items() if module]
print("openvino" in loaded, [name for name in loaded if "openvino_telemetry" in name])
"""
    assert version("openvino_telemetry"), "it comes with OpenVINO"
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert told.split("\n")[0] == "True []"


def test_an_int8_export_for_openvino_finds_people() -> None:
    detector = OnnxDetector(labelled_data() / "models" / "yolo11n_int8_openvino_model")
    assert re.fullmatch(r"onnx yolo11n_int8_openvino_model \(OpenVINO\) [0-9a-f]{8}", detector.name)
    finds_people(detector)


def test_an_export_for_openvino_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)  # as where it is not installed
    (tmp_path / "model.xml").write_text("<net/>")
    for weights in (tmp_path, tmp_path / "model.xml"):
        with pytest.raises(DetectorUnavailable, match=r"hallwatch\[openvino\]"):
            choose_detector("onnx", str(weights))


def an_ultralytics(opening: Callable[[str], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for the package, which is not installed for each change: `opening` is what it does with a file."""
    package = ModuleType("ultralytics")
    vars(package).update(settings={}, YOLO=lambda weights, task: opening(weights))
    monkeypatch.setitem(sys.modules, "ultralytics", package)


@pytest.mark.parametrize(
    "error",
    [UnpicklingError("invalid load key, 'v'"), EOFError(), RuntimeError("no archive\nat all"), KeyError("model")],
)
def test_what_ultralytics_raises_of_broken_weights_is_told_in_words(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opening(_weights: str) -> object:
        raise error

    an_ultralytics(opening, monkeypatch)
    pointer = tmp_path / "best.pt"
    pointer.write_text("version https://git-lfs.github.com/spec/v1")
    with pytest.raises(DetectorUnavailable, match=r"best\.pt cannot be loaded \([^)\n]+\); .*fetch it again") as told:
        choose_detector("auto", str(pointer))
    assert "\n" not in str(told.value)
    with pytest.raises(DetectorUnavailable, match="neither here nor downloadable"):
        choose_detector("yolo", str(tmp_path / "missing.pt"))


def test_weights_for_ultralytics_are_told_apart_by_what_they_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_ultralytics(lambda _weights: object(), monkeypatch)
    names = []
    for folder, held in (("small", b"a"), ("large", b"b"), ("again", b"a")):
        weights = tmp_path / folder / "best.pt"
        weights.parent.mkdir()
        weights.write_bytes(held)
        names.append(choose_detector("yolo", str(weights)).name)
    assert names[0] == names[2] != names[1]
    assert all(re.fullmatch(r"yolo best\.pt [0-9a-f]{8}", name) for name in names)
    exported = tmp_path / "best_openvino_model"
    exported.mkdir()
    (exported / "best.bin").write_bytes(b"a")
    with_slash = choose_detector("yolo", f"{exported}/").name
    assert with_slash == choose_detector("yolo", str(exported)).name
    assert re.fullmatch(r"yolo best_openvino_model [0-9a-f]{8}", with_slash)


def test_weights_that_ultralytics_keeps_itself_are_told_apart_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept.pt"
    kept.write_bytes(b"a")
    an_ultralytics(lambda _weights: SimpleNamespace(ckpt_path=str(kept)), monkeypatch)
    assert re.fullmatch(r"yolo yolo11n\.pt [0-9a-f]{8}", choose_detector("yolo").name)


@pytest.mark.parametrize("name", ["yolo", "auto"])
def test_a_tensorrt_engine_is_refused_with_what_to_name_in_its_place(name: DetectorName) -> None:
    with pytest.raises(DetectorUnavailable, match=r"nobody\.engine is a TensorRT engine.* name the \.pt"):
        choose_detector(name, "nobody.engine")


@pytest.mark.skipif(find_spec("ultralytics") is not None, reason="Ultralytics is installed")
def test_a_missing_ultralytics_names_the_extra() -> None:
    with pytest.raises(DetectorUnavailable, match=r"hallwatch\[yolo\]"):
        choose_detector("yolo")


@pytest.mark.skipif(
    find_spec("ultralytics") is None, reason="Ultralytics is not installed: pip install hallwatch[yolo]"
)
def test_ultralytics_finds_people() -> None:
    finds_people(YoloDetector(str(labelled_data() / "models" / "yolo11n.pt"), size=640))


@pytest.mark.skipif(
    find_spec("ultralytics") is None, reason="Ultralytics is not installed: pip install hallwatch[yolo]"
)
def test_ultralytics_refuses_what_is_no_weights_in_words(tmp_path: Path) -> None:
    for held in (b"", b"version https://git-lfs.github.com/spec/v1", b"PK\x03\x04"):
        broken = tmp_path / "broken.pt"
        broken.write_bytes(held)
        with pytest.raises(DetectorUnavailable, match="cannot be loaded"):
            choose_detector("yolo", str(broken))


def test_each_detector_passes_the_test_that_it_has_to_before_it_watches() -> None:
    assert ready_detector().name == "ssd-mobilenet-v2"
    for weights in EXPORTS:
        self_test.tested(OnnxDetector(labelled_data() / "models" / weights), SEEN_SCORE)


class _Says:
    """Sees the same in every picture, or fails."""

    name = "says"

    def __init__(self, *people: Person, fails: bool = False) -> None:
        self._people, self._fails = people, fails

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        if self._fails:
            raise RuntimeError("invalid device function")
        return [self._people for _ in images]


@pytest.mark.parametrize(
    ("detector", "said"),
    [
        (_Says(), "it saw 0, 0, and 0 and 0 at the empty one"),
        (_Says(Person(Box(0.2, 0.2, 0.4, 0.4), 0.9)), "1 and 0 at the empty one"),
        (_Says(Person(Box(0.2, 0.2, 0.4, 0.4), 0.3)), "it saw perhaps somebody, 0"),
        (_Says(fails=True), r"fails on the sample .*invalid device function.*watcher.detector to ssd"),
    ],
)
def test_a_detector_that_does_not_see_what_is_in_the_sample_is_told_to_be_unfit(detector: _Says, said: str) -> None:
    with pytest.raises(DetectorUnavailable, match=said):
        self_test.tested(detector, SEEN_SCORE)


def test_it_is_tested_at_the_threshold_of_the_site() -> None:
    clerk = Person(Box(0.2, 0.2, 0.4, 0.4), 0.5)
    with pytest.raises(DetectorUnavailable, match=r"it saw 1,.* watcher.threshold, 0.35, does not suit"):
        self_test.tested(_Says(clerk), SEEN_SCORE)
    with pytest.raises(DetectorUnavailable, match=r"it saw perhaps somebody,.* watcher.threshold, 0.6, does not suit"):
        self_test.tested(_Says(clerk), 0.6)
    with pytest.raises(DetectorUnavailable, match=r"watcher\.threshold, 0\.999,"):
        ready_detector(threshold=0.999)


def test_a_folder_with_an_export_for_openvino_needs_no_torch(tmp_path: Path) -> None:
    (tmp_path / "hall.xml").write_text("no model")
    with pytest.raises(DetectorUnavailable, match="detector onnx"):
        choose_detector("auto", str(tmp_path))


class _Slow:
    """Takes 0.4 s for a picture, by its own clock."""

    name = "slow"
    seconds = 0.0

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        self.seconds += 0.4 * len(images)
        return [() for _ in images]


def test_how_long_a_look_takes_is_told_for_one_crop() -> None:
    slow = _Slow()
    assert self_test.look_seconds(slow, lambda: slow.seconds) == pytest.approx(0.4)


def test_the_sample_is_the_simulated_hall() -> None:
    """What is shipped is ours, made of photographs in the public domain."""
    drawn = Scene(("1", "2"), "", "").picture([Seen("staff", 0, 0), Seen("customer", 0, 1)], 0.0)
    small = cv2.resize(drawn, (640, 360), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - sample()).mean() < 5
    for view, slot in ((OCCUPIED, 0), (EMPTY, 1)):
        assert view.staff_zone == tuple(map(tuple, zone("staff", slot)))
        assert view.customer_zone == tuple(map(tuple, zone("customer", slot)))
