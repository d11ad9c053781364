"""What a detector needs of the library that runs its model, and which one it is."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analytics.people import DetectorUnavailable

Planes = NDArray[np.float32]
Shape = Sequence[int | str]
"""A size that is not fixed is -1 or a name."""


class Network(Protocol):
    """A model with one input and one output, loaded. Not safe to share between threads."""

    @property
    def runtime(self) -> str:
        """Its name, as it is told beside the model's."""
        ...

    @property
    def input_shape(self) -> Shape: ...

    @property
    def output_shape(self) -> Shape: ...

    def run(self, planes: Planes) -> Planes: ...


def open_network(weights: Path, threads: int) -> Network:
    """ONNX Runtime runs `.onnx` where that is installed, being the faster there; OpenVINO runs what it can.

    Raises DetectorUnavailable with what to do.
    """
    model = _file_of(weights)
    has_openvino = find_spec("openvino") is not None
    if model.suffix == ".xml" and not has_openvino:
        raise DetectorUnavailable(f"detector onnx: {model} is for OpenVINO; run: pip install 'hallwatch[openvino]'")
    if has_openvino and (model.suffix == ".xml" or find_spec("onnxruntime") is None):
        from analytics.detectors.openvino_network import OpenVinoNetwork

        return OpenVinoNetwork(model, threads)
    from analytics.detectors.onnx_network import OnnxNetwork

    return OnnxNetwork(model, threads)


def _file_of(weights: Path) -> Path:
    """OpenVINO's exports are folders with one `.xml` in them."""
    found = sorted(weights.glob("*.xml")) if weights.is_dir() else [weights]
    if not found or not found[0].is_file():
        raise DetectorUnavailable(f"detector onnx: there is no file {weights} with weights")
    return found[0]
