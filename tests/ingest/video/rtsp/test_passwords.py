"""Cameras that ask for a password."""

import pytest

from storage.models import GapCause
from tests.ingest.video.rtsp.scripted_camera import REALM, USER, Asked, Doorkeeper, Reply, ScriptedCamera, playing
from tests.ingest.video.rtsp.taking import ALL, MEDIA, RIGHT, WRONG, endless, failure, kept_open, received

DIGESTS = [
    f'Digest realm="{REALM}", nonce="{{nonce}}"',
    f'Digest realm="{REALM}", nonce="{{nonce}}", algorithm="MD5", qop="auth", opaque=""',
    f'Digest realm="{REALM}", nonce="{{nonce}}", algorithm=SHA-256, qop="auth,auth-int"',
]


@pytest.mark.parametrize("challenge", [*DIGESTS, f'Basic realm="{REALM}"'])
def test_a_password_is_given_as_the_camera_asks(challenge: str) -> None:
    door = Doorkeeper(challenge)
    with ScriptedCamera(playing(MEDIA), door) as camera:
        assert len(received(camera.url_for(RIGHT))) == ALL
        assert door.refused == 0
        assert camera.methods()[:3] == ["OPTIONS", "OPTIONS", "DESCRIBE"]
        assert all(USER not in asked.url for asked in camera.asked)


@pytest.mark.parametrize("challenge", [*DIGESTS, f'Basic realm="{REALM}"'])
def test_a_wrong_password_is_given_once(challenge: str) -> None:
    door = Doorkeeper(challenge)
    with ScriptedCamera(playing(MEDIA), door) as camera:
        refused = failure(camera.url_for(WRONG))
        assert "the camera refuses the user name or password" in str(refused)
        assert refused.cause is GapCause.CAMERA_UNREACHABLE
        assert door.refused == 1
        assert "refuses the user name" in str(failure(camera.url_for()))
        assert door.refused == 1


@pytest.mark.parametrize("challenge", DIGESTS)
def test_a_nonce_that_is_old_is_asked_for_anew(challenge: str) -> None:
    door = Doorkeeper(challenge, lives=1)
    with ScriptedCamera(playing(MEDIA), door) as camera:
        assert len(received(camera.url_for(RIGHT))) == ALL
        assert door.refused == 0


def test_a_camera_that_calls_each_nonce_stale_is_not_asked_for_ever() -> None:
    with ScriptedCamera(playing(MEDIA), Doorkeeper(DIGESTS[0], lives=0)) as camera:
        assert "refuses" in str(failure(camera.url_for(RIGHT)))
        assert len(camera.asked) == 3


@pytest.mark.usefixtures("quick")
def test_a_nonce_that_ends_in_mid_session_is_asked_for_anew() -> None:
    """Axis."""
    door = Doorkeeper(DIGESTS[0], lives=4)

    def twist(asked: Asked, usual: Reply) -> Reply:
        return door(asked, usual.having(session="4711;timeout=1"))

    with ScriptedCamera(endless, twist) as camera:
        kept_open(camera.url_for(RIGHT), "GET_PARAMETER", camera, 2)
        assert door.refused == 0
        first, second = [asked for asked in camera.asked if asked.method == "GET_PARAMETER"][:2]
        assert first.field("nonce") != second.field("nonce")
