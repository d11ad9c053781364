"""From an address to a stream that plays: DESCRIBE, SETUP, PLAY, and being there while it does."""

import re
import time
from typing import Literal

from ingest.video.rtsp.addresses import Address
from ingest.video.rtsp.conversation import Conversation, Moved
from ingest.video.rtsp.descriptions import VideoTrack, resolved, session_control, video_track
from ingest.video.rtsp.failures import unreachable
from ingest.video.rtsp.messages import Answer
from ingest.video.rtsp.transports import Datagrams, Interleaved, Transport
from ingest.video.rtsp.wire import Wire, close_quietly

TransportName = Literal["tcp", "udp"]

_USUAL_TIMEOUT_S = 60.0
"""After so long without a word from us a camera ends the stream (RFC 2326 12.37)."""
_LEAST_PAUSE_S = 5.0
_MAX_MOVES = 3


class Session:
    """A playing stream, from `open` to `close`."""

    def __init__(self, wire: Wire, conversation: Conversation, url: str) -> None:
        self._wire, self._conversation, self._url = wire, conversation, url
        self._keep_alive_s = _USUAL_TIMEOUT_S / 2
        self._spoke = time.monotonic()
        self.track: VideoTrack
        self.transport: Transport

    @classmethod
    def open(cls, url: str, transport: TransportName) -> "Session":
        """Raises SourceFailure."""
        address = Address.parse(url)
        for _ in range(_MAX_MOVES):
            wire = Wire.connect(address)
            session = cls(wire, Conversation(wire, address), address.url)
            try:
                session._start(transport)
            except Moved as moved:
                wire.close()
                address = address.moved(moved.location)
            except BaseException:
                wire.close()
                raise
            else:
                return session
        raise unreachable("the camera sends us from one address to the next")

    def close(self) -> None:
        self.transport.close()
        close_quietly(self._wire, self._conversation.message("TEARDOWN", self._url, {}))

    def stay(self, now: float) -> None:
        """Call it often: tells the camera from time to time that somebody is there. Raises SourceFailure."""
        self._wire.answers.clear()
        if now - self._spoke >= self._keep_alive_s:
            self._spoke = now
            self._conversation.tell(self._alive, self._url)

    def _start(self, transport: TransportName) -> None:
        public = self._conversation.ask("OPTIONS", self._url).get("public")
        self._alive = "GET_PARAMETER" if "GET_PARAMETER" in public else "OPTIONS"
        described = self._conversation.ask("DESCRIBE", self._url, {"Accept": "application/sdp"})
        self.track = video_track(described.body)
        base = described.get("content-base") or described.get("content-location") or self._url
        track_url = resolved(base, self.track.control)
        self._url = resolved(base, session_control(described.body))
        answer = self._set_up_datagrams(track_url) if transport == "udp" else self._set_up_interleaved(track_url)
        timeout = re.search(r"timeout\s*=\s*(\d+)", answer.get("session"))
        self._keep_alive_s = max((int(timeout[1]) if timeout else _USUAL_TIMEOUT_S) / 2, _LEAST_PAUSE_S)
        self._conversation.ask("PLAY", self._url, {"Range": "npt=0.000-"})

    def _set_up_interleaved(self, url: str) -> Answer:
        answer = self._conversation.ask("SETUP", url, {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"})
        self.transport = Interleaved(self._wire, _numbers(answer, "interleaved") or (0, 1), self._conversation.early)
        return answer

    def _set_up_datagrams(self, url: str) -> Answer:
        self.transport = datagrams = Datagrams(self._wire)
        ports = "{}-{}".format(*datagrams.ports)
        try:
            answer = self._conversation.ask("SETUP", url, {"Transport": f"RTP/AVP;unicast;client_port={ports}"})
        except BaseException:
            datagrams.close()
            raise
        if found := _numbers(answer, "server_port"):
            datagrams.aim(found)
        return answer


def _numbers(answer: Answer, name: str) -> tuple[int, int] | None:
    """Two numbers of a Transport header, e.g. interleaved=0-1; the second is the first and one when it is left out."""
    found = re.search(rf"\b{name}\s*=\s*(\d+)(?:-(\d+))?", answer.get("transport"))
    return (int(found[1]), int(found[2] or int(found[1]) + 1)) if found else None
