"""One code may mean different things in different places."""

from tests.web.pages.conftest import SignIn
from web.pages.words import cause_word, word


def test_a_gap_without_known_cause_is_not_called_the_end_of_an_absence() -> None:
    assert word("unknown") == "the camera could no longer see"
    assert cause_word("unknown") == "Cause unknown"
    assert cause_word("camera_unreachable") == "Camera unreachable"
    assert cause_word("not_recorded") == word("not_recorded")


def test_the_span_page_says_that_recording_had_not_begun(sign_in: SignIn) -> None:
    span = "/span?hall=cc&counter=cc-1&from=2026-11-23T08:30:00&to=2026-11-23T10:20:00"
    page = sign_in("inspector").get(span).text
    assert "Not recorded yet at that time" in page
    assert "could no longer see" not in page
