"""The watcher's live pictures: packets from the recorder's relay, decoded by analytics."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

from analytics.live import LivePictures, Packets
from analytics.pictures import PictureSource, SourceLost
from analytics.sampling import RARE, Frame, StreamParameters
from ingest.video import relay


def through_relay(socket: Path, sample_seconds: float) -> Callable[[str], PictureSource]:
    """Opens a camera's pictures by its id."""

    def open_camera(camera_id: str) -> PictureSource:
        return LivePictures(
            camera_id, _packets(socket, camera_id, max(sample_seconds, RARE.total_seconds())), sample_seconds
        )

    return open_camera


def _packets(socket: Path, camera_id: str, rare_s: float) -> Packets:
    def packets(stop: Event) -> Iterator[StreamParameters | Frame]:
        try:
            yield from relay.frames(socket, camera_id, keyframes_only=True, rare_s=rare_s, stop=stop)
        except relay.RelayError as error:
            raise SourceLost(str(error)) from error

    return packets
