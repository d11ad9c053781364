"""The simulated ONVIF devices: what they answer, and to whom they do not."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onveef import OnvifClient, wsdiscovery
from onveef.envelopes import build_envelope

from ingest.simulator.onvif_device import OnvifDevice, Stream
from ingest.simulator.onvif_discovery import answers
from ingest.simulator.onvif_messages import BadMessageError, read_message
from ingest.simulator.onvif_server import OnvifServer
from ingest.simulator.options import SimulationOptions
from ingest.simulator.rtsp_messages import Credentials
from ingest.simulator.simulation import Simulation

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
MAIN = Stream("main", "rtsp://192.0.2.1/main?a=1&b=2", 1280, 720, 10)
DEVICE = OnvifDevice("cam-1", "Entrance 入口 & more", (MAIN,), Credentials("hall", "geheim"))
BOMB = b"""<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>"""
INFORMATION = "<tds:GetDeviceInformation/>"


def asked(body: str, user: str = "", password: str = "", offset_s: float = 0.0) -> int:
    """The status of the answer at this moment."""
    message = build_envelope(body, username=user, password=password, clock_offset_s=offset_s)
    return DEVICE.answer(read_message(message.encode()), "http://192.0.2.1", datetime.now(UTC)).status


def test_nobody_without_the_password_learns_of_streams() -> None:
    assert asked("<trt:GetProfiles/>") == 400
    assert asked(INFORMATION, "hall", "wrong") == 400
    assert asked(INFORMATION, "other", "geheim") == 400
    assert asked(INFORMATION, "hall", "geheim") == 200


def test_anybody_may_ask_for_the_time_and_the_services() -> None:
    assert asked("<tds:GetSystemDateAndTime/>") == 200
    assert asked("<tds:GetServices/>") == 200
    assert asked("<tds:GetCapabilities/>") == 200


def test_a_digest_of_another_time_is_refused() -> None:
    assert asked(INFORMATION, "hall", "geheim", offset_s=-60) == 400
    assert asked(INFORMATION, "hall", "geheim", offset_s=60) == 400


def test_a_password_that_is_sent_in_the_clear_is_refused() -> None:
    message = build_envelope(INFORMATION, username="hall", password="geheim", use_password_text=True)
    assert read_message(message.encode()).token is None


def test_what_it_does_not_know_is_told() -> None:
    assert asked("<tds:SystemReboot/>", "hall", "geheim") == 500
    assert (
        asked("<trt:GetStreamUri><trt:ProfileToken>none</trt:ProfileToken></trt:GetStreamUri>", "hall", "geheim") == 500
    )


@pytest.mark.parametrize("data", [b"", b"<a/>", b"nonsense", BOMB, b"\xff\xfe\x00"])
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessageError):
        read_message(data)


@given(st.binary(max_size=400) | st.text(alphabet="<>/&;!ab:\"'= ", max_size=80).map(str.encode))
def test_no_datagram_harms_the_responder(data: bytes) -> None:
    assert answers(data, [(DEVICE, "http://192.0.2.1/onvif/device_service")]) == []


@pytest.mark.parametrize(
    ("types", "found"),
    [("dn:NetworkVideoTransmitter", 1), ("dn:NetworkVideoTransmitter tds:Device", 1), ("", 1), ("dp:Printer", 0)],
)
def test_only_who_looks_for_cameras_finds_it(types: str, found: int) -> None:
    probe = wsdiscovery.build_probe(message_id="urn:uuid:1", types=types).encode()
    matches = answers(probe, [(DEVICE, "http://192.0.2.1/onvif/device_service")])
    assert len(matches) == found
    for match in matches:
        [device] = wsdiscovery.parse_probe_matches(match.decode())
        assert device.xaddrs == ["http://192.0.2.1/onvif/device_service"]


def test_two_devices_share_a_server_and_the_first_is_at_the_usual_path() -> None:
    other = OnvifDevice("cam-2", "Exit", (), None)
    with OnvifServer([DEVICE, other]) as server:
        with OnvifClient(server.address("cam-2")) as client:
            assert client.get_device_information()["SerialNumber"] == "cam-2"
        with OnvifClient("127.0.0.1", server.port, "hall", "geheim") as client:
            assert client.get_device_information()["SerialNumber"] == "cam-1"
            assert client.get_stream_uri(profile_token="profile-main") == "rtsp://127.0.0.1/main?a=1&b=2"
        assert httpx.post(f"{server.base}/onvif/none/device_service", content=b"", trust_env=False).status_code == 404


def test_where_the_discovery_port_is_taken_the_devices_are_there_all_the_same() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", 0))
        server = OnvifServer([DEVICE], discovery_port=other.getsockname()[1])
        with server, OnvifClient(server.address("cam-1")) as client:
            assert "media2" in client.discover_services()


def test_the_cameras_of_the_hall_tell_their_streams_and_their_clock(tmp_path: Path) -> None:
    hall = Simulation(SimulationOptions(tmp_path, cameras=1, story=False, rtsp_port=0, control_port=None, onvif_port=0))
    hall.start()
    try:
        assert hall.onvif
        hall.cameras[0].set_clock_offset(timedelta(hours=1))
        with OnvifClient(hall.onvif.address("cc-sim-cam-1")) as client:
            urls = [client.get_stream_uri(profile_token=profile["token"]) for profile in client.get_profiles()]
            hour = client.get_system_date_time()["UTCDateTime"]["hour"]
        assert urls == [hall.server.url("/cc-sim-cam-1/main"), hall.server.url("/cc-sim-cam-1/sub")]
        assert hour in {(datetime.now(UTC) + timedelta(minutes=minutes)).hour for minutes in (59, 60)}
        assert any("hallwatch cameras find" in line for line in hall.summary())
    finally:
        hall.stop()
