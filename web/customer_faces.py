"""Stills without the faces of customers, which are personal data that no alert needs."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlmodel import Session

from analytics.faces import without_faces
from analytics.looking import WatchedView
from analytics.people import DetectorUnavailable, Image, PersonDetector
from analytics.plan import views_then
from ingest.video.stills import jpeg
from storage.failures import in_one_line
from web.one_detector import OneDetector
from web.settings import PrivacySection

_KEPT = 100
"""Stills, some 100 kB each: whoever looks at the same board asks for the same ones."""

_log = structlog.get_logger(__name__)


@dataclass
class CustomerFaces:
    """Needs the site's detector with the first still; without one a still has fewer details."""

    privacy: PrivacySection
    detector: OneDetector
    _is_missing: bool = False
    _made: dict[bytes, bytes] = field(default_factory=dict)
    """By picture and views, the one that was asked for last at the end."""

    def views(self, session: Session, camera_id: str, at: datetime) -> tuple[WatchedView, ...]:
        """Whose staff zones say who keeps the face."""
        return views_then(session, camera_id, at) if self.privacy.blur_faces else ()

    def still(self, image: Image, views: Sequence[WatchedView]) -> bytes:
        """JPEG. Takes a while, so not within a transaction. `views`: of its camera when it was taken."""
        if not self.privacy.blur_faces:
            return jpeg(image)
        key = hashlib.sha256(image.tobytes() + repr((image.shape, views)).encode()).digest()
        with self.detector.turn:
            self._made[key] = self._made.pop(key, b"") or jpeg(self._without_faces(image, views))
            while len(self._made) > _KEPT:
                del self._made[next(iter(self._made))]
            return self._made[key]

    def _without_faces(self, image: Image, views: Sequence[WatchedView]) -> Image:
        detector = self._detector()
        try:
            return without_faces(image, views, detector)
        except Exception as error:  # what runtimes raise of a picture shares no base class
            if detector is None:
                raise
            _log.warning("faces_not_found", error=in_one_line(error), stills="coarse outside staff zones")
            return without_faces(image, views, None)

    def _detector(self) -> PersonDetector | None:
        if self._is_missing:
            return None
        try:
            return self.detector.get()
        except DetectorUnavailable as error:
            self._is_missing = True
            _log.warning("faces_without_detector", error=str(error), stills="coarse outside staff zones")
            return None
