"""FFmpeg and we, at the same camera at the same time, get the same pictures."""

import threading
from itertools import islice, takewhile

import av
import pytest

from ingest.video.annexb import split_units
from ingest.video.frames import Codec
from ingest.video.source import Transport, open_source
from tests.ingest.video.gstreamer_camera import GStreamerCamera, reason_not_available
from tests.ingest.video.rtsp.packing import kind_of

pytestmark = pytest.mark.skipif(bool(reason_not_available()), reason=reason_not_available())

PICTURES, LEAST_IN_COMMON = 50, 15
AUD = {"h264": 9, "hevc": 35}

Taken = list[tuple[tuple[bytes, ...], int, bool]]
"""Units without delimiters, RTP ticks from the first picture on, keyframe."""


def units(codec: Codec, data: bytes) -> tuple[bytes, ...]:
    return tuple(unit for unit in split_units(data) if kind_of(codec, unit) != AUD[codec])


def ours(url: str, codec: Codec, transport: Transport, other: threading.Thread) -> Taken:
    """As long as the other takes some, who begins when we have begun: the server dies of two who begin at once."""
    with open_source(url, transport) as stream:
        other.start()
        packets = takewhile(lambda _: other.is_alive(), stream.packets())
        return [(units(codec, p.data), p.pts, p.keyframe) for p in packets if p is not None]


def theirs(url: str, codec: Codec, transport: Transport) -> Taken:
    """Without the first one, whose time FFmpeg does not know."""
    options = {"rtsp_transport": transport, "fpsprobesize": "0", "analyzeduration": "100000"}
    with av.open(url, "r", options=options, timeout=(10, 10)) as container:
        some = islice(container.demux(video=0), 1, PICTURES)
        return [(units(codec, bytes(p)), p.pts or 0, p.is_keyframe) for p in some]


@pytest.mark.parametrize(
    ("codec", "transport", "options"),
    [("h264", "tcp", ["--gop=12"]), ("h264", "udp", ["--gop=12", "--b-frames=2"]), ("hevc", "tcp", ["--gop=12"])],
)
def test_the_same_pictures_come_at_the_same_times(codec: Codec, transport: Transport, options: list[str]) -> None:
    found: dict[str, Taken] = {}
    with GStreamerCamera(f"--codec={codec}", "--fps=50", "--width=160", "--height=120", *options) as camera:

        def take() -> None:
            found["theirs"] = theirs(camera.url, codec, transport)

        found["ours"] = ours(camera.url, codec, transport, threading.Thread(target=take))
    # A busy server leaves pictures out for one client that it sends to the other.
    taken = {picture: (ticks, keyframe) for picture, ticks, keyframe in found["ours"]}
    pairs = [(taken[picture], (ticks, keyframe)) for picture, ticks, keyframe in found["theirs"] if picture in taken]
    assert len(pairs) >= LEAST_IN_COMMON
    assert [our[1] for our, _ in pairs] == [their[1] for _, their in pairs]
    assert len({our[0] - their[0] for our, their in pairs}) == 1
