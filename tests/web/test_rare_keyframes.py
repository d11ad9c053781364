"""A camera that sends a keyframe only every twenty seconds: what is seen is told as soon as of any other."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from io import BytesIO
from zoneinfo import ZoneInfo

import av
import pytest

from analytics.looker import Looker
from analytics.looking import WatchedView
from analytics.onlookers import Shows
from analytics.plan import CameraPlan, CounterPlan, WatchPlan
from analytics.rule import Rule
from analytics.sampling import RARE, Sampler
from analytics.watch import Watch
from ingest.video.frames import EncodedFrame, StreamInfo
from ingest.video.sparse import SparseQueue
from storage.hours import HallHours
from tests.analytics.scenes import START, at
from tests.analytics.world import MarkerDetector, drawn

FPS, GOP_S, LENGTH_S = 5, 20, 45
LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
THRESHOLD = at(5) - at(0)
PLAN = WatchPlan(
    {"cam": CameraPlan("cam", "h", (WatchedView("cam", "c-1", LEFT_HALF),))},
    {
        "c-1": CounterPlan(
            "c-1",
            "h",
            {"cam": Shows.WHOLE},
            Rule(THRESHOLD, THRESHOLD),
            HallHours(ZoneInfo("UTC")),
        )
    },
)


def sent(left: float) -> Iterator[EncodedFrame]:
    """A clerk who leaves at that second."""
    with av.open(BytesIO(), "w", format="null") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        stream.options = {
            "preset": "ultrafast",
            "crf": "10",
            "x264-params": f"keyint={GOP_S * FPS}:scenecut=0:annexb=1",
        }
        for number in range(LENGTH_S * FPS):
            second = number / FPS
            picture = av.VideoFrame.from_ndarray(drawn("staff" if second < left else "nobody", second), format="bgr24")
            picture.pts = number
            for packet in stream.encode(picture):
                yield encoded(packet)
        for packet in stream.encode(None):
            yield encoded(packet)


def encoded(packet: "av.Packet[av.VideoStream]") -> EncodedFrame:
    pts = packet.pts or 0
    return EncodedFrame(bytes(packet), pts, pts, at(pts / FPS), packet.is_keyframe)


def told_at(left: float) -> tuple[datetime, datetime]:
    """When the absence is found, and when it is said to have begun."""
    queue, sampler, watch = (
        SparseQueue(RARE.total_seconds()),
        Sampler("cam", at(1) - at(0)),
        Watch(Looker(MarkerDetector())),
    )
    watch.follow(PLAN, START)
    queue.offer(StreamInfo("h264", 160, 90, b"", Fraction(1, FPS)))
    for frame in sent(left):
        queue.offer(frame)
        while (item := queue.take()) is not None:
            if isinstance(item, StreamInfo):
                sampler.begin(item)
            elif isinstance(item, EncodedFrame):
                watch.take_live(list(sampler.take(item))[-1:], frame.wall)
        watch.settle(frame.wall)
        if found := watch.counters["c-1"].absences():
            return frame.wall, found[0].start
    raise AssertionError("never")


@pytest.mark.parametrize("left", [3.0, 8.5, 19.5])
def test_an_absence_is_told_within_its_threshold_and_ten_seconds(left: float) -> None:
    told, start = told_at(left)
    assert told <= at(left + 10) + THRESHOLD
    assert at(left) <= start <= at(left) + RARE
