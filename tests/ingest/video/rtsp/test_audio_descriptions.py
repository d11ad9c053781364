"""The sound in SDP as cameras write it, and what an AudioSpecificConfig says of it."""

import av
import pytest
from av.audio.codeccontext import AudioCodecContext
from hypothesis import given
from hypothesis import strategies as st

from ingest.video.audio import AudioFormat
from ingest.video.rtsp.audio_config import read_audio_config
from ingest.video.rtsp.audio_descriptions import AudioTrack, NoAudio, UnitHeader, audio_track
from tests.ingest.video.rtsp.test_descriptions import HIKVISION, sdp

HBR = "mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3"
VIDEO = ("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000")


def track(*lines: str) -> AudioTrack:
    return audio_track(sdp(*VIDEO, *lines))


def aac(parameters: str, rate: str = "48000/2") -> tuple[str, ...]:
    return ("m=audio 0 RTP/AVP 97", f"a=rtpmap:97 mpeg4-generic/{rate}", f"a=fmtp:97 {parameters}", "a=control:track2")


def test_the_sound_is_found_among_other_tracks() -> None:
    found = audio_track(sdp(*HIKVISION))
    assert found.format == AudioFormat("pcma", 8_000, 1, 0)
    assert found.payload_type == 8
    assert found.control.endswith("/trackID=2?transportmode=unicast")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("m=audio 0 RTP/AVP 0",), AudioFormat("pcmu", 8_000, 1, 0)),
        (("m=audio 0 RTP/AVP 8",), AudioFormat("pcma", 8_000, 1, 0)),
        (("m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/16000/2"), AudioFormat("pcmu", 16_000, 2, 0)),
        (("m=audio 0 RTP/AVP 98 8", "a=rtpmap:98 G726-32/8000"), AudioFormat("pcma", 8_000, 1, 0)),
        (aac(f"{HBR};config=1190"), AudioFormat("aac", 48_000, 2, 1_024, b"\x11\x90")),
        (aac(f"{HBR}; Config=1408", "16000"), AudioFormat("aac", 16_000, 1, 1_024, b"\x14\x08")),
        (aac("mode=aac-HBR;config=1408", "16000"), AudioFormat("aac", 16_000, 1, 1_024, b"\x14\x08")),
        # The clock of HE-AAC is that of what is heard, twice as fast as that of the core.
        (aac(f"{HBR};config=2b118800", "48000"), AudioFormat("aac", 48_000, 2, 2_048, bytes.fromhex("2b118800"))),
    ],
)
def test_what_can_be_recorded_is(lines: tuple[str, ...], expected: AudioFormat) -> None:
    assert track(*lines).format == expected


def test_the_fields_before_each_unit_are_as_the_description_says() -> None:
    assert track(*aac(f"{HBR};config=1190")).unit_header == UnitHeader(13, 3, 3)
    assert track(*aac("mode=AAC-lbr;config=1190")).unit_header == UnitHeader(6, 2, 2)
    assert track(*aac("sizelength=16;config=1190;auxiliarydatasizelength=8")).unit_header == UnitHeader(16, 0, 0, 8)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((), "sends no audio"),
        (("m=audio 0 RTP/AVP 98", "a=rtpmap:98 opus/48000/2"), "opus audio is not recorded; set the camera's audio to"),
        (("m=audio 0 RTP/AVP 98", "a=rtpmap:98 MP4A-LATM/48000/2"), "MP4A-LATM audio"),
        (("m=audio 0 RTP/AVP 98", "a=rtpmap:98 G726-32/8000"), "G726-32 audio"),
        (("m=audio 0 RTP/AVP 3",), "unknown audio"),
        (("m=audio 0 RTP/AVP",), "unknown"),
        (aac(HBR), "without its configuration"),
        (aac(f"{HBR};config=xyz"), "without its configuration"),
        (aac("config=1190"), "unusual packetization"),
        (aac(f"{HBR};ctsdeltalength=4;config=1190"), "unusual packetization"),
        (aac(f"{HBR};config=f8e63000"), "kind 39"),
        (("m=audio 0 RTP/AVP 0", "a=rtpmap:0 PCMU/8000/99"), "99 channels"),
    ],
)
def test_what_cannot_be_recorded_is_said(lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(NoAudio, match=words):
        track(*lines)


@pytest.mark.parametrize("hz", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2)])
def test_configurations_of_another_encoder_are_read(hz: int, layout: str, channels: int) -> None:
    context = av.CodecContext.create("aac", "w")
    assert isinstance(context, AudioCodecContext)
    context.sample_rate, context.layout, context.format = hz, layout, "fltp"
    context.open()
    found = read_audio_config(bytes(context.extradata or b""))
    assert (found.hz, found.channels, found.frame_samples) == (hz, channels, 1_024)


@given(st.binary(max_size=80))
def test_any_configuration_is_read_or_refused(data: bytes) -> None:
    try:
        found = read_audio_config(data)
    except ValueError:
        return
    assert 0 < found.hz <= 192_000
    assert found.frame_samples in (960, 1_024)


LINES = st.sampled_from(
    [
        *VIDEO,
        *HIKVISION,
        *aac(f"{HBR};config=1190"),
        *aac("mode=AAC-lbr;sizelength=99999999"),
        "m=audio",
        "m=audio 0 x 8",
    ]
)


@given(st.lists(LINES | st.text(max_size=40), max_size=20))
def test_any_description_is_read_or_refused_in_words(lines: list[str]) -> None:
    try:
        found = audio_track(sdp(*lines))
    except NoAudio:
        return
    assert found.format.hz > 0
    assert found.format.channels > 0
