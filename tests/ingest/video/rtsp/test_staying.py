"""A stream that plays: being there, and noticing when the camera is not."""

from datetime import UTC, datetime

import pytest

from ingest.video import source
from ingest.video.camera import FIRST_WAIT_S, CameraWorker
from ingest.video.hub import Hub
from ingest.video.source import Pauses, SourceFailure, Transport, open_source
from storage.models import GapCause
from tests.ingest.video.rtsp.packing import goodbye, sender_report
from tests.ingest.video.rtsp.scripted_camera import Asked, Client, Reply, ScriptedCamera, pictures, playing, rtp
from tests.ingest.video.rtsp.taking import ALL, MEDIA, NOW_US, endless, failure, kept_open, received, some_of


def test_wall_times_are_right_from_the_first_report_on() -> None:
    before = [sender_report(NOW_US, 500)]
    with ScriptedCamera(playing(rtp(pictures(), 500), before)) as camera:
        found = received(camera.url)
    assert [packet.report_us for packet in found] == [NOW_US + number * 40_000 for number in range(ALL)]
    assert [packet.pts for packet in found] == [number * 3_600 for number in range(ALL)]


def test_noise_between_packets_does_not_end_the_stream() -> None:
    def play(client: Client) -> None:
        playing(MEDIA)(client)
        client.write(bytes(700) + b"$ is no beginning")
        playing(rtp(pictures(), 10 * 90_000))(client)

    with ScriptedCamera(play) as camera:
        assert len(received(camera.url, 2 * ALL)) == 2 * ALL


@pytest.mark.usefixtures("quick")
def test_silence_and_reports_without_pictures_are_stalls() -> None:
    with ScriptedCamera() as camera:
        silent = failure(camera.url)
        assert "nothing has come" in str(silent)
        assert silent.cause is GapCause.CAMERA_STALLED

    def only_reports(client: Client) -> None:
        while "TEARDOWN" not in camera.methods():
            client.report(sender_report(NOW_US, 0))

    with ScriptedCamera(only_reports) as camera:
        assert "no pictures" in str(failure(camera.url))


def three_pictures(client: Client) -> None:
    for packet in rtp(pictures()[:3]):
        client.send(packet)
    while client.is_open:
        client.report(sender_report(NOW_US, 0))
        client.closed.wait(0.05)


@pytest.mark.usefixtures("quick")
def test_a_camera_that_dies_after_its_first_pictures_is_waited_for_no_longer_than_any_other() -> None:
    with ScriptedCamera(three_pictures) as camera, open_source(camera.url) as stream:
        assert stream.pauses.patience_s == source.SILENCE_S
        with pytest.raises(SourceFailure, match="no pictures"):
            list(some_of(stream, 10))


@pytest.mark.usefixtures("quick")
def test_the_next_connection_waits_for_a_camera_that_may_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PICTURELESS_S", 2.0)
    with ScriptedCamera(three_pictures) as camera:
        worker = CameraWorker("cam", camera.url, "tcp", Hub())
        errors = []
        for _ in range(2):
            worker.attempt(FIRST_WAIT_S)
            errors.append(worker.meter.read(datetime.now(UTC)).error)
    assert ["for 1 s" in errors[0], "for 2 s" in errors[1]] == [True, True]


@pytest.mark.parametrize(("interval_s", "patience_s"), [(0.04, 4), (0.9, 4), (2.0, 8), (3.9, 10)])
def test_no_picture_is_waited_for_as_long_as_the_camera_makes_one_wait(interval_s: float, patience_s: float) -> None:
    pauses = Pauses()
    for _ in range(20):
        assert interval_s < pauses.patience_s <= 10
        pauses.observe(interval_s)
    assert pauses.patience_s == patience_s


def test_before_its_fifth_picture_a_camera_is_waited_for_as_the_connection_before_has_learned() -> None:
    assert [Pauses(usual_ms).patience_s for usual_ms in (0, 900, 2_000, 5_000)] == [4, 4, 8, 10]


def connected(usual_ms: int, pause_s: float, count: int) -> tuple[bool, Pauses]:
    """Whether so many pictures came before the camera was given up, and what was learned."""
    pauses = Pauses(usual_ms)
    for _ in range(count):
        if pause_s > pauses.patience_s:
            pauses.end(pauses.patience_s)
            return False, pauses
        pauses.observe(pause_s)
    return True, pauses


def test_a_slow_camera_of_which_nothing_is_known_is_given_up_once() -> None:
    came, learned = connected(0, 5.0, 10)
    assert not came
    for _ in range(3):
        came, learned = connected(learned.usual_ms, 5.0, 10)
        assert came
        assert learned.usual_ms == 5_000


def test_a_camera_that_was_dead_and_is_quick_is_waited_for_no_longer_any_more() -> None:
    pauses = Pauses(10_000)
    assert pauses.patience_s == 10
    for _ in range(5):
        pauses.observe(0.04)
    assert pauses.patience_s == 4
    assert pauses.usual_ms == 0


def test_what_is_known_of_a_slow_camera_outlasts_a_connection_that_brought_little() -> None:
    pauses = Pauses(5_000)
    pauses.observe(0.1)
    assert pauses.usual_ms == 5_000


def test_no_stall_makes_a_camera_be_waited_for_beyond_the_most() -> None:
    pauses = Pauses()
    pauses.end(86_400.0)
    assert pauses.usual_ms == 10_000
    assert pauses.patience_s == 10


def test_pictures_that_come_together_at_first_tell_nothing_of_the_next() -> None:
    pauses = Pauses(5_000)
    for pause_s in (5.0, 0.0, 0.0, 0.0):
        pauses.observe(pause_s)
        assert pauses.patience_s == 10


def test_one_long_pause_is_forgotten() -> None:
    pauses = Pauses()
    for pause_s in (0.04, 0.04, 0.04, 0.04, 2.4):
        pauses.observe(pause_s)
    assert pauses.patience_s == pytest.approx(9.6)
    for _ in range(10):
        pauses.observe(0.04)
    assert pauses.patience_s == 4


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_goodbye_and_a_closed_connection_end_the_stream(transport: Transport) -> None:
    def play(client: Client) -> None:
        playing(MEDIA)(client)
        client.report(goodbye())

    def leave(client: Client) -> None:
        playing(MEDIA)(client)
        client.close()

    for script in (play, leave):
        with ScriptedCamera(script) as camera:
            assert failure(camera.url, transport).cause is GapCause.STREAM_ENDED


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("public", "timeout", "method"),
    [("PLAY, GET_PARAMETER", "4711;timeout=1", "GET_PARAMETER"), ("", "4711; Timeout = 1", "OPTIONS")],
)
def test_the_camera_is_told_in_time_that_somebody_is_there(public: str, timeout: str, method: str) -> None:
    def twist(asked: Asked, usual: Reply) -> Reply:
        return usual.having(public=public, session=timeout)

    with ScriptedCamera(endless, twist) as camera:
        kept_open(camera.url, method, camera, 2)
        assert camera.asked[-1].headers["session"] == "4711"


@pytest.mark.usefixtures("quick")
def test_a_camera_that_refuses_what_it_offered_is_kept_alive_otherwise() -> None:
    def twist(asked: Asked, usual: Reply) -> Reply:
        if asked.method == "GET_PARAMETER":
            return Reply(501)
        return usual.having(session="4711;timeout=1")

    with ScriptedCamera(endless, twist) as camera:
        kept_open(camera.url, "OPTIONS", camera, 2)
        assert camera.methods().count("GET_PARAMETER") == 1


@pytest.mark.usefixtures("quick")
def test_a_session_that_the_camera_has_ended_is_ended() -> None:
    def twist(asked: Asked, usual: Reply) -> Reply:
        if asked.method == "GET_PARAMETER":
            return Reply(454)
        return usual.having(session="4711;timeout=1")

    with ScriptedCamera(endless, twist) as camera:
        ended = failure(camera.url)
    assert "454" in str(ended)
    assert ended.cause is GapCause.STREAM_ENDED


@pytest.mark.usefixtures("quick")
def test_the_camera_gets_reports_of_what_came() -> None:
    with ScriptedCamera(endless) as camera, open_source(camera.url) as stream:
        wait = stream.packets()
        while not camera.reports:
            next(wait)
        assert camera.reports[0][1][:4] == b"\x81\xc9\x00\x07"
        assert camera.reports[0][1][8:12] == b"\x00\x00\x00\x07"
