"""Finding cameras in the network, against the simulated hall's."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onveef.wsdiscovery import DiscoveredDevice, parse_probe_matches

from ingest.simulator.onvif_device import OnvifDevice
from ingest.simulator.onvif_discovery import answers
from ingest.simulator.onvif_server import OnvifServer
from ingest.video.onvif.discovery import Device, discover, discover_at, own_addresses, understood

WITHIN_S = 1.0
DEVICES = [OnvifDevice("cam-1", "Entrance 入口 & more", ()), OnvifDevice("cam-2", "Exit", ())]


@pytest.fixture
def hall() -> Iterator[OnvifServer]:
    with OnvifServer(DEVICES) as server:
        yield server


def of(server: OnvifServer, found: tuple[Device, ...]) -> list[Device]:
    """Others on this machine may have cameras, too."""
    return [device for device in found if device.address.startswith(server.base)]


def sooner_or_later(look: Callable[[], Sequence[Device]], count: int) -> Sequence[Device]:
    """A machine at its limit may not answer within one look."""
    for _ in range(20):
        if len(found := look()) == count:
            return found
    raise AssertionError(f"{count} devices were never found")


def test_two_cameras_are_found_with_their_names_and_addresses(hall: OnvifServer) -> None:
    first, second = sooner_or_later(lambda: of(hall, discover(WITHIN_S)), 2)
    assert first == Device(
        address=hall.address("cam-1"),
        host="127.0.0.1",
        name="Entrance 入口 & more",
        hardware="Simulated camera",
        location="hall",
        scopes=first.scopes,
    )
    assert "onvif://www.onvif.org/Profile/Streaming" in first.scopes
    assert second.name == "Exit"


def test_a_host_can_be_asked_alone(hall: OnvifServer) -> None:
    assert hall.discovery.port == 3702
    with OnvifServer(DEVICES[:1], discovery_port=0) as apart:
        [device] = sooner_or_later(lambda: discover_at("127.0.0.1", WITHIN_S, apart.discovery.port), 1)
        assert device.address == apart.address("cam-1")


def test_nobody_answers_on_a_card_that_is_not_there() -> None:
    assert discover(0.1, ["203.0.113.1"]) == ()


def test_this_machine_asks_by_all_its_cards_and_itself() -> None:
    assert "127.0.0.1" in own_addresses()


def test_who_names_no_usable_address_is_no_camera() -> None:
    for xaddrs in ([], ["file:///etc/passwd"], ["http://user:geheim@192.0.2.1/"], ["soap.udp://192.0.2.1"]):
        assert understood(DiscoveredDevice("", xaddrs=xaddrs)) is None


def test_an_address_of_ipv4_goes_before_one_of_ipv6() -> None:
    found = understood(DiscoveredDevice("", xaddrs=["http://[fe80::1]/onvif/device_service", "http://192.0.2.1/x"]))
    assert found
    assert found.address == "http://192.0.2.1/x"


@given(st.lists(st.text(max_size=40), max_size=3), st.text(max_size=300), st.lists(st.text(), max_size=3))
def test_whatever_a_device_says_is_printable_and_short(xaddrs: list[str], name: str, scopes: list[str]) -> None:
    found = understood(DiscoveredDevice("", xaddrs=[*xaddrs, "http://192.0.2.1/x"], name=name, scopes=scopes))
    assert found
    assert all(text.isprintable() and len(text) <= 100 for text in (found.name, *found.scopes))


PARTS = [
    "<",
    ">",
    "/",
    "a:",
    "d:ProbeMatch",
    "d:XAddrs",
    "http://192.0.2.1",
    "&x;",
    '<!DOCTYPE a [<!ENTITY x "y">]>',
    "\x00",
]


@settings(max_examples=300)
@given(
    st.binary(max_size=300).map(lambda data: data.decode("utf-8", "replace"))
    | st.lists(st.sampled_from(PARTS)).map("".join)
)
def test_no_datagram_harms_the_one_who_asks(text: str) -> None:
    for answer in parse_probe_matches(text):
        understood(answer)


def test_garbage_and_bombs_do_not_hide_the_camera_that_answers_after_them(hall: OnvifServer) -> None:
    """Who asks is told nonsense first, then the truth."""
    nonsense = [b"\xff\xff", b"<a>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<a>" * 20_000]
    stop = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as liar:
        liar.bind(("127.0.0.1", 0))
        liar.settimeout(0.1)

        def lie() -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    probe, asker = liar.recvfrom(65_535)
                    for datagram in (*nonsense, *answers(probe, [(DEVICES[1], hall.address("cam-2"))])):
                        liar.sendto(datagram, asker)

        thread = threading.Thread(target=lie)
        thread.start()
        [device] = sooner_or_later(lambda: discover_at("127.0.0.1", WITHIN_S, liar.getsockname()[1]), 1)
        stop.set()
        thread.join()
    assert device.address == hall.address("cam-2")
