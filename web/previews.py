"""The detector of the configuration, for whoever draws zones: one model in the web process, loaded when first asked."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from analytics.looking import WatchedView
from analytics.people import DetectorUnavailable, PersonDetector
from analytics.pictures import Picture
from analytics.preview import Preview, preview
from analytics.zones import Zone
from storage.sayings import Saying
from web.errors import Unavailable
from web.rate_limit import Limiter, Rate
from web.settings import WatcherSection

_log = structlog.get_logger(__name__)

_OF_ONE = Rate(12, timedelta(seconds=24))
"""An open editor asks every few seconds, and when a zone has been changed."""
_PATIENCE_S = 10.0


@dataclass
class Previews:
    """Of this process. Detectors are not shared between threads: one look at a time."""

    threshold: float
    load: Callable[[], PersonDetector]
    """Raises DetectorUnavailable."""
    limiter: Limiter = field(default_factory=lambda: Limiter(_OF_ONE))
    _detector: PersonDetector | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, section: WatcherSection) -> "Previews":
        return cls(section.threshold, partial(_configured, section))

    def look(self, picture: Picture, view: WatchedView, masks: Sequence[Zone] = ()) -> tuple[str, Preview]:
        """The detector's name, and what it saw. Raises Unavailable."""
        if not self._turn.acquire(timeout=_PATIENCE_S):
            raise Unavailable(Saying("The detector is busy with other pictures. Try again in a minute."))
        try:
            detector = self._detector = self._detector or self.load()
            return detector.name, preview(detector, picture, view, self.threshold, masks)
        except DetectorUnavailable as problem:
            _log.error("detector_unavailable", problem=str(problem))
            said = Saying("The detector cannot run on this server: %(problem)s", problem=str(problem))
            raise Unavailable(said) from None
        finally:
            self._turn.release()


def _configured(section: WatcherSection) -> PersonDetector:
    from analytics.detectors.choose import ready_detector  # with its runtime, which nothing else here needs

    return ready_detector(section.detector, section.weights, section.threshold)
