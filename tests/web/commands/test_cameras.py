"""`hallwatch cameras`, against cameras that speak ONVIF."""

import json
from collections.abc import Iterator

import pytest

from ingest.simulator.onvif_device import OnvifDevice, Stream
from ingest.simulator.onvif_server import OnvifServer
from ingest.simulator.rtsp_messages import Credentials
from tests.web.commands.conftest import Run

STREAMS = (Stream("small", "rtsp://h/sub", 640, 360, 15), Stream("[large]", "rtsp://h/main", 1920, 1080, 25))
PASSWORD = "geheim-7"


@pytest.fixture
def cameras() -> Iterator[OnvifServer]:
    devices = [
        OnvifDevice("cam-1", "[Entrance] 入口", STREAMS, Credentials("viewer", PASSWORD)),
        OnvifDevice("cam-2", "Exit", STREAMS[:1]),
    ]
    with OnvifServer(devices) as server:
        yield server


def find(hallwatch: Run, cameras: OnvifServer, *options: str) -> str:
    """What the command says once it has found them: a machine at its limit may not answer within one look."""
    for _ in range(20):
        output = hallwatch("cameras", "find", "--seconds", "1", *options).stdout
        if output.count(f"127.0.0.1:{cameras.port}") >= 2:
            return output
    raise AssertionError(output)


def test_cameras_are_listed_with_the_next_step(hallwatch: Run, cameras: OnvifServer) -> None:
    output = find(hallwatch, cameras)
    assert "[Entrance]" in output
    assert "hallwatch cameras profiles ADDRESS" in output


def test_cameras_are_listed_for_programs(hallwatch: Run, cameras: OnvifServer) -> None:
    found = json.loads(find(hallwatch, cameras, "--json"))
    assert {cameras.address("cam-1"), cameras.address("cam-2")} <= {device["address"] for device in found}
    assert {"[Entrance] 入口", "Exit"} <= {device["name"] for device in found}
    assert set(found[0]) == {"address", "host", "name", "hardware", "location", "scopes"}


def test_where_no_camera_answers_is_said_what_to_look_at(hallwatch: Run) -> None:
    assert "ONVIF and discovery are switched on" in hallwatch(
        "cameras", "find", "--seconds", "0.5", "--host", "127.0.0.77"
    ).output.replace("\n", " ")


def test_a_host_that_is_not_known_is_told(hallwatch: Run) -> None:
    output = hallwatch("cameras", "find", "--seconds", "0.5", "--host", "no-such-host.invalid", code=1).output
    assert "--host: no-such-host.invalid cannot be asked" in output


@pytest.mark.parametrize("host", ["127.0.0.77:8000", "http://127.0.0.77", "[::1]:80", "camera.example/onvif"])
def test_a_port_or_a_path_beside_the_host_is_told(hallwatch: Run, host: str) -> None:
    output = hallwatch("cameras", "find", "--seconds", "0.5", "--host", host, code=1).output
    assert f"--host: {host} is not a host alone" in output.replace("\n", " ")


def test_streams_are_listed_and_two_of_them_proposed(hallwatch: Run, cameras: OnvifServer) -> None:
    given = ("--user", "viewer", "--password", PASSWORD)
    output = hallwatch("cameras", "profiles", cameras.address("cam-1"), *given).output
    assert "Hallwatch Simulated camera at 127.0.0.1; its clock is" in output
    rows = [line.split() for line in output.splitlines()[2:]]
    assert rows == [
        ["sub_url", "small", "h264", "640×360", "15", "rtsp://127.0.0.1/sub"],
        ["url", "[large]", "h264", "1920×1080", "25", "rtsp://127.0.0.1/main"],
    ]
    assert PASSWORD not in output


def test_streams_are_listed_for_programs(hallwatch: Run, cameras: OnvifServer) -> None:
    given = ("--user", "viewer", "--password", PASSWORD, "--json")
    output = hallwatch("cameras", "profiles", cameras.address("cam-1"), *given).stdout
    found = json.loads(output)
    assert found["proposed"] == {"url": "rtsp://127.0.0.1/main", "sub_url": "rtsp://127.0.0.1/sub"}
    assert abs(found["clock_offset_s"]) < 10
    assert PASSWORD not in output


def test_a_wrong_password_is_told_and_not_repeated(hallwatch: Run, cameras: OnvifServer) -> None:
    given = ("--user", "viewer", "--password", "wrong-one")
    output = hallwatch("cameras", "profiles", cameras.address("cam-1"), *given, code=1).output
    assert "It refuses the user name or password." in output
    assert "wrong-one" not in output


def test_an_address_that_is_none_is_told(hallwatch: Run) -> None:
    assert "The address is not understood" in hallwatch("cameras", "profiles", "rtsp://192.0.2.1", code=1).output
