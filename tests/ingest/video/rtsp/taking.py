"""Taking pictures from a scripted camera, and what cameras say otherwise than usual."""

from collections.abc import Iterator, Sequence

import pytest

from ingest.video.annexb import split_units
from ingest.video.source import RtspSource, SourceFailure, SourcePacket, Transport, open_source
from tests.ingest.video.rtsp.scripted_camera import (
    PASSWORD,
    USER,
    Client,
    Reply,
    ScriptedCamera,
    Twist,
    pictures,
    playing,
    rtp,
)

MEDIA, ALL = rtp(pictures()), len(pictures())
RIGHT, WRONG = f"{USER}:geh%3Aeim%20%C3%BC@", f"{USER}:falsch@"
NOW_US = 1_770_000_000_000_000


def some_of(stream: RtspSource, count: int) -> Iterator[SourcePacket]:
    for packet in stream.packets():
        if packet is not None:
            yield packet
            count -= 1
        if not count:
            return


def units(some: Sequence[SourcePacket]) -> list[list[bytes]]:
    return [split_units(packet.data) for packet in some]


def received(url: str, count: int = ALL, transport: Transport = "tcp") -> list[SourcePacket]:
    """Opens the stream, takes so many pictures and closes it."""
    with open_source(url, transport) as stream:
        return list(some_of(stream, count))


def failure(url: str, transport: Transport = "tcp") -> SourceFailure:
    """Of a stream that brings nothing."""
    with pytest.raises(SourceFailure) as raised:
        received(url, 10_000, transport)
    assert PASSWORD not in str(raised.value)
    return raised.value


def changing(method: str, **headers: str) -> Twist:
    return lambda asked, usual: usual.having(**headers) if asked.method == method else usual


def refusing(method: str, status: int, **headers: str) -> Twist:
    return lambda asked, usual: Reply(status).having(**headers) if asked.method == method else usual


def endless(client: Client) -> None:
    """Reports, so that nobody thinks the camera dead; pictures all the while."""
    number = 0
    while client.is_open:
        playing(rtp(pictures(), number * 90_000))(client)
        number += 1
        client.closed.wait(0.05)


def kept_open(url: str, until: str, camera: ScriptedCamera, count: int) -> None:
    """Takes from a stream until the camera has been asked this so many times."""
    with open_source(url) as stream:
        for _ in stream.packets():
            if camera.methods().count(until) >= count:
                return
