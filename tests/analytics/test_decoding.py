import numpy as np
import pytest

from analytics.decoding import KeyframeDecoder, UndecodableFrame, annex_b_parameters
from tests.analytics.encoded import Packet, annex_b
from tests.analytics.scenes import START, a_picture

SPS, PPS = b"\x67\x64\x00\x0c\xac", b"\x68\xee\x3c"


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_every_keyframe_gives_its_own_picture_at_once(codec: str) -> None:
    pictures = [a_picture(x) for x in (0.2, 0.5, 0.8)]
    decoder = KeyframeDecoder(codec)
    packets = [packet for packet in annex_b(pictures, START, codec) if isinstance(packet, Packet)]
    assert len(packets) == 3
    for packet, picture in zip(packets, pictures, strict=True):
        decoded = decoder.decode(packet.data)
        assert decoded.shape == picture.shape
        assert np.abs(decoded.astype(int) - picture).mean() < 8


def test_a_damaged_keyframe_does_not_spoil_the_next() -> None:
    (packet,) = (p for p in annex_b([a_picture(0.5)], START) if isinstance(p, Packet))
    decoder = KeyframeDecoder("h264")
    with pytest.raises(UndecodableFrame):
        decoder.decode(b"\0\0\0\1\x65garbage")
    assert decoder.decode(packet.data).shape == (360, 640, 3)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_keyframe_of_which_the_end_is_missing_is_no_picture(codec: str) -> None:
    """Of H.265 the decoder tells so of some alone, and not always of the same ones."""
    (packet,) = (p for p in annex_b([a_picture(0.2, 0.8)], START, codec) if isinstance(p, Packet))
    decoder, refused = KeyframeDecoder(codec), 0
    for tenths in range(1, 10):
        try:
            decoder.decode(packet.data[: len(packet.data) * tenths // 10])
        except UndecodableFrame:
            refused += 1
        assert decoder.decode(packet.data).shape == (360, 640, 3)
    assert refused == 9 if codec == "h264" else refused > 0


def test_parameter_sets_are_read_from_the_record_of_an_mp4() -> None:
    record = b"\x01\x64\x00\x0c\xff\xe1" + b"\x00\x05" + SPS + b"\x01" + b"\x00\x03" + PPS
    assert annex_b_parameters("h264", record) == b"\0\0\0\1" + SPS + b"\0\0\0\1" + PPS
    hevc = bytes([1]) + bytes(21) + b"\x01" + b"\x20\x00\x01" + b"\x00\x03" + PPS
    assert annex_b_parameters("hevc", hevc) == b"\0\0\0\1" + PPS


def test_parameter_sets_with_start_codes_stay_as_they_are() -> None:
    assert annex_b_parameters("h264", b"\0\0\0\1" + SPS) == b"\0\0\0\1" + SPS
    assert annex_b_parameters("h264", b"") == b""


def test_a_record_that_is_cut_off_and_a_codec_that_is_not_decoded_are_refused() -> None:
    with pytest.raises(ValueError, match="cut off"):
        annex_b_parameters("h264", b"\x01\x64\x00\x0c\xff\xe1\x00\x40")
    with pytest.raises(ValueError, match=r"H\.264"):
        KeyframeDecoder("mjpeg")
