"""Which streams of a device are taken."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.video.onvif.profiles import Profile, described, propose, without_credentials

SIZES = [(3840, 2160), (1920, 1080), (1280, 720), (704, 576), (640, 360), (320, 180), (176, 144), (0, 0)]


def profile(width: int, height: int, codec: str = "h264", source: str = "1", url: str = "rtsp://h/1") -> Profile:
    return Profile(f"{width}-{codec}-{source}", "", source, codec, width, height, 25.0, url)


def test_the_largest_is_main_and_the_smallest_that_shows_something_is_sub() -> None:
    offered = [profile(640, 360), profile(1920, 1080), profile(176, 144), profile(1280, 720)]
    proposal = propose(offered)
    assert proposal
    assert (proposal.main.width, proposal.sub and proposal.sub.width) == (1920, 640)


def test_a_sub_stream_that_browsers_play_goes_before_a_smaller_one_that_they_do_not() -> None:
    offered = [profile(3840, 2160, "hevc"), profile(640, 360, "hevc"), profile(704, 576, "h264")]
    proposal = propose(offered)
    assert proposal
    assert proposal.sub == offered[2]


def test_main_and_sub_show_the_same_lens() -> None:
    offered = [profile(1920, 1080, source="1"), profile(640, 360, source="2"), profile(704, 576, source="1")]
    proposal = propose(offered)
    assert proposal
    assert proposal.sub == offered[2]


def test_what_cannot_be_recorded_is_not_proposed() -> None:
    assert propose([]) is None
    assert propose([profile(1920, 1080, "jpeg"), profile(1280, 720, url="")]) is None
    proposal = propose([profile(1920, 1080, "jpeg"), profile(1280, 720)])
    assert proposal
    assert (proposal.main.width, proposal.sub) == (1280, None)


@given(
    st.lists(
        st.builds(
            lambda size, codec, source: profile(size[0], size[1], codec, source),
            st.sampled_from(SIZES),
            st.sampled_from(["h264", "hevc", "jpeg"]),
            st.sampled_from(["1", "2"]),
        ),
        max_size=8,
    )
)
def test_a_proposal_is_always_of_what_was_offered(offered: list[Profile]) -> None:
    proposal = propose(offered)
    assert (proposal is None) == (not any(each.recordable for each in offered))
    if proposal:
        assert proposal.main in offered
        assert proposal.main.pixels == max(each.pixels for each in offered if each.recordable)
        if proposal.sub:
            assert proposal.sub in offered
            assert proposal.sub.width >= 320
            assert proposal.sub.pixels < proposal.main.pixels
            assert proposal.sub.source == proposal.main.source


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("rtsp://192.0.2.10:554/main?x=1", "rtsp://192.0.2.10:554/main?x=1"),
        ("rtsp://admin:geheim@192.0.2.10/main", "rtsp://192.0.2.10/main"),
        ("rtsp://[2001:db8::1]:554/a", "rtsp://[2001:db8::1]:554/a"),
        ("rtsps://h/a#b", "rtsps://h/a"),
        ("http://192.0.2.10/mjpeg", ""),
        ("rtsp://192.0.2.10/?user=admin&password=geheim", ""),
        ("rtsp://192.0.2.10/user=admin_password=tlJwpbo6_channel=1.sdp", ""),
        (
            "rtsp://192.0.2.10/user=admin_password=_channel=1.sdp",
            "rtsp://192.0.2.10/user=admin_password=_channel=1.sdp",
        ),
        ("rtsp://h:99999/", ""),
        ("rtsp:///main", ""),
        ("", ""),
    ],
)
def test_an_address_loses_its_password_or_is_not_used(told: str, kept: str) -> None:
    assert without_credentials(told) == kept


@given(st.text(max_size=80) | st.text(alphabet="rtsp:/@[]pwd=&?1", max_size=40).map(lambda rest: f"rtsp://{rest}"))
def test_no_address_of_a_device_brings_credentials_along(told: str) -> None:
    kept = without_credentials(told)
    assert kept == "" or kept.startswith(("rtsp://", "rtsps://"))
    assert "@" not in urlsplit(kept).netloc
    assert without_credentials(kept) == kept


@given(st.dictionaries(st.sampled_from(["width", "height", "fps_limit"]), st.none() | st.integers() | st.text()))
def test_sizes_are_numbers_or_unknown(encoder: dict[str, Any]) -> None:
    found = described({"token": "t", "video_encoder": encoder}, "")
    assert 0 <= found.width <= 100_000
    assert 0 <= found.height <= 100_000
    assert 0 <= found.fps <= 100_000


@pytest.mark.parametrize(("told", "codec"), [("H264", "h264"), ("h.265", "hevc"), ("JPEG", "jpeg"), ("", "")])
def test_a_codec_has_one_name(told: str, codec: str) -> None:
    assert described({"video_encoder": {"encoding": told}}, "").codec == codec
