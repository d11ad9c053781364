"""From an address to a stream that plays, with cameras that keep to the rules and with those that do not."""

import re
import socket
import threading

import pytest

from ingest.video.source import Transport, open_source
from storage.models import GapCause
from tests.ingest.video.rtsp.packing import header, interleaved, sender_report
from tests.ingest.video.rtsp.scripted_camera import (
    REALM,
    Asked,
    Client,
    Doorkeeper,
    Reply,
    ScriptedCamera,
    Twist,
    description,
    pictures,
    playing,
)
from tests.ingest.video.rtsp.taking import (
    ALL,
    MEDIA,
    NOW_US,
    RIGHT,
    changing,
    endless,
    failure,
    received,
    refusing,
    some_of,
    units,
)
from tests.servers import wait_until

DIGEST = f'Digest realm="{REALM}", nonce="{{nonce}}"'


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_stream_is_set_up_played_and_ended(transport: Transport) -> None:
    with ScriptedCamera(playing(MEDIA)) as camera:
        assert units(received(camera.url, transport=transport)) == units(pictures())
        wait_until(lambda: "TEARDOWN" in camera.methods())
        assert camera.methods() == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
        assert [asked.url for asked in camera.asked[2:]] == [f"{camera.url}/track1", f"{camera.url}/", f"{camera.url}/"]
        assert [asked.headers.get("session") for asked in camera.asked] == [None] * 3 + ["4711"] * 2
        assert len({asked.headers["cseq"] for asked in camera.asked}) == 5


@pytest.mark.parametrize("status", [301, 302, 303, 305])
def test_a_redirect_is_followed(status: int) -> None:
    with ScriptedCamera(playing(MEDIA), Doorkeeper(DIGEST)) as there:
        with ScriptedCamera(twist=refusing("DESCRIBE", status, location=there.url_for(path="/other"))) as here:
            assert len(received(here.url_for(RIGHT))) == ALL
        assert there.asked[0].url == there.url_for(path="/other")


def test_redirects_do_not_go_on_for_ever() -> None:
    here = ""
    with ScriptedCamera(twist=lambda asked, usual: Reply(302, {"location": here})) as camera:
        here = camera.url
        assert "from one address to the next" in str(failure(camera.url))
        assert camera.connections == 3


@pytest.mark.parametrize(
    ("twist", "words", "cause"),
    [
        (refusing("DESCRIBE", 404), "404.*no stream at this address", GapCause.CAMERA_UNREACHABLE),
        (refusing("DESCRIBE", 403), "403.*refuses the user name", GapCause.CAMERA_UNREACHABLE),
        (refusing("DESCRIBE", 302), "302", GapCause.CAMERA_UNREACHABLE),
        (refusing("DESCRIBE", 302, location="http://elsewhere/"), "not of the form", GapCause.CAMERA_UNREACHABLE),
        (refusing("SETUP", 461), "461.*tcp and udp", GapCause.STREAM_UNSUPPORTED),
        (refusing("SETUP", 503), "503.*to SETUP", GapCause.CAMERA_UNREACHABLE),
        (refusing("PLAY", 454), "454.*to PLAY", GapCause.CAMERA_UNREACHABLE),
        (lambda asked, usual: b"HTTP/1.1 400 Bad Request\r\n\r\n", "not RTSP", GapCause.CAMERA_UNREACHABLE),
        (
            lambda asked, usual: b"RTSP/1.0 503 Basic Z2VoZWlt\x00\x85\r\nCSeq: 1\r\n\r\n",
            "^503 Service Unavailable to",
            GapCause.CAMERA_UNREACHABLE,
        ),
    ],
)
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_refusal_is_told_in_words(twist: Twist, words: str, cause: GapCause, transport: Transport) -> None:
    with ScriptedCamera(playing(MEDIA), twist) as camera:
        refused = failure(camera.url, transport)
    assert re.search(words, str(refused))
    assert refused.cause is cause


def test_a_session_that_does_not_play_is_given_back() -> None:
    with ScriptedCamera(twist=refusing("PLAY", 453)) as camera:
        failure(camera.url)
        wait_until(lambda: camera.methods()[-1] == "TEARDOWN")


STEPS = pytest.mark.parametrize(
    ("method", "transport"),
    [("OPTIONS", "tcp"), ("DESCRIBE", "tcp"), ("SETUP", "tcp"), ("PLAY", "tcp"), ("PLAY", "udp")],
)


@STEPS
@pytest.mark.usefixtures("quick")
def test_a_camera_may_fall_silent_at_any_step(method: str, transport: Transport) -> None:
    with ScriptedCamera(twist=lambda asked, usual: None if asked.method == method else usual) as camera:
        assert f"timed out: no answer to {method}" in str(failure(camera.url, transport))


@STEPS
def test_a_camera_may_hang_up_at_any_step(method: str, transport: Transport) -> None:
    def gone(asked: Asked, usual: Reply) -> Reply:
        if asked.method == method:
            raise ConnectionResetError
        return usual

    with ScriptedCamera(twist=gone) as camera:
        told = failure(camera.url, transport)
    assert str(told).startswith(f"the camera hung up on {method}: ")
    assert told.cause is GapCause.CAMERA_UNREACHABLE, "no stream has begun that could have ended"


def test_where_nobody_listens_the_system_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert "refused" in str(failure(f"rtsp://{RIGHT}127.0.0.1:{port}/"))
    assert failure("rtsp://no..host/").cause is GapCause.CAMERA_UNREACHABLE


@pytest.mark.parametrize(
    ("twist", "sdp"),
    [
        (refusing("OPTIONS", 501), description()),
        (changing("OPTIONS", public=""), description()),
        (changing("DESCRIBE", content_base=""), description()),
        (changing("DESCRIBE", content_base="192.0.2.1:554/x/"), description()),
        (changing("DESCRIBE", content_base="rtsp://192.0.2.1/live/"), description()),
        (changing("SETUP", session="  4711 ; timeout=60"), description()),
        (changing("SETUP", transport="", session="4711"), description()),
        (changing("SETUP", transport="RTP/AVP/TCP;unicast;interleaved=0;ssrc=0"), description()),
        (changing("SETUP", transport="RTP/AVP/TCP;interleaved=999-1000"), description()),
        (changing("PLAY", cseq="77"), description()),
        (changing("PLAY", session=""), description().replace("\r\n", "\n")),
        (changing("PLAY"), description(control="rtsp://192.0.2.1/live/track1?a=b")),
        (changing("PLAY"), description().replace("a=control:track1\r\n", "")),
    ],
)
def test_deviations_are_forgiven(twist: Twist, sdp: str) -> None:
    with ScriptedCamera(playing(MEDIA), twist, sdp=sdp) as camera:
        assert len(received(camera.url)) == ALL


def test_channels_are_those_that_the_camera_chose() -> None:
    def play(client: Client) -> None:
        client.channels = (4, 5)
        client.write(interleaved(0, b"\x80\x60" + bytes(40)))
        playing(MEDIA, before=[sender_report(NOW_US, 0)])(client)

    with ScriptedCamera(play, changing("SETUP", transport="RTP/AVP/TCP;interleaved=4-5")) as camera:
        assert received(camera.url)[0].report_us == NOW_US


def test_packets_before_the_answer_to_play_are_not_lost() -> None:
    early = [interleaved(1, sender_report(NOW_US, 0)), *(interleaved(0, packet) for packet in MEDIA)]

    def twist(asked: Asked, usual: Reply) -> Reply | bytes:
        return b"".join(early) + usual.encode(asked.headers["cseq"]) if asked.method == "PLAY" else usual

    with ScriptedCamera(twist=twist) as camera:
        found = received(camera.url)
    assert units(found) == units(pictures())
    assert found[0].report_us == NOW_US


SOUND = description() + "m=audio 0 RTP/AVP 0\r\na=control:track2\r\n"


def test_sound_is_set_up_in_the_same_session_in_channels_of_its_own() -> None:
    def play(client: Client) -> None:
        packet = header(1, 160, payload_type=0) + bytes(160)
        client.write(interleaved(3, sender_report(NOW_US, 160)) + interleaved(2, packet) + interleaved(4, packet))
        playing(MEDIA)(client)

    with ScriptedCamera(play, sdp=SOUND) as camera, open_source(camera.url, audio=True) as source:
        assert len(list(some_of(source, ALL))) == ALL
        assert source.audio is not None
        [heard] = source.audio.heard()
    assert (heard.frame.data, heard.reported_us) == (bytes(160), NOW_US)
    assert camera.methods()[:5] == ["OPTIONS", "DESCRIBE", "SETUP", "SETUP", "PLAY"]
    assert camera.asked[3].url == f"{camera.url}/track2"
    assert camera.asked[3].headers["transport"].endswith("interleaved=2-3")
    assert camera.asked[3].headers["session"] == "4711"


SOUND_SOURCE = 11


def sounding(client: Client) -> None:
    """A sender report of 1970 + 2 s and a packet of sound, the second after a wrap, and then pictures for a while."""
    client.report_sound(sender_report(2_000_000, 160, SOUND_SOURCE))
    for sequence in (65_535, 0):
        client.send_sound(header(sequence, 160, payload_type=0, source=SOUND_SOURCE) + bytes(160))
    endless(client)


def assert_is_of_the_sound(report: bytes) -> None:
    """RFC 3550 6.4.2: of whom, up to which packet, and since which sender report."""
    kind, source, highest, last = report[1], report[8:12], report[16:20], report[24:28]
    assert (kind, int.from_bytes(source, "big"), int.from_bytes(highest, "big")) == (201, SOUND_SOURCE, 65_536)
    assert int.from_bytes(last, "big") == (2_208_988_802 & 0xFFFF) << 16


@pytest.mark.usefixtures("quick")
def test_a_camera_is_told_that_its_sound_is_heard_in_the_channel_of_the_sound() -> None:
    with ScriptedCamera(sounding, sdp=SOUND) as camera, open_source(camera.url, audio=True) as source:
        for _ in source.packets():
            if {channel for channel, _ in camera.reports} == {1, 3}:
                break
    assert_is_of_the_sound(next(report for channel, report in camera.reports if channel == 3))
    assert {report[8:12] for channel, report in camera.reports if channel == 1} == {(7).to_bytes(4, "big")}


@pytest.mark.usefixtures("quick")
def test_a_camera_is_told_that_its_sound_is_heard_by_datagrams_from_the_port_of_the_sound() -> None:
    came: list[bytes] = []

    def play(client: Client) -> None:
        came.append(client.received_of_sound())
        threading.Thread(target=sounding, args=(client,), daemon=True).start()
        came.append(client.received_of_sound())

    with ScriptedCamera(play, sdp=SOUND) as camera, open_source(camera.url, "udp", audio=True) as source:
        for _ in source.packets():
            if len(came) == 2:
                break
    assert came[0][:2] == b"\x80\xc9"
    assert_is_of_the_sound(came[1])


def test_sound_that_nobody_wants_is_not_asked_for() -> None:
    with ScriptedCamera(playing(MEDIA), sdp=SOUND) as camera:
        assert len(received(camera.url)) == ALL
        assert camera.methods()[:4] == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]


def test_a_camera_that_refuses_its_sound_is_seen_all_the_same() -> None:
    def twist(asked: Asked, usual: Reply) -> Reply:
        return Reply(461) if asked.method == "SETUP" and asked.url.endswith("track2") else usual

    with ScriptedCamera(playing(MEDIA), twist, sdp=SOUND) as camera, open_source(camera.url, audio=True) as source:
        assert len(list(some_of(source, ALL))) == ALL
        assert source.audio is None
        assert re.match(r"the camera refuses its audio: .*461", source.audio_problem)
