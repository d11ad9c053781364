"""Which detector runs here."""

from pathlib import Path
from typing import Literal

from analytics.detectors.onnx import OnnxDetector
from analytics.detectors.self_test import tested
from analytics.detectors.ssd import SsdDetector
from analytics.detectors.yolo import DEFAULT_WEIGHTS, YoloDetector
from analytics.people import DetectorUnavailable, PersonDetector
from analytics.seen_score import SEEN_SCORE

DetectorName = Literal["auto", "ssd", "onnx", "yolo"]


def choose_detector(name: DetectorName = "auto", weights: str = "") -> PersonDetector:
    """The detector of that name; `auto` takes the best that is present.

    Given weights decide for `auto`: `.onnx`, `.xml` and folders with one run without torch, anything else needs the
    extra `yolo`.
    Without weights `auto` is `ssd`: Ultralytics would have to download its own, and that is never done unasked.
    Raises DetectorUnavailable with what to do.
    """
    chosen = _best(weights) if name == "auto" else name
    if chosen == "ssd":
        return SsdDetector()
    if chosen == "onnx":
        return OnnxDetector(_required(weights))
    return YoloDetector(weights or DEFAULT_WEIGHTS)


def ready_detector(name: DetectorName = "auto", weights: str = "", threshold: float = SEEN_SCORE) -> PersonDetector:
    """The same, warmed up and tested on a picture whose people are known: a watch begins with nothing else.

    `threshold`: from which score on it is to count somebody.
    """
    return tested(choose_detector(name, weights), threshold)


def _best(weights: str) -> DetectorName:
    if not weights:
        return "ssd"
    is_export = weights.endswith((".onnx", ".xml")) or any(Path(weights).glob("*.xml"))
    return "onnx" if is_export else "yolo"


def _required(weights: str) -> Path:
    if not weights:
        raise DetectorUnavailable(
            "detector onnx: watcher.weights is empty; name a YOLO or YOLOX export there, or by --weights of the command"
        )
    return Path(weights)
