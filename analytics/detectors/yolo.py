"""Ultralytics YOLO: an extra, because it is AGPL-3.0 and brings torch."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analytics.detectors.openvino_network import keep_openvino_quiet
from analytics.detectors.told_apart import told_apart
from analytics.people import WEAK_SCORE, Box, DetectorUnavailable, Image, Person

DEFAULT_WEIGHTS = "yolo11n.pt"
_PERSON_CLASS = 0
_ENGINE = ".engine"
"""It takes pictures of one size, and most take a batch of one size, which a look does not have."""
# Ultralytics reads these when it is imported: nothing of ours calls out unasked or installs packages.
_QUIET = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}


class YoloDetector:
    """Weights are a path to `.pt`, `.onnx` or an OpenVINO folder. A `.pt` runs on the GPU where there is one."""

    def __init__(self, weights: str = DEFAULT_WEIGHTS, size: int = 320) -> None:
        """`size` is the side in pixels a crop is scaled to. Raises DetectorUnavailable without the extra or weights."""
        self._size = size
        self._model = _load(weights)
        self.name = _name(weights, self._model)

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        if not images:
            return []
        results = self._model.predict(
            list(images), imgsz=self._size, conf=WEAK_SCORE, classes=[_PERSON_CLASS], verbose=False
        )
        return [_people(result) for result in results]


def _name(weights: str, model: Any) -> str:  # noqa: ANN401
    """Ultralytics looks for a mere name in a folder of its own, too, and says where it found it."""
    asked, found = Path(weights), Path(getattr(model, "ckpt_path", None) or weights)
    held = next((told_apart(path) for path in (asked, found) if path.exists()), "")
    return f"yolo {asked.name} {held}".rstrip()


def _people(result: Any) -> tuple[Person, ...]:  # noqa: ANN401  (an optional package without stubs here)
    corners = result.boxes.xyxyn.tolist()
    scores = result.boxes.conf.tolist()
    found = [Person(Box(*box), score) for box, score in zip(corners, scores, strict=True)]
    return tuple(sorted(found, key=lambda person: -person.score))


def _load(weights: str) -> Any:  # noqa: ANN401
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    keep_openvino_quiet()
    if weights.endswith(_ENGINE):
        raise DetectorUnavailable(
            f"detector yolo: {weights} is a TensorRT engine, and none was ever tried; name the .pt that it was made of,"
            " which runs on the GPU, too"
        )
    try:
        from ultralytics import YOLO
        from ultralytics import settings as ultralytics_settings
    except ImportError as error:
        missing = "Ultralytics" if error.name in (None, "ultralytics") else f"{error.name}, which Ultralytics needs,"
        raise DetectorUnavailable(
            f"detector yolo: {missing} is not installed; run: pip install 'hallwatch[yolo]' (AGPL-3.0, brings torch)"
        ) from error
    except RuntimeError as error:
        raise DetectorUnavailable(
            f"detector yolo: torch and torchvision do not match ({error}); install both from one index"
        ) from error
    ultralytics_settings.update({"sync": False})
    try:
        return YOLO(weights, task="detect")
    except Exception as error:  # what it raises of a file that is no weights shares no base class
        raise DetectorUnavailable(_why_not(weights, error)) from error


def _why_not(weights: str, error: Exception) -> str:
    if not Path(weights).exists():
        return (
            f"detector yolo: weights {weights} are neither here nor downloadable; name a file in watcher.weights, or by"
            " --weights of the command"
        )
    told = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (
        f"detector yolo: {weights} cannot be loaded ({told}); it is not whole, or no weights of a detector that"
        " Ultralytics reads: fetch it again and compare its SHA-256 with the one that is published where it comes from"
    )
