"""Live pictures from a stream of encoded frames."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event

from analytics.pictures import Picture, RareKeyframes, SourceLost
from analytics.sampling import Frame, Sampler, StreamParameters

Packets = Callable[[Event], Iterator[StreamParameters | Frame]]
"""Opens the stream; it ends soon after the event is set."""


class LivePictures:
    """Pictures of one camera, decoded; a PictureSource."""

    def __init__(self, camera_id: str, packets: Packets, sample_seconds: float = 1.0) -> None:
        """Pictures that follow sooner than nine tenths of `sample_seconds` are left out."""
        self._packets = packets
        self._sampler = Sampler(camera_id, timedelta(seconds=sample_seconds))

    @property
    def rare(self) -> RareKeyframes | None:
        return self._sampler.rare

    def pictures(self, stop: Event) -> Iterator[Picture]:
        """Raises SourceLost when the stream cannot be opened, ends, or cannot be decoded at all."""
        for packet in self._received(stop):
            if isinstance(packet, StreamParameters):
                self._begin(packet)
            else:
                yield from self._sampler.take(packet)
        if not stop.is_set():
            raise SourceLost("the stream has ended")

    def _received(self, stop: Event) -> Iterator[StreamParameters | Frame]:
        try:
            yield from self._packets(stop)
        except (OSError, EOFError) as error:
            raise SourceLost(str(error)) from error

    def _begin(self, parameters: StreamParameters) -> None:
        try:
            self._sampler.begin(parameters)
        except ValueError as error:
            raise SourceLost(str(error)) from error
