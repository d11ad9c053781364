from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from analytics.live import LivePictures
from analytics.pictures import SourceLost
from tests.analytics.encoded import Packet, Parameters, annex_b
from tests.analytics.scenes import START, a_picture, at


def packets(*parts: Parameters | Packet) -> LivePictures:
    return LivePictures("cam", lambda _stop: iter(parts))


def seconds_of(source: LivePictures) -> list[float]:
    times: list[float] = []
    with pytest.raises(SourceLost):
        times.extend((picture.wall - START).total_seconds() for picture in source.pictures(Event()))
    return times


def test_keyframes_closer_than_the_sample_time_are_skipped() -> None:
    stream = list(annex_b([a_picture(0.5)] * 9, START, fps=4))
    assert seconds_of(packets(*stream)) == [0, 1, 2]


def test_a_damaged_keyframe_is_only_one_missed_sample() -> None:
    first, *rest = annex_b([a_picture(0.5)] * 3, START)
    broken = Packet(b"\0\0\0\1\x65garbage", at(-1), keyframe=True)
    assert seconds_of(packets(first, broken, *rest)) == [0, 1, 2]


@pytest.mark.parametrize(("codec", "seen"), [("h264", [0, 1, 2]), ("hevc", [0, 2])])
def test_a_keyframe_of_which_a_part_may_be_lost_is_looked_at_only_where_the_decoder_would_tell(
    codec: str, seen: list[float]
) -> None:
    first, zero, one, two = annex_b([a_picture(0.5)] * 3, START, codec)
    assert isinstance(one, Packet)
    assert seconds_of(packets(first, zero, replace(one, after_loss=True), two)) == seen


def test_a_clock_that_is_set_back_does_not_silence_the_camera() -> None:
    stream = list(annex_b([a_picture(0.5)] * 2, START))
    earlier = list(annex_b([a_picture(0.5)] * 2, START - timedelta(hours=1)))[1:]
    assert seconds_of(packets(*stream, *earlier)) == [0, 1, -3600, -3599]


def test_a_stream_that_breaks_says_why() -> None:
    def broken(_stop: Event) -> Iterator[Parameters | Packet]:
        yield Parameters("h264", b"")
        raise ConnectionResetError("reset by peer")

    with pytest.raises(SourceLost, match="reset by peer"):
        list(LivePictures("cam", broken).pictures(Event()))
    with pytest.raises(SourceLost, match="mjpeg"):
        list(packets(Parameters("mjpeg", b"")).pictures(Event()))


def test_stopping_is_no_error() -> None:
    stop = Event()
    stop.set()
    assert list(packets().pictures(stop)) == []
