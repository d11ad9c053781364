"""That the detector fails on pictures while it watches, told once for all cameras: on *Health*, and in the log."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from storage.failures import Failures, in_one_line

_log = structlog.get_logger(__name__)

JOB = "looking"
_NAMED = 3


class DetectorFails(Exception):
    """On pictures of these cameras."""


class FailingLooks:
    """Says so when it begins, when other cameras are concerned, and when it is over."""

    def __init__(self, failures: Failures) -> None:
        self._failures = failures
        self._told: frozenset[str] = frozenset()

    def tell(self, failing: Mapping[str, Exception], now: datetime) -> None:
        """After looks; `failing`: the cameras on whose last picture it failed, and with what."""
        cameras = frozenset(failing)
        if failing:
            problem = DetectorFails(in_words(failing))
            self._failures.failed(JOB, problem, now)
            if cameras != self._told:
                _log.error("detector_fails", cameras=len(cameras), problem=str(problem))
        elif self._told:
            self._failures.succeeded(JOB)
            _log.info("detector_works_again")
        self._told = cameras


def in_words(failing: Mapping[str, Exception]) -> str:
    """The error of the first camera stands for all."""
    cameras = sorted(failing)
    named = ", ".join(cameras[:_NAMED]) + (f" and {len(cameras) - _NAMED} more" if len(cameras) > _NAMED else "")
    return f"on pictures of {named}: {in_one_line(failing[cameras[0]])}"
