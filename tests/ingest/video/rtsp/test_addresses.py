"""A camera's address, and where it sends us."""

import pytest

from ingest.video.rtsp.addresses import Address, without_credentials
from ingest.video.rtsp.authentication import Credentials
from ingest.video.rtsp.failures import SourceFailure


@pytest.mark.parametrize(
    ("url", "asked", "host", "port"),
    [
        ("rtsp://192.0.2.1/live", "rtsp://192.0.2.1/live", "192.0.2.1", 554),
        (
            "rtsp://192.0.2.1:8554/a?channel=1&subtype=0",
            "rtsp://192.0.2.1:8554/a?channel=1&subtype=0",
            "192.0.2.1",
            8554,
        ),
        ("rtsps://camera/live", "rtsps://camera/live", "camera", 322),
        ("rtsp://u:p%40s@[2001:db8::1]:99/live", "rtsp://[2001:db8::1]:99/live", "2001:db8::1", 99),
        ("rtsp://u:p@s@camera/live", "rtsp://camera/live", "camera", 554),
        ('rtsp://camera/大厅 1"', "rtsp://camera/%E5%A4%A7%E5%8E%85%201%22", "camera", 554),
        ("rtsp://camera/a%20b", "rtsp://camera/a%20b", "camera", 554),
    ],
)
def test_a_camera_is_asked_without_credentials(url: str, asked: str, host: str, port: int) -> None:
    address = Address.parse(url)
    assert (address.url, address.host, address.port) == (asked, host, port)
    assert address.secure == url.startswith("rtsps")


def test_credentials_are_what_was_escaped_and_are_not_shown() -> None:
    address = Address.parse("rtsp://h%C3%A4ll:p%40ss%2F@camera/")
    assert address.credentials == Credentials("häll", "p@ss/")
    assert "p@ss" not in repr(address)
    assert Address.parse("rtsp://camera/").credentials is None


@pytest.mark.parametrize(
    "url", ["", "camera", "http://camera/", "rtsp://", "rtsp:///live", "rtsp://camera:x/", "rtsp://[::1/"]
)
def test_what_is_no_address_is_refused_in_words(url: str) -> None:
    with pytest.raises(SourceFailure, match="the address"):
        Address.parse(url)


@pytest.mark.parametrize(
    ("before", "after", "goes_along"),
    [
        ("rtsp://u:p@camera/a", "rtsp://camera:8554/b", True),
        ("rtsp://u:p@camera/a", "rtsps://camera/b", True),
        ("rtsp://u:p@camera/a", "rtsp://elsewhere/a", False),
        ("rtsps://u:p@camera/a", "rtsp://camera/a", False),
    ],
)
def test_a_redirect_takes_the_password_along_only_to_the_same_camera(before: str, after: str, goes_along: bool) -> None:
    there = Address.parse(before).moved(after)
    assert there.url == after
    assert (there.credentials is not None) == goes_along


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("rtsp://viewer:geheim@192.0.2.10/main", "rtsp://192.0.2.10/main"),
        ("rtsp://viewer:ge@he/im:#@192.0.2.10:x/main", "rtsp://192.0.2.10:x/main"),
        ("http://viewer:a://geheim@192.0.2.10/main", "http://192.0.2.10/main"),
        ("viewer:geheim@192.0.2.10", "192.0.2.10"),
        ("viewer:geheim@http://192.0.2.10", "http://192.0.2.10"),
        ("rtsp://192.0.2.10/live?user=viewer&password=geheim", ""),
        ("rtsp://[192.0.2.10/user=viewer_password=geheim_channel=1", ""),
        ("rtsp://192.0.2.10:port/main", "rtsp://192.0.2.10:port/main"),
        ("", ""),
    ],
)
def test_of_a_wrong_address_nothing_secret_is_shown_again(typed: str, shown: str) -> None:
    assert without_credentials(typed) == shown
