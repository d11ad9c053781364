"""Asking a device for its streams: the simulated one, and those that lie, are silent or mean harm."""

import gzip
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from itertools import chain, repeat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.simulator.onvif_device import OnvifDevice, Stream
from ingest.simulator.onvif_messages import envelope, fault, read_message
from ingest.simulator.onvif_server import OnvifServer
from ingest.simulator.rtsp_messages import Credentials
from ingest.video.onvif.problems import OnvifProblem, Trouble
from ingest.video.onvif.profiles import propose
from ingest.video.onvif.reading import DeviceRead, read_device
from tests.ingest.video.onvif.conftest import Answerer, sending

MAIN = Stream("main", "rtsp://10.9.9.9:554/main", 1920, 1080, 25)
SUB = Stream("sub", "rtsp://10.9.9.9:554/sub", 640, 360, 15)
USER, PASSWORD = "hall", "geh:eim <ü>"
camera = partial(OnvifDevice, "cam-1", "Entrance", (MAIN, SUB), Credentials(USER, PASSWORD))
BOMB = b"""<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>"""
FOREIGN = b"""<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>"""


def read(device: OnvifDevice, user: str = USER, password: str = PASSWORD) -> DeviceRead:
    with OnvifServer([device]) as server:
        return read_device(server.address("cam-1"), user, password)


def trouble(read_it: Callable[[], object]) -> Trouble:
    with pytest.raises(OnvifProblem) as caught:
        read_it()
    assert PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value.trouble


@pytest.mark.parametrize("media2", [True, False])
def test_a_camera_tells_its_kind_its_clock_and_its_streams(media2: bool) -> None:
    found = read(camera(media2=media2))
    assert (found.manufacturer, found.model, found.host) == ("Hallwatch", "Simulated camera", "127.0.0.1")
    assert found.clock_offset_s is not None
    assert abs(found.clock_offset_s) < 5
    main, sub = found.profiles
    assert (main.name, main.codec, main.width, main.height, main.fps) == ("main", "h264", 1920, 1080, 25.0)
    assert propose(found.profiles) == propose([main, sub])
    assert sub.url.endswith("/sub")


def test_the_streams_are_of_the_address_that_was_asked_whatever_the_camera_calls_itself() -> None:
    assert [profile.url for profile in read(camera()).profiles] == [
        "rtsp://127.0.0.1:554/main",
        "rtsp://127.0.0.1:554/sub",
    ]


def test_a_wrong_password_is_told_as_such() -> None:
    assert trouble(lambda: read(camera(), USER, "wrong")) is Trouble.REFUSED
    assert trouble(lambda: read(camera(), "", "")) is Trouble.REFUSED


def test_a_camera_without_a_password_needs_none() -> None:
    assert read(OnvifDevice("cam-1", "Entrance", (MAIN,)), "", "").profiles


def test_a_camera_whose_clock_is_an_hour_off_is_read_and_says_so() -> None:
    found = read(camera(clock_offset=lambda: timedelta(hours=-1)))
    assert found.clock_offset_s is not None
    assert -3605 < found.clock_offset_s < -3595


def test_a_camera_that_lies_about_its_clock_refuses_and_the_clock_is_named() -> None:
    assert (
        trouble(lambda: read(camera(clock_offset=lambda: timedelta(hours=1), lie=timedelta(hours=8))))
        is Trouble.CLOCK_OFF
    )


def test_h265_and_what_cannot_be_recorded_are_told_apart() -> None:
    streams = (Stream("a", "rtsp://h/a", 3840, 2160, 25, "H265"), Stream("b", "http://h/b", 640, 360, 5, "JPEG"))
    found = read(OnvifDevice("cam-1", "Entrance", streams))
    assert [(profile.codec, profile.recordable) for profile in found.profiles] == [("hevc", True), ("jpeg", False)]
    assert trouble(lambda: read(OnvifDevice("cam-1", "Entrance", streams[1:]))) is Trouble.NO_VIDEO
    assert trouble(lambda: read(OnvifDevice("cam-1", "Entrance", ()))) is Trouble.NO_VIDEO


def test_nobody_at_the_address_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert trouble(lambda: read_device(f"127.0.0.1:{port}", USER, PASSWORD)) is Trouble.UNREACHABLE
    assert trouble(lambda: read_device("no-such-host.invalid", USER, PASSWORD)) is Trouble.UNREACHABLE


def test_a_device_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        assert trouble(lambda: read_device(address, USER, PASSWORD, within_s=0.3)) is Trouble.SILENT


def test_an_answer_that_comes_drop_by_drop_is_given_up(whoever: Answerer) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for drop in chain([b"<a>"], repeat(b" ")):
                handler.wfile.write(drop)
                handler.wfile.flush()
        except OSError:
            handler.close_connection = True

    device = whoever(drip)
    found = trouble(lambda: read_device(device.url, USER, PASSWORD, within_s=0.3))
    assert found in {Trouble.SILENT, Trouble.NOT_ONVIF}, "by its time or by its size"


@pytest.mark.parametrize(
    "body", [b"", b"<html>router</html>", b"\xff\xfe\x00", BOMB, FOREIGN, b"<a>" * 100_000, b"x" * 2_000_000]
)
@pytest.mark.parametrize("status", [200, 400, 404, 500, 503])
def test_what_is_no_onvif_is_told_as_such(whoever: Answerer, body: bytes, status: int) -> None:
    device = whoever(sending(body, status))
    assert trouble(lambda: read_device(device.url, USER, PASSWORD)) is Trouble.NOT_ONVIF


def test_an_answer_that_nests_without_end_is_not_read(whoever: Answerer) -> None:
    """The library would look through each element once more for each that it lies in."""
    honest = playing(camera(), "http://127.0.0.1")
    nested = sending(b"<Profiles>" * 40_000 + b"</Profiles>" * 40_000)
    device = whoever(
        lambda handler: (
            nested(handler) if b"GetProfiles" in device.asked[-1][1] else honest(handler, device.asked[-1][1])
        )
    )
    assert trouble(lambda: read_device(device.url, USER, PASSWORD)) is Trouble.NOT_ONVIF


def test_an_answer_that_is_packed_is_not_unpacked(whoever: Answerer) -> None:
    device = whoever(sending(gzip.compress(envelope("<a/>")), Content_Encoding="gzip"))
    assert trouble(lambda: read_device(device.url, USER, PASSWORD)) is Trouble.NOT_ONVIF


def test_a_redirect_is_not_followed(whoever: Answerer) -> None:
    victim = whoever(sending(b""))
    device = whoever(sending(b"", 307, Location=victim.url))
    assert trouble(lambda: read_device(device.url, USER, PASSWORD)) is Trouble.NOT_ONVIF
    assert victim.asked == []


def playing(device: OnvifDevice, base: str) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        told = device.answer(read_message(body), base, datetime.now(UTC))
        sending(told.body, told.status)(handler)

    return answer


@pytest.mark.parametrize(
    "elsewhere", ["http://127.0.0.1:{port}/x", "http://[half", "ftp://127.0.0.1:{port}/x", "/x", "\\\\h"]
)
def test_a_device_that_points_elsewhere_sends_nobody_there(whoever: Answerer, elsewhere: str) -> None:
    """Its services are told to be at another address: the digest stays with the device that was named."""
    victim = whoever(sending(b""))
    port = victim.url.split(":")[2].split("/")[0]
    pointing = playing(camera(), elsewhere.format(port=port))
    device = whoever(lambda handler: pointing(handler, device.asked[-1][1]))
    try:
        assert read_device(device.url, USER, PASSWORD).profiles
    except OnvifProblem as problem:
        assert problem.trouble is Trouble.NOT_ONVIF  # noqa: PT017 (either is right)
    assert victim.asked == []


def test_the_password_is_never_sent_in_the_clear(whoever: Answerer) -> None:
    """Also not to a device that asks for it by HTTP's own Basic."""
    device = whoever(sending(b"", 401, WWW_Authenticate='Basic realm="camera"'))
    assert trouble(lambda: read_device(device.url, USER, "clear-password")) is Trouble.REFUSED
    sent = b"".join(body + repr(headers).encode() for _path, body, headers in device.asked)
    assert b"clear-password" not in sent
    assert b"Basic" not in sent


def test_a_refusal_in_other_words_is_a_refusal_too(whoever: Answerer) -> None:
    said = "The action requested requires authorization and the sender is not authorized"
    device = whoever(sending(fault("Sender", "Other", said), 400))
    assert trouble(lambda: read_device(device.url, USER, PASSWORD)) is Trouble.REFUSED


WORDS = st.sampled_from(
    (
        *("GetServicesResponse", "Service", "Namespace", "XAddr", "Profiles", "MediaUri", "Uri", "SystemDateAndTime"),
        *("UTCDateTime", "Date", "Year", "Month", "Day", "Time", "Hour", "Fault", "Code", "VideoEncoder", "Resolution"),
    )
)
TEXTS = st.sampled_from(
    ["", "http://www.onvif.org/ver10/media/wsdl", "http://[", "-1", "99999999999999999999", "\u0661", "x"]
)
TREES = st.recursive(
    TEXTS,
    lambda inside: st.builds(
        lambda name, children: f"<{name}>{''.join(children)}</{name}>", WORDS, st.lists(inside, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TREES | st.binary(max_size=60).map(lambda data: data.decode("latin-1")), min_size=1, max_size=6))
def test_whatever_a_device_answers_is_read_or_told_plainly(whoever: Answerer, bodies: list[str]) -> None:
    told = iter(chain((envelope(body) for body in bodies), repeat(envelope(bodies[-1]))))
    device = whoever(lambda handler: sending(next(told))(handler))
    try:
        read_device(device.url, USER, PASSWORD)
    except OnvifProblem as problem:
        assert PASSWORD not in str(problem)  # noqa: PT017 (either is right)
