"""What the detector of the configuration sees, for whoever draws zones."""

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
from storage.failures import in_one_line
from storage.sayings import Saying
from web.errors import Unavailable
from web.one_detector import OneDetector
from web.rate_limit import Limiter, Rate
from web.settings import WatcherSection

_log = structlog.get_logger(__name__)

_OF_ONE = Rate(12, timedelta(seconds=24))
"""An open editor asks every few seconds, and when a zone has been changed."""
_PATIENCE_S = 10.0


@dataclass
class Previews:
    threshold: float
    detector: OneDetector
    limiter: Limiter = field(default_factory=lambda: Limiter(_OF_ONE))
    test: Callable[[PersonDetector], object] = lambda _: None
    """Whether the detector sees at the threshold what it has to, once. Raises DetectorUnavailable."""
    _tested: PersonDetector | None = None

    @classmethod
    def of(cls, section: WatcherSection, detector: OneDetector) -> "Previews":
        return cls(section.threshold, detector, test=partial(_see_the_sample, section.threshold))

    def look(self, picture: Picture, view: WatchedView, masks: Sequence[Zone] = ()) -> tuple[str, Preview]:
        """The detector's name, and what it saw. Raises Unavailable."""
        if not self.detector.turn.acquire(timeout=_PATIENCE_S):
            raise Unavailable(Saying("The detector is busy with other pictures. Try again in a minute."))
        try:
            detector = self._tested = self._tested or self._ready()
            return detector.name, self._seen(detector, picture, view, masks)
        except DetectorUnavailable as problem:
            _log.error("detector_unavailable", problem=str(problem))
            said = Saying("The detector cannot run on this server: %(problem)s", problem=str(problem))
            raise Unavailable(said) from None
        finally:
            self.detector.turn.release()

    def _seen(self, detector: PersonDetector, picture: Picture, view: WatchedView, masks: Sequence[Zone]) -> Preview:
        try:
            return preview(detector, picture, view, self.threshold, masks)
        except DetectorUnavailable:
            raise
        except Exception as error:  # what runtimes raise of a picture shares no base class
            raise DetectorUnavailable(in_one_line(error)) from error

    def _ready(self) -> PersonDetector:
        detector = self.detector.get()
        self.test(detector)
        return detector


def _see_the_sample(threshold: float, detector: PersonDetector) -> None:
    from analytics.detectors.self_test import tested  # with a runtime, which nothing else here needs

    tested(detector, threshold)
