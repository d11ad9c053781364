"""The watcher's live pictures: packets from the recorder's relay, keyframes decoded by analytics."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

from analytics.live import Frame, KeyframePictures, Packets, StreamParameters
from analytics.pictures import PictureSource, SourceLost
from ingest.video import relay


def through_relay(socket: Path, sample_seconds: float) -> Callable[[str], PictureSource]:
    """Opens a camera's pictures by its id."""

    def open_camera(camera_id: str) -> PictureSource:
        return KeyframePictures(camera_id, _keyframes(socket, camera_id), sample_seconds)

    return open_camera


def _keyframes(socket: Path, camera_id: str) -> Packets:
    def packets(stop: Event) -> Iterator[StreamParameters | Frame]:
        try:
            yield from relay.frames(socket, camera_id, keyframes_only=True, stop=stop)
        except relay.RelayError as error:
            raise SourceLost(str(error)) from error

    return packets
