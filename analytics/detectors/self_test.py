"""Whether a detector works here, found out before it watches: it is warmed up on a picture whose people are known.

The picture comes with the product. It is one of the simulated hall, made of two photographs in the public domain (see
`ingest.simulator.photographs`); a clerk and a customer are at the first of its two counters, nobody at the second.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from time import monotonic

import cv2
import numpy as np

from analytics.looking import WatchedView, crops_of, look
from analytics.people import DetectorUnavailable, Image, PersonDetector
from analytics.pictures import Picture
from analytics.zones import cut

_CAMERA = "sample"
_TAKEN = datetime(2026, 1, 5, tzinfo=UTC)
OCCUPIED = WatchedView(
    _CAMERA,
    "occupied",
    ((0.0203, 0.2167), (0.2391, 0.2167), (0.2391, 0.55), (0.0203, 0.55)),
    ((0.2656, 0.4583), (0.4859, 0.4583), (0.4859, 1.0), (0.2656, 1.0)),
)
EMPTY = WatchedView(
    _CAMERA,
    "empty",
    ((0.5203, 0.2167), (0.7391, 0.2167), (0.7391, 0.55), (0.5203, 0.55)),
    ((0.7656, 0.4583), (0.9859, 0.4583), (0.9859, 1.0), (0.7656, 1.0)),
)


def tested(detector: PersonDetector, threshold: float) -> PersonDetector:
    """The detector, once it has seen at the threshold what is in the sample. Raises DetectorUnavailable: what to do."""
    try:
        occupied, empty = look(detector, Picture(_CAMERA, _TAKEN, sample()), [OCCUPIED, EMPTY], threshold)
    except DetectorUnavailable:
        raise
    except Exception as error:  # what runtimes raise shares no base class
        raise DetectorUnavailable(
            f"detector {detector.name}: it fails on the sample picture that comes with it ({error}); check that its"
            " runtime and its weights fit each other and this machine, or set watcher.detector to ssd"
        ) from error
    seen = (occupied.staff_count, occupied.customer_count, empty.staff_count, empty.customer_count)
    if seen != (1, 1, 0, 0):
        told = ["perhaps somebody" if count is None else str(count) for count in seen]
        raise DetectorUnavailable(
            f"detector {detector.name}: in the sample picture that comes with it there are 1 clerk, 1 customer and an"
            f" empty counter; it saw {told[0]}, {told[1]}, and {told[2]} and {told[3]} at the empty one. Either"
            f" watcher.threshold, {threshold:g}, does not suit it, or its weights are not those of a detector of people"
            " by COCO's classes; set watcher.weights to other ones, or watcher.detector to ssd"
        )
    return detector


def look_seconds(detector: PersonDetector, clock: Callable[[], float] = monotonic) -> float:
    """How long it takes for one crop here; of a detector that is warm. `clock` tells seconds."""
    picture = sample()
    crops = [cut(picture, crop) for view in (OCCUPIED, EMPTY) for crop in crops_of(view)]
    began = clock()
    detector.detect(crops)
    return (clock() - began) / len(crops)


def sample() -> Image:
    """640 × 360."""
    coded = files("analytics.detectors").joinpath("sample.jpg").read_bytes()
    picture = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, dtype=np.uint8)
