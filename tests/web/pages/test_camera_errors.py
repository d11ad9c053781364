"""A camera's failure is said in words, in the reader's language."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from sqlmodel import select

from storage.models import Camera, CameraFault, CameraStatus, ClockSource, FaultKind
from tests.web.pages.a_day import NOW
from tests.web.pages.conftest import SignIn
from web.i18n import Language
from web.pages.camera_errors import meaning
from web.pages.rendering import TEMPLATES, environment
from web.services import Services

CLIENT = TEMPLATES.parent.parent / "ingest" / "video"
CHECK = TEMPLATES.parent / "camera_check.py"
TELLING = {
    "refused",
    "unreachable",
    "unsupported",
    "stalled",
    "ended",
    "hung_up",
    "BadMessage",
    "BadParameterSets",
    "SourceFailure",
    "abandon",
    "_failed",
}
"""What the recorder makes a failure with; its text is the last argument."""
EXAMPLES = {"answer": "500 Internal Server Error", "method": "SETUP"}


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        ("Connection refused", "It refuses the connection"),
        ("[Errno 110] Connection timed out: 'rtsp://10.0.0.9/main'", "It did not answer"),
        ("timed out: no answer to DESCRIBE within 5 s", "It did not answer"),
        ("No route to host", "There is no way to it"),
        ("Network is unreachable", "There is no way to it"),
        ("Name or service not known", "Its name or address"),
        ("401 Unauthorized: the camera refuses the user name or password", "It refuses the user name"),
        ("404 Not Found: the camera has no stream at this address", "It has no stream"),
        ("461 Unsupported transport: set the camera's transport to the other of tcp and udp", "It does not send"),
        ("454 Session Not Found to PLAY", "It refuses what the recorder asks"),
        ("503 Service Unavailable to SETUP", "It refuses what the recorder asks"),
        ("the camera hung up on DESCRIBE: Connection reset by peer", "It hangs up instead of answering"),
        ("connected, but nothing has come for 4 s", "It is connected and sends no pictures"),
        ("Connection reset by peer", "It has ended the stream"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "The encrypted connection fails"),
        ("not recorded: No space left on device; make room on the disk", "The recorder's disk is full"),
    ],
)
def test_a_known_failure_says_what_to_do(error: str, begins: str) -> None:
    assert meaning(error).startswith(begins)


def test_the_health_page_tells_of_a_sub_stream_that_fails_while_the_recording_goes_on(sign_in: SignIn) -> None:
    page = " ".join(sign_in("admin").get("/health").text.split())
    assert "Sub-stream: It has no stream under this path" in page


def test_the_health_page_tells_the_newest_failure_since_when_and_how_long_the_camera_is_away(sign_in: SignIn) -> None:
    page = re.sub("<[^>]+>", "", " ".join(sign_in("admin").get("/health").text.split()))
    assert "since 23 Nov 2026 10:05:00" in page
    assert (
        "It did not answer in time: check the network and the camera's power. Like this since 23 Nov 2026 10:06:00."
        in (unescape(page))
    )


def test_the_health_page_tells_no_clock_of_a_camera_that_has_never_sent_a_picture(
    day: Services, sign_in: SignIn
) -> None:
    def clocks() -> str:
        page = sign_in("admin").get("/health", headers={"Accept-Language": "en"}).text
        return " ".join(re.findall(r'<td data-label="Clock">.*?</td>', page))

    with day.database.transaction() as session:
        for status in session.exec(select(CameraStatus)):
            status.clock_source = ClockSource.ARRIVAL
    assert "Time of arrival" in clocks()
    with day.database.transaction() as session:
        for status in session.exec(select(CameraStatus)):
            status.last_frame = None
    assert "Time of arrival" not in clocks()
    assert "+0.000 s" not in clocks()


def test_the_health_page_calls_nothing_recording_that_the_full_disk_keeps_from_it(
    day: Services, sign_in: SignIn
) -> None:
    with day.database.transaction() as session:
        status = next(each for each in session.exec(select(CameraStatus)) if each.connected)
        status.error = "not recorded: No space left on device; make room on the disk"
    page = " ".join(sign_in("admin").get("/health").text.split())
    assert "Not recording" in page
    assert "The recorder's disk is full" in unescape(page)


def test_the_health_page_says_nothing_of_a_picture_that_does_not_come(day: Services, sign_in: SignIn) -> None:
    client = sign_in("admin")
    before = client.get("/health").text.count("Picture dark")
    with day.database.transaction() as session:
        camera = next(each for each in session.exec(select(CameraStatus)) if each.connected).camera_id
        session.add(CameraFault(camera_id=camera, kind=FaultKind.DARK, start=NOW - timedelta(minutes=5)))
    assert client.get("/health").text.count("Picture dark") == before + 1
    with day.database.transaction() as session:
        session.get_one(CameraStatus, camera).connected = False
    assert client.get("/health").text.count("Picture dark") == before


def test_a_camera_that_is_switched_off_shows_no_rates(day: Services, sign_in: SignIn) -> None:
    client = sign_in("admin")
    lit = client.get("/health").text.count(" per second<")
    with day.database.transaction() as session:
        camera = next(each for each in session.exec(select(Camera)) if each.enabled)
        camera.enabled = False
    page = client.get("/health").text
    assert page.count(" per second<") == lit - 1
    assert '<span class="sub nowrap">–</span>' in page
    assert '<td class="end" data-label="Bit rate"><span><span class="nowrap">–</span>' in page


def told_by_the_client() -> Iterator[str]:
    """Every text that the recorder's client and the camera check can give, with examples for what is filled in."""
    for path in (*sorted(CLIENT.rglob("*.py")), CHECK):
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            text = _text(call.args[-1]) if name in TELLING and call.args else ""
            if text:
                yield text


def _text(argument: ast.expr) -> str:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    if isinstance(argument, ast.JoinedStr):
        return "".join(_text(part) or EXAMPLES.get(_name(part), "4") for part in argument.values)
    return ""


def _name(part: ast.expr) -> str:
    return getattr(part.value, "id", "") if isinstance(part, ast.FormattedValue) else ""


def test_every_failure_that_the_client_tells_has_a_meaning() -> None:
    told = list(told_by_the_client())
    assert len(told) > 15
    assert [text for text in told if not meaning(text)] == []


def test_an_unknown_failure_is_not_explained_by_a_guess() -> None:
    assert meaning("Invalid data found when processing input") == ""
    assert environment(Language.ZH).from_string("[{{ e | camera_meaning }}]").render(e="something else") == "[]"


def test_the_meaning_is_chinese_on_a_chinese_page() -> None:
    page = environment(Language.ZH).from_string("{{ e | camera_meaning }}").render(e="Connection refused")
    assert page.startswith("摄像机拒绝连接")
