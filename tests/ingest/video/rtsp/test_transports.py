"""Datagrams, TLS and IPv6."""

import os
import resource
import socket
import ssl

import pytest

from ingest.video.source import Transport
from storage.models import GapCause
from tests.certificates import own_tls
from tests.ingest.video.rtsp.packing import goodbye
from tests.ingest.video.rtsp.scripted_camera import REALM, Client, Doorkeeper, ScriptedCamera, pictures, playing
from tests.ingest.video.rtsp.taking import ALL, MEDIA, RIGHT, failure, received, units

DIGEST = f'Digest realm="{REALM}", nonce="{{nonce}}"'


@pytest.mark.usefixtures("quick")
def test_with_udp_a_way_back_is_opened_and_reported_on() -> None:
    came: list[bytes] = []

    def play(client: Client) -> None:
        came.append(client.received())
        playing(MEDIA)(client)
        came.append(client.received())
        client.report(goodbye())

    with ScriptedCamera(play) as camera:
        failure(camera.url, "udp")
    assert came[0][:2] == b"\x80\xc9"
    assert came[1][:2] == b"\x81\xc9"


def test_datagrams_out_of_order_make_the_same_pictures() -> None:
    def play(client: Client) -> None:
        for at in range(0, len(MEDIA), 5):
            # The very first stays where it is: what comes before it is of a stream that nobody has seen.
            for packet in sorted(MEDIA[at : at + 5], key=lambda one: at and -MEDIA.index(one)):
                client.send(packet)

    with ScriptedCamera(play) as camera:
        assert units(received(camera.url, transport="udp")) == units(pictures())


def test_datagrams_come_in_a_process_with_many_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        with ScriptedCamera(playing(MEDIA)) as camera:
            assert len(received(camera.url, transport="udp")) == ALL
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """As cameras have them: by themselves, for another name."""
    return own_tls(tmp_path_factory.mktemp("tls"))


def test_a_camera_with_its_own_certificate_is_recorded_through_tls(secured: ssl.SSLContext) -> None:
    with ScriptedCamera(playing(MEDIA), Doorkeeper(DIGEST), tls=secured) as camera:
        assert len(received(camera.url_for(RIGHT))) == ALL
        plain = camera.url_for(RIGHT).replace("rtsps", "rtsp")
        assert failure(plain).cause in (GapCause.STREAM_ENDED, GapCause.CAMERA_UNREACHABLE)


def test_tls_with_a_camera_that_has_none_fails_in_words() -> None:
    with ScriptedCamera(twist=lambda asked, usual: None) as camera:
        assert failure(camera.url.replace("rtsp:", "rtsps:")).cause is GapCause.CAMERA_UNREACHABLE


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_camera_may_have_an_address_of_ipv6(transport: Transport) -> None:
    with ScriptedCamera(playing(MEDIA), host="::1") as camera:
        assert len(received(camera.url, transport=transport)) == ALL
