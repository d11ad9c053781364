"""A camera's failure is said in words, in the reader's language."""

import pytest

from tests.web.pages.conftest import SignIn
from web.i18n import Language
from web.pages.camera_errors import meaning
from web.pages.rendering import environment


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        ("[Errno 111] Connection refused: 'rtsp://10.0.0.9:554/main'", "It refuses the connection"),
        ("[Errno 110] Connection timed out: 'rtsp://10.0.0.9/main'", "It did not answer"),
        ("Server returned 401 Unauthorized (authorization failed)", "It refuses the user name"),
        ("Server returned 404 Not Found", "It has no stream"),
        ("the camera refuses the user name or password", "It refuses the user name"),
        ("no packets within the time limit", "It did not answer"),
        ("connected, but no pictures", "It is connected and sends no pictures"),
        ("the camera ended the stream", "It has ended the stream"),
        ("mjpeg video; set the camera to H.264 or H.265", "Its stream cannot be recorded or shown"),
        ("not recorded: No space left on device; make room on the disk", "The recorder's disk is full"),
    ],
)
def test_a_known_failure_says_what_to_do(error: str, begins: str) -> None:
    assert meaning(error).startswith(begins)


def test_the_health_page_tells_of_a_sub_stream_that_fails_while_the_recording_goes_on(sign_in: SignIn) -> None:
    page = sign_in("admin").get("/health").text
    assert "Sub-stream: It has no stream under this path" in " ".join(page.split())


def test_an_unknown_failure_is_not_explained_by_a_guess() -> None:
    assert meaning("Invalid data found when processing input") == ""
    assert environment(Language.ZH).from_string("[{{ e | camera_meaning }}]").render(e="something else") == "[]"


def test_the_meaning_is_chinese_on_a_chinese_page() -> None:
    page = environment(Language.ZH).from_string("{{ e | camera_meaning }}").render(e="Connection refused")
    assert page.startswith("摄像机拒绝连接")
