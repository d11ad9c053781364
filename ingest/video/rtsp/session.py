"""From an address to a stream that plays: DESCRIBE, SETUP, PLAY, and being there while it does."""

import re
from typing import Literal

from ingest.video.rtsp.addresses import Address
from ingest.video.rtsp.audio_descriptions import AudioTrack, NoAudio, audio_track
from ingest.video.rtsp.conversation import Conversation, Moved
from ingest.video.rtsp.descriptions import VideoTrack, base_address, resolved, session_control, video_track
from ingest.video.rtsp.failures import SourceFailure, unreachable
from ingest.video.rtsp.messages import Answer
from ingest.video.rtsp.transports import Datagrams, Interleaved, Transport, numbers
from ingest.video.rtsp.wire import Wire, close_quietly

TransportName = Literal["tcp", "udp"]

_USUAL_TIMEOUT_S = 60
"""After so long without a word from us a camera ends the stream (RFC 2326 12.37)."""
LEAST_PAUSE_S = 1.0
_MAX_MOVES = 3
_TIMEOUT = re.compile(r"timeout\s*=\s*(\d{1,6})", re.IGNORECASE)


class Session:
    """A playing stream, from `open` to `close`."""

    def __init__(
        self, wire: Wire, conversation: Conversation, url: str, track: VideoTrack, transport: Transport, timeout_s: int
    ) -> None:
        self._wire, self._conversation, self._url = wire, conversation, url
        self.track, self.transport = track, transport
        self.audio_track: AudioTrack | None = None
        self.audio_problem = ""
        """Why there is no sound though it was asked for, in words."""
        self._keep_alive_s = max(timeout_s / 2, LEAST_PAUSE_S)
        self._spoke: float | None = None

    @classmethod
    def open(cls, url: str, transport: TransportName, audio: bool = False) -> "Session":
        """`audio`: with the sound, if it is of a kind that can be recorded. Raises SourceFailure."""
        address = Address.parse(url)
        for _ in range(_MAX_MOVES):
            wire = Wire.connect(address)
            try:
                return _play(wire, address, transport, audio)
            except Moved as moved:
                wire.close()
                address = address.moved(moved.location)
            except BaseException:
                wire.close()
                raise
        raise unreachable("the camera sends us from one address to the next")

    def close(self) -> None:
        self.transport.close()
        close_quietly(self._wire, self._conversation.message("TEARDOWN", self._url, {}))

    def stay(self, now: float) -> None:
        """Call it often: tells the camera from time to time that somebody is there. Raises SourceFailure.

        `now` in seconds of any clock that does not go back.
        """
        while self._wire.answers:
            self._conversation.kept_alive(self._url, self._wire.answers.popleft())
        if self._spoke is None:
            self._spoke = now
        elif now - self._spoke >= self._keep_alive_s:
            self._spoke = now
            self._conversation.keep_alive(self._url)


def _play(wire: Wire, address: Address, name: TransportName, audio: bool) -> Session:
    """Raises SourceFailure, Moved; what has been set up by then is given back."""
    conversation = Conversation(wire, address)
    conversation.learn_methods(address.url)
    described = conversation.ask("DESCRIBE", address.url, {"Accept": "application/sdp"})
    track = video_track(described.body)
    base = base_address(described.get("content-base") or described.get("content-location"), address.url)
    whole = session_control(described.body)
    track_url = resolved(base, track.control or whole)
    set_up = _set_up_datagrams if name == "udp" else _set_up_interleaved
    transport, timeout_s = set_up(wire, conversation, track_url)
    session = Session(wire, conversation, resolved(base, whole), track, transport, timeout_s)
    try:
        if audio:
            _add_audio(session, conversation, described.body, base)
        conversation.ask("PLAY", resolved(base, whole), {"Range": "npt=0.000-"})
    except BaseException:
        session.close()
        raise
    return session


def _add_audio(session: Session, conversation: Conversation, description: str, base: str) -> None:
    """Pictures matter more: a camera that does not give its sound is recorded without. Raises Moved."""
    try:
        track = audio_track(description)
        header = {"Transport": session.transport.offer_audio()}
        answer = conversation.ask("SETUP", resolved(base, track.control or session_control(description)), header)
    except NoAudio as reason:
        session.audio_problem = str(reason)
    except SourceFailure as failure:
        session.audio_problem = f"the camera refuses its audio: {failure}"
    else:
        session.transport.accept_audio(answer.get("transport"))
        session.audio_track = track


def _set_up_interleaved(wire: Wire, conversation: Conversation, url: str) -> tuple[Transport, int]:
    answer = conversation.ask("SETUP", url, {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"})
    channels = numbers(answer.get("transport"), "interleaved") or (0, 1)
    return Interleaved(wire, channels, conversation.early), _timeout_s(answer)


def _set_up_datagrams(wire: Wire, conversation: Conversation, url: str) -> tuple[Transport, int]:
    datagrams = Datagrams(wire)
    ports = "{}-{}".format(*datagrams.ports)
    try:
        answer = conversation.ask("SETUP", url, {"Transport": f"RTP/AVP;unicast;client_port={ports}"})
    except BaseException:
        datagrams.close()
        raise
    if found := numbers(answer.get("transport"), "server_port"):
        datagrams.aim(found)
    return datagrams, _timeout_s(answer)


def _timeout_s(answer: Answer) -> int:
    found = _TIMEOUT.search(answer.get("session"))
    return int(found[1]) if found and int(found[1]) else _USUAL_TIMEOUT_S
