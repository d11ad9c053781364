"""What a receiver tells the camera of one of its streams, so that the camera knows that somebody is there."""

import secrets

from ingest.video.rtsp.rtp import SenderReport, receiver_report


class Reporting:
    """Of one stream: pictures and sound are sessions of their own, with numbers of their own (RFC 3550 section 8)."""

    def __init__(self) -> None:
        self._own = secrets.randbits(32)
        self._last: tuple[SenderReport, float] | None = None

    def heard(self, report: SenderReport, now: float) -> None:
        """The camera's last report; `now` in seconds of any clock that does not go back."""
        self._last = report, now

    def packet(self, source: int | None, highest: int, now: float) -> bytes | None:
        """None before anything has come, when `source` is not known."""
        if source is None:
            return None
        report, at = self._last or (None, now)
        return receiver_report(self._own, source, highest, report, now - at)
