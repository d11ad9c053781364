"""What people type as the address of a camera."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.video.onvif.addresses import device_url, host_of, is_host_alone, short
from ingest.video.onvif.problems import OnvifProblem, Trouble


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("192.0.2.10", "http://192.0.2.10/onvif/device_service"),
        (" 192.0.2.10:8000 ", "http://192.0.2.10:8000/onvif/device_service"),
        ("cam-1.hall.example", "http://cam-1.hall.example/onvif/device_service"),
        ("https://192.0.2.10/", "https://192.0.2.10/onvif/device_service"),
        ("HTTP://192.0.2.10/other/service", "http://192.0.2.10/other/service"),
        ("[2001:db8::1]:80", "http://[2001:db8::1]:80/onvif/device_service"),
        ("http://192.0.2.10/a?b=c#d", "http://192.0.2.10/a"),
    ],
)
def test_an_address_is_completed(typed: str, url: str) -> None:
    assert device_url(typed) == url
    assert device_url(url) == url
    assert device_url(short(url)) == url


def test_an_address_is_shown_as_short_as_it_may_be_typed() -> None:
    assert short("http://192.0.2.10:8000/onvif/device_service") == "192.0.2.10:8000"
    assert short("http://192.0.2.10/other") == "192.0.2.10/other"
    assert short("https://192.0.2.10/onvif/device_service") == "https://192.0.2.10"


NO_ADDRESSES = ["", " ", "rtsp://192.0.2.10/main", "file:///etc/passwd", "ftp://h", "gopher://h:70/x", "http://", "h:0"]
NO_ADDRESSES += ["h:99999", "[::1", "a b", "http://h\n/x", "h%0d%0a", "<h>", "x" * 400]


@pytest.mark.parametrize("typed", NO_ADDRESSES)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(OnvifProblem) as caught:
        device_url(typed)
    assert caught.value.trouble is Trouble.BAD_ADDRESS


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(OnvifProblem, match="must not carry") as caught:
        device_url("http://admin:geheim@192.0.2.10/")
    assert "geheim" not in str(caught.value)


@given(st.text(max_size=60) | st.text(alphabet="htp:/[]@.%1a", max_size=30))
def test_whatever_is_typed_gives_an_address_of_the_host_in_it_or_a_problem(typed: str) -> None:
    try:
        url = device_url(typed)
    except OnvifProblem:
        return
    assert url.startswith(("http://", "https://"))
    assert device_url(url) == url
    assert host_of(url).lower() in typed.lower()
    try:
        understood = httpx.URL(url)
    except httpx.InvalidURL:
        return  # nobody is asked then
    assert not understood.userinfo


@pytest.mark.parametrize(
    "host", ["192.0.2.10", "Camera-7.example", "localhost", "::1", "fe80::1%eth0", "摄像机.example"]
)
def test_a_host_alone_is_known_as_one(host: str) -> None:
    assert is_host_alone(host)


@pytest.mark.parametrize("host", ["192.0.2.10:80", "http://192.0.2.10", "192.0.2.10/onvif", "[::1]:80", "[::1]", "a b"])
def test_whatever_stands_beside_a_host_is_noticed(host: str) -> None:
    assert not is_host_alone(host)
