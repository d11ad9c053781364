"""Live pictures from a stream of encoded frames."""

from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Event
from typing import Protocol, runtime_checkable

from analytics.decoding import KeyframeDecoder, UndecodableFrame
from analytics.pictures import Picture, SourceLost


@runtime_checkable
class StreamParameters(Protocol):
    """Comes before the frames it is about."""

    @property
    def codec(self) -> str: ...
    @property
    def extradata(self) -> bytes: ...


@runtime_checkable
class Frame(Protocol):
    """One encoded picture, Annex B."""

    @property
    def data(self) -> bytes: ...
    @property
    def wall(self) -> datetime: ...
    @property
    def keyframe(self) -> bool: ...
    @property
    def after_loss(self) -> bool:
        """Packets before it were lost, or of it."""
        ...


Packets = Callable[[Event], Iterator[StreamParameters | Frame]]
"""Opens the stream; it ends soon after the event is set."""


class KeyframePictures:
    """The keyframes of one camera, decoded; a PictureSource."""

    def __init__(self, camera_id: str, packets: Packets, sample_seconds: float = 1.0) -> None:
        """Keyframes that follow sooner than nine tenths of `sample_seconds` are skipped undecoded."""
        self._camera_id = camera_id
        self._packets = packets
        self._spacing = sample_seconds * 0.9

    def pictures(self, stop: Event) -> Iterator[Picture]:
        """Raises SourceLost when the stream cannot be opened, ends, or cannot be decoded at all."""
        decoder: KeyframeDecoder | None = None
        last: datetime | None = None
        for packet in self._received(stop):
            if isinstance(packet, StreamParameters):
                decoder, last = _decoder(packet), None
            elif packet.keyframe and decoder and self._is_due(packet.wall, last):
                last = packet.wall
                if packet.after_loss and not decoder.tells_what_is_missing:
                    continue
                try:
                    image = decoder.decode(packet.data)
                except UndecodableFrame:
                    continue  # a damaged keyframe is a missed sample; a stream of them becomes silence
                yield Picture(self._camera_id, packet.wall, image)
        if not stop.is_set():
            raise SourceLost("the stream has ended")

    def _received(self, stop: Event) -> Iterator[StreamParameters | Frame]:
        try:
            yield from self._packets(stop)
        except (OSError, EOFError) as error:
            raise SourceLost(str(error)) from error

    def _is_due(self, wall: datetime, last: datetime | None) -> bool:
        # A clock that was set back must not silence the camera.
        return last is None or wall < last or (wall - last).total_seconds() >= self._spacing


def _decoder(parameters: StreamParameters) -> KeyframeDecoder:
    try:
        return KeyframeDecoder(parameters.codec, parameters.extradata)
    except ValueError as error:
        raise SourceLost(str(error)) from error
