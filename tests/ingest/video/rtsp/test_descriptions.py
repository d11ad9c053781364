"""SDP as cameras write it."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.video.annexb import join_units
from ingest.video.rtsp.descriptions import VideoTrack, base_address, resolved, session_control, video_track
from ingest.video.rtsp.failures import SourceFailure
from storage.models import GapCause

SPS, PPS = bytes.fromhex("674d0028e900f0044fcb"), bytes.fromhex("68ee3c80")
SETS = f"{base64.b64encode(SPS).decode()},{base64.b64encode(PPS).decode()}"
HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=Media\r\nt=0 0\r\n"


def sdp(*lines: str, end: str = "\r\n") -> str:
    return (HEAD + "\r\n".join([*lines, ""])).replace("\r\n", end)


def track(*lines: str, end: str = "\r\n") -> VideoTrack:
    return video_track(sdp(*lines, end=end))


HIKVISION = (
    "a=control:rtsp://192.0.2.1:554/Streaming/Channels/101/?transportmode=unicast",
    "m=audio 0 RTP/AVP 8",
    "a=rtpmap:8 PCMA/8000",
    "a=control:rtsp://192.0.2.1:554/Streaming/Channels/101/trackID=2?transportmode=unicast",
    "m=video 0 RTP/AVP 96",
    "b=AS:5000",
    "a=control:rtsp://192.0.2.1:554/Streaming/Channels/101/trackID=1?transportmode=unicast",
    "a=rtpmap:96 H264/90000",
    f"a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets={SETS}",
    "a=Media_header:MEDIAINFO=494D4B4801",
    "a=appversion:1.0",
    "m=application 0 RTP/AVP 107",
    "a=rtpmap:107 vnd.onvif.metadata/90000",
    "a=control:trackID=3",
)


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_the_video_is_found_among_other_tracks(end: str) -> None:
    found = track(*HIKVISION, end=end)
    assert (found.codec, found.payload_type, found.clock_hz) == ("h264", 96, 90_000)
    assert found.control.endswith("/trackID=1?transportmode=unicast")
    assert found.extradata == join_units([SPS, PPS])
    assert session_control(sdp(*HIKVISION, end=end)).endswith("/101/?transportmode=unicast")


@pytest.mark.parametrize(
    "lines",
    [
        ("a=rtpmap:98 h264/90000", f"a=fmtp:98 sprop-parameter-sets={SETS}"),
        (f"a=fmtp:98  packetization-mode=1 ;  Sprop-Parameter-Sets = {SETS} ;", "a=rtpmap: 98  H264/90000"),
        ("a=rtpmap:98 H264", f"a=fmtp:98 sprop-parameter-sets={SETS.replace('=', '')}"),
        (f"a=fmtp:98 sprop-parameter-sets={SETS}",),
        ("a=rtpmap:0 PCMU/8000", f"a=fmtp:98 sprop-parameter-sets={SETS}", "a=rtpmap:98 H264/90000/1"),
    ],
)
def test_a_track_is_understood_however_it_is_written(lines: tuple[str, ...]) -> None:
    found = track("m=video 0 RTP/AVP 98", *lines)
    assert found == VideoTrack("h264", 98, 90_000, "", join_units([SPS, PPS]))


def test_parameter_sets_of_hevc_may_come_in_any_order() -> None:
    texts = {name: base64.b64encode(name.encode()).decode() for name in ("sps", "vps", "pps")}
    told = ";".join(f"sprop-{name}={text}" for name, text in texts.items())
    found = track("m=video 0 RTP/AVP 97", "a=rtpmap:97 H265/90000", f"a=fmtp:97 {told}")
    assert found.codec == "hevc"
    assert found.extradata == join_units([b"vps", b"sps", b"pps"])


@pytest.mark.parametrize("sets", ["%%%,*", "Z", "é", ",,"])
def test_broken_parameter_sets_are_waited_for_in_the_stream(sets: str) -> None:
    found = track("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", f"a=fmtp:96 sprop-parameter-sets={sets}")
    assert found.codec == "h264"


def test_the_first_video_that_can_be_recorded_is_taken() -> None:
    found = track(
        "m=video 0 RTP/AVP 26",
        "a=control:jpeg",
        "m=video 0 RTP/AVP 100 96",
        "a=rtpmap:100 rtx/90000",
        "a=rtpmap:96 H265/90000",
        "a=control:main",
        "m=video 0 RTP/AVP 96",
        "a=rtpmap:96 H264/90000",
        "a=control:sub",
    )
    assert (found.codec, found.payload_type, found.control) == ("hevc", 96, "main")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((), "no video"),
        (("m=audio 0 RTP/AVP 0",), "no video"),
        (("m=video 0 RTP/AVP 26",), "unknown video; set the camera to H.264 or H.265"),
        (("m=video 0 RTP/AVP 96", "a=rtpmap:96 MP4V-ES/90000"), "MP4V-ES video"),
        (("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=2"), "interleaved mode"),
        (("m=video 0 RTP/AVP 96", "a=rtpmap:96 H265/90000", "a=fmtp:96 sprop-max-don-diff=1"), "interleaved mode"),
    ],
)
def test_what_cannot_be_recorded_is_refused_in_words(lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(SourceFailure, match=words) as failure:
        track(*lines)
    assert failure.value.cause is GapCause.STREAM_UNSUPPORTED


@pytest.mark.parametrize(
    ("base", "control", "address"),
    [
        ("rtsp://c/live", "trackID=1", "rtsp://c/live/trackID=1"),
        ("rtsp://c/live/", "trackID=1", "rtsp://c/live/trackID=1"),
        (
            "rtsp://c/cam/realmonitor?channel=1&subtype=0/",
            "trackID=0",
            "rtsp://c/cam/realmonitor?channel=1&subtype=0/trackID=0",
        ),
        ("rtsp://c/live", "/track1", "rtsp://c/live/track1"),
        ("rtsp://c/live", "?ctype=video", "rtsp://c/live?ctype=video"),
        ("rtsp://c/live", "rtsp://192.0.2.9/?rtsp_tunnel&stream=video", "rtsp://192.0.2.9/?rtsp_tunnel&stream=video"),
        ("rtsp://c/live/", "*", "rtsp://c/live/"),
        ("rtsp://c/live", "", "rtsp://c/live"),
        ("rtsp://c/live", "a b", "rtsp://c/live/a%20b"),
    ],
)
def test_a_track_is_asked_for_as_cameras_expect_it(base: str, control: str, address: str) -> None:
    assert resolved(base, control) == address


@pytest.mark.parametrize(
    ("told", "base"),
    [
        ("rtsp://192.0.2.7/live/", "rtsp://192.0.2.7/live/"),
        ("rtsp://rtsp://camera:554/stream1/", "rtsp://camera:554/stream1/"),
        ("192.0.2.7:554/stream0/", "rtsp://c/live"),
        ("stream0/", "rtsp://c/live"),
        ("rtsp:///stream0/", "rtsp://c/live"),
        ("", "rtsp://c/live"),
    ],
)
def test_a_base_that_makes_no_sense_is_that_which_was_asked_for(told: str, base: str) -> None:
    assert base_address(told, "rtsp://c/live") == base


@given(
    st.lists(
        st.sampled_from([*HIKVISION, "m=video", "m=", "a=", "a=rtpmap:96", "a=fmtp:96 ", "\x00", "m=video 0 x 96"])
    )
)
def test_lines_in_any_order_are_a_track_or_a_refusal(lines: list[str]) -> None:
    try:
        video_track("\n".join(lines))
    except SourceFailure:
        return


@given(st.text(alphabet="m=videoa 0123/\r\n:;,HrtpVPAfx.é½٣", max_size=200))
def test_any_text_is_a_track_or_a_refusal(text: str) -> None:
    try:
        video_track(text)
    except SourceFailure:
        session_control(text)
