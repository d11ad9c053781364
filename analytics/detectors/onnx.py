"""YOLO and YOLOX exports on OpenVINO or ONNX Runtime, without torch."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.detectors.network import Shape, open_network
from analytics.detectors.told_apart import told_apart
from analytics.people import WEAK_SCORE, Box, DetectorUnavailable, Image, Person

_PAD = 114
_OVERLAP = 0.45
_STRIDES = (8, 16, 32)

Rows = NDArray[np.float32]
"""Candidates [x0, y0, x1, y1, score], the corners in pixels of the network's input."""


class OnnxDetector:
    """Runs `1 × 84 × N` (Ultralytics) and raw `1 × N × 85` (YOLOX) exports with a fixed or free batch of one."""

    def __init__(self, weights: Path, threads: int = 1) -> None:
        """Raises DetectorUnavailable when the runtime or the weights are missing or of another shape."""
        cv2.setNumThreads(1)  # scaling a crop is too little work to share
        self._network = open_network(weights, threads)
        self.name = f"onnx {weights.stem} ({self._network.runtime}) {told_apart(weights)}"
        self._size = _input_size(weights, self._network.input_shape)
        self._raw = _is_raw_yolox(weights, self._network.output_shape)

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        return [self._detect_one(image) for image in images]

    def _detect_one(self, image: Image) -> tuple[Person, ...]:
        height, width = image.shape[:2]
        size = self._size
        scale = min(size / width, size / height)
        left, top = (0, 0) if self._raw else ((size - round(width * scale)) // 2, (size - round(height * scale)) // 2)
        output = self._network.run(self._prepare(image, scale, left, top))
        rows = decode_yolox(output[0], size) if self._raw else decode_yolo(output[0])
        return tuple(_person(row, scale, left, top, width, height) for row in _suppress(rows))

    def _prepare(self, image: Image, scale: float, left: int, top: int) -> NDArray[np.float32]:
        height, width = image.shape[:2]
        canvas = np.full((self._size, self._size, 3), _PAD, np.uint8)
        scaled = cv2.resize(image, (max(round(width * scale), 1), max(round(height * scale), 1)))
        canvas[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
        planes = canvas.astype(np.float32) if self._raw else canvas[:, :, ::-1].astype(np.float32) / 255
        return np.ascontiguousarray(planes.transpose(2, 0, 1)[None])


def decode_yolo(output: NDArray[np.float32]) -> Rows:
    """Columns of `84 × N`: centre x, centre y, width, height, 80 scores with the person's first."""
    kept = output[:, output[4] >= WEAK_SCORE]
    centre, half = kept[0:2], kept[2:4] / 2
    return np.concatenate([centre - half, centre + half, kept[4:5]]).T


def decode_yolox(output: NDArray[np.float32], size: int) -> Rows:
    """Rows of `N × 85`: offsets in the grid cell, logarithmic width and height, objectness, 80 scores."""
    grid, stride = _grid(size)
    score = output[:, 4] * output[:, 5]
    kept = score >= WEAK_SCORE
    centre = (output[kept, 0:2] + grid[kept]) * stride[kept]
    half = np.exp(output[kept, 2:4]) * stride[kept] / 2
    return np.concatenate([centre - half, centre + half, score[kept, None]], axis=1)


@cache
def _grid(size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    cells, strides = [], []
    for stride in _STRIDES:
        side = size // stride
        y, x = np.mgrid[0:side, 0:side]
        cells.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full((side * side, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _suppress(rows: Rows) -> Rows:
    """Keeps the best of candidates that overlap, best first."""
    if not len(rows):
        return rows
    corners, score = rows[:, :4], rows[:, 4]
    boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), score.tolist(), WEAK_SCORE, _OVERLAP)
    return rows[np.asarray(kept, dtype=np.int64).ravel()]


def _person(row: NDArray[np.float32], scale: float, left: int, top: int, width: int, height: int) -> Person:
    x0, y0, x1, y1, score = row.tolist()
    across, down = scale * width, scale * height
    corners = ((x0 - left) / across, (y0 - top) / down, (x1 - left) / across, (y1 - top) / down)
    return Person(Box(*(min(max(corner, 0.0), 1.0) for corner in corners)), score)


def _input_size(weights: Path, shape: Shape) -> int:
    if len(shape) == 4 and isinstance(shape[2], int) and shape[2] == shape[3]:
        return shape[2]
    raise DetectorUnavailable(f"detector onnx: {weights} takes {list(shape)}; export it with one fixed square size")


def _is_raw_yolox(weights: Path, shape: Shape) -> bool:
    if len(shape) == 3 and shape[2] == 85:
        return True
    if len(shape) == 3 and shape[1] == 84:
        return False
    raise DetectorUnavailable(
        f"detector onnx: {weights} gives {list(shape)}; it must be 1×84×N (YOLO) or 1×N×85 (YOLOX)"
    )
