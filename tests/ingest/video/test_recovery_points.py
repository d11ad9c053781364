"""Where decoding of H.264 can begin without an IDR picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.video.annexb import START_CODE, h264_kind, join_units, split_units
from ingest.video.recovery_points import recovery_frames
from tests.ingest.video.encoded import packets

H264_IDR = 5
AT_ONCE, GRADUAL = b"\x06\x06\x01\xc4\x80", b"\x06\x06\x01\x13\x80"
USER_DATA = b"\x06\x05\x04abcd\x80"
INTRA, PREDICTED = b"\x61\x88\x80\x11", b"\x61\xe0\x80\x11"


@pytest.mark.parametrize(
    ("units", "frames"),
    [
        ([AT_ONCE, INTRA], 0),
        ([USER_DATA, AT_ONCE, INTRA, INTRA], 0),
        ([b"\x06\x05\x02ab\x06\x01\xc4\x80", INTRA], 0),
        ([GRADUAL, PREDICTED], 8),
        ([AT_ONCE, PREDICTED], None),
        ([AT_ONCE, INTRA, PREDICTED], None),
        ([AT_ONCE], None),
        ([USER_DATA, INTRA], None),
        ([INTRA, AT_ONCE], None),
        ([b"\x06\x06\x01", INTRA], None),
        ([b"\x06\xff\xff\xff", INTRA], None),
        ([], None),
    ],
)
def test_a_recovery_point_is_believed_when_the_picture_fits(units: list[bytes], frames: int | None) -> None:
    assert recovery_frames(join_units(units)) == frames


def test_an_open_group_of_pictures_begins_with_a_recovery_point() -> None:
    made = [packet.data for packet in packets(60, gop=20, b_frames=2, x264="open-gop=1")]
    clean = [data for data in made if recovery_frames(data) == 0]
    assert len(clean) == 2
    assert all(h264_kind(unit) != H264_IDR for data in clean for unit in split_units(data))


def test_a_stream_refreshed_part_by_part_says_when_it_is_right() -> None:
    made = [packet.data for packet in packets(60, gop=20, x264="intra-refresh=1")]
    found = [frames for data in made[1:] if (frames := recovery_frames(data))]
    assert len(found) >= 2
    assert all(0 < frames <= 20 for frames in found)


def test_pictures_of_a_usual_stream_need_none() -> None:
    assert {recovery_frames(packet.data) for packet in packets(30)} == {None}


@given(st.lists(st.one_of(st.binary(max_size=20), st.sampled_from([AT_ONCE, GRADUAL, INTRA, START_CODE])), max_size=8))
def test_any_bytes_are_a_recovery_point_or_none(parts: list[bytes]) -> None:
    frames = recovery_frames(START_CODE.join(parts))
    assert frames is None or frames >= 0
