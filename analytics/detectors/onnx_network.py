"""Models on ONNX Runtime."""

from pathlib import Path
from typing import Any

import numpy as np

from analytics.detectors.network import Planes, Shape
from analytics.people import DetectorUnavailable


class OnnxNetwork:
    """Raises DetectorUnavailable when the runtime is missing or does not take the file."""

    runtime = "ONNX Runtime"

    def __init__(self, weights: Path, threads: int) -> None:
        self._session = _open_session(weights, threads)
        source = self._session.get_inputs()[0]
        self._input: str = source.name
        self.input_shape: Shape = source.shape
        self.output_shape: Shape = self._session.get_outputs()[0].shape

    def run(self, planes: Planes) -> Planes:
        return np.asarray(self._session.run(None, {self._input: planes})[0], dtype=np.float32)


def _open_session(weights: Path, threads: int) -> Any:  # noqa: ANN401  (the runtime ships no types)
    try:
        import onnxruntime
    except ImportError as error:
        raise DetectorUnavailable("detector onnx: run: pip install 'hallwatch[onnx]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads make several sessions in one process several times slower.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no public base class
        raise DetectorUnavailable(f"detector onnx: {weights} cannot be loaded: {error}") from error
