"""A camera's failure is said in words, in the reader's language."""

import pytest

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
        ("not recorded: No space left on device; make room on the disk", "The recorder's disk is full"),
    ],
)
def test_a_known_failure_says_what_to_do(error: str, begins: str) -> None:
    assert meaning(error).startswith(begins)


def test_an_unknown_failure_is_not_explained_by_a_guess() -> None:
    assert meaning("Invalid data found when processing input") == ""
    assert environment(Language.ZH).from_string("[{{ e | camera_meaning }}]").render(e="something else") == "[]"


def test_the_meaning_is_chinese_on_a_chinese_page() -> None:
    page = environment(Language.ZH).from_string("{{ e | camera_meaning }}").render(e="Connection refused")
    assert page.startswith("摄像机拒绝连接")
