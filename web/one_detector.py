"""The site's detector in the web process: one model for all who need it, loaded when first asked for."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from analytics.people import PersonDetector
from web.settings import WatcherSection


@dataclass
class OneDetector:
    load: Callable[[], PersonDetector]
    """Raises DetectorUnavailable."""
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Detectors are not shared between threads: one look at a time."""
    _loaded: PersonDetector | None = None

    @classmethod
    def of(cls, section: WatcherSection) -> "OneDetector":
        def load() -> PersonDetector:
            from analytics.detectors.choose import choose_detector  # with its runtime, which nothing else here needs

            return choose_detector(section.detector, section.weights)

        return cls(load)

    def get(self) -> PersonDetector:
        """To be called in one's turn. Raises DetectorUnavailable; it is tried again then."""
        self._loaded = self._loaded or self.load()
        return self._loaded
