"""Models on OpenVINO: `.onnx`, and what Ultralytics exports for it."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from analytics.detectors.network import Planes, Shape
from analytics.people import DetectorUnavailable


class OpenVinoNetwork:
    """Runs on the CPU. Raises DetectorUnavailable when the runtime does not take the file."""

    runtime = "OpenVINO"

    def __init__(self, weights: Path, threads: int) -> None:
        self._model = _compiled(weights, threads)
        self.input_shape = _shape(self._model.input(0))
        self.output_shape = _shape(self._model.output(0))

    def run(self, planes: Planes) -> Planes:
        # The buffer is its own and is filled anew by the next run.
        return np.array(self._model(planes)[0], dtype=np.float32)


def keep_openvino_quiet() -> None:
    """Being imported it tells its makers, by a package that comes with it and can be done without."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def _compiled(weights: Path, threads: int) -> Any:  # noqa: ANN401  (the runtime ships no types)
    keep_openvino_quiet()
    import openvino

    try:
        core = openvino.Core()
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            # Else it halves the precision where the processor can (bfloat16), and sees otherwise than elsewhere.
            "INFERENCE_PRECISION_HINT": "f32",
        }
        return core.compile_model(core.read_model(weights), "CPU", settings)
    except RuntimeError as error:
        raise DetectorUnavailable(f"detector onnx: {weights} cannot be loaded: {error}") from error


def _shape(port: Any) -> Shape:  # noqa: ANN401
    return [size.get_length() if size.is_static else -1 for size in port.partial_shape]
