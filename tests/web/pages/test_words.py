"""One code may mean different things in different places, and an empty one means nothing anywhere."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlmodel import select

import correlation.resolve
from analytics.again import NO_FOOTAGE
from analytics.clock_twice import CLOCK_SET_BACK
from analytics.looking import BEHIND_SOMEBODY, DETECTOR_FAILING, MASKED, NO_ZONE, PERHAPS_SOMEBODY
from analytics.presence import GAP
from analytics.taken_back import VIEW_CHANGED
from correlation.deadlines.calendars import CalendarBook
from storage.models import Case, Closure, FaultKind, GapCause, Role, User
from tests.web.pages.a_day import NOW, ago
from tests.web.pages.conftest import SignIn
from web.i18n import Language
from web.pages.code_words import FOOTAGE_WORDS
from web.pages.formats import Formats
from web.pages.rendering import environment
from web.pages.words import hole_word, step_word, unknown_word
from web.services import Services

SHOWN = Formats(Language.EN).filters()


def test_a_code_means_what_its_column_means() -> None:
    assert SHOWN["ended_word"]("unknown") == "it became unknown whether somebody was there"
    assert hole_word("unknown") == "Cause unknown"
    assert SHOWN["channel_word"]("counter") == "At the counter"
    assert SHOWN["channel_word"]("web") == "web"
    assert SHOWN["footage_word"]("no_view") == "No camera looks at this counter."
    assert hole_word("no_view") == "No camera looked at the counter"


@pytest.mark.parametrize("name", sorted(name for name in SHOWN if name.endswith("_word") and name != "bar_word"))
def test_an_empty_code_has_no_words(name: str) -> None:
    assert SHOWN[name]("") == ""


def test_every_cause_reason_and_fault_that_is_recorded_has_words() -> None:
    codes = [value for name, value in vars(correlation.resolve).items() if name.isupper() and isinstance(value, str)]
    assert {code for code in codes if code not in FOOTAGE_WORDS} == {"not_begun"}, "that one is only a cause"
    assert [cause for cause in (*GapCause, "not_begun", "not_yet") if hole_word(str(cause)) == cause] == []
    of_the_watcher = (CLOCK_SET_BACK, BEHIND_SOMEBODY, MASKED, NO_ZONE, PERHAPS_SOMEBODY, GAP, NO_FOOTAGE, VIEW_CHANGED)
    unknown = (*FaultKind, *of_the_watcher, DETECTOR_FAILING, "no_view")
    assert [reason for reason in unknown if unknown_word(str(reason)) == reason] == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.02, "0.1 s"), (0.5, "0.5 s"), (4.0, "4 s"), (9.97, "9.9 s"), (10.7, "11 s"), (252.5, "4 min 12 s")],
)
def test_a_short_length_is_told_to_a_tenth_of_a_second(seconds: float, words: str) -> None:
    assert SHOWN["lasted"](seconds) == words


def test_a_step_without_a_name_is_called_by_its_kind() -> None:
    assert step_word("close") == "Close"
    assert step_word("现场勘验") == "现场勘验"


def test_a_case_without_a_channel_shows_a_dash(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        session.exec(select(Case).where(Case.id == 1)).one().channel = ""
    client = sign_in("inspector")
    assert "<dt>Channel</dt><dd>–</dd>" in client.get("/cases/1").text
    assert '<td data-label="Channel">–</td>' in client.get("/cases").text


def test_the_help_is_closed_and_not_decided(sign_in: SignIn) -> None:
    page = sign_in("inspector").get("/cases", headers={"Accept-Language": "zh"}).text
    assert '<button class="mini">关闭</button>' in page


def test_the_span_page_says_that_recording_had_not_begun(sign_in: SignIn) -> None:
    span = "/span?hall=cc&counter=cc-1&from=2026-11-23T08:30:00&to=2026-11-23T10:20:00"
    page = sign_in("inspector").get(span).text
    assert "Not recorded yet at that time" in page
    assert "could no longer see" not in page


@pytest.mark.parametrize(("reason", "adds"), [("not_recorded", False), ("expired", False), ("gap", True)])
def test_why_there_is_no_footage_is_told_once(reason: str, adds: bool) -> None:
    """That nothing was recorded before the camera began does not explain it a second time, nor contradicts it."""
    clip = SimpleNamespace(
        outcome=SimpleNamespace(value="none"), reason=reason, missing=[SimpleNamespace(cause="not_begun")]
    )
    shown = environment(Language.EN).globals["footage"].explain(clip, "Asia/Shanghai")  # type: ignore[attr-defined]
    assert ("Not recorded yet" in shown) is adds


def test_words_by_the_way_have_the_brackets_of_their_language() -> None:
    assert SHOWN["in_brackets"]("<4 h>") == " (&lt;4 h&gt;)"
    assert Formats(Language.ZH).filters()["in_brackets"]("4 小时") == "（4 小时）"


def test_a_calendar_with_closed_days_of_a_hall_is_told_in_words(day: Services) -> None:
    book = CalendarBook()
    with day.database.transaction() as session:
        session.add(Closure(hall_id="cc", day=NOW.date(), reason="台风", noted_at=ago(90), noted_by="supervisor"))
        session.flush()
        book.refresh(session)
    version = book.of("cc")[-1][1].version
    words = Formats(Language.ZH).calendar_words(version)
    assert words.endswith("；大厅 cc 已登记闭厅 1 天")
    assert Formats(Language.ZH).calendar_words(words.split("；")[0]) == words.split("；")[0]


def test_an_absence_list_without_any_says_that_there_is_no_absence(sign_in: SignIn) -> None:
    page = sign_in("inspector").get("/absences?from=2020-01-01&to=2020-01-02", headers={"Accept-Language": "zh"}).text
    assert "没有离岗或其他事件" in page
    assert "没有疑点" not in page


def test_a_user_is_called_by_the_name_also_where_it_is_a_word_of_ours(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        session.add(User(name="nobody", password_hash="", role=Role.INSPECTOR, created_at=NOW))
    client = sign_in("admin")
    page = client.get("/admin/users", headers={"Accept-Language": "zh"}).text
    assert 'edit=nobody#form">nobody</a>' in page
    assert "无人" not in client.get("/admin/users.csv", headers={"Accept-Language": "zh"}).text


def test_a_limit_in_hours_has_its_time_of_day_and_one_in_days_its_day_alone() -> None:
    late_from = datetime(2026, 3, 2, 16, tzinfo=UTC)
    for language, by_day, by_hour in (
        (Language.EN, "2 Mar 2026", "2 Mar 2026 15:09:59"),
        (Language.ZH, "2026-03-02", "2026-03-02 15:09:59"),
    ):
        due = Formats(language).filters()["due"]
        whole_days = late_from - timedelta(microseconds=1), late_from - timedelta(seconds=1)
        assert [due(last, "Asia/Shanghai").striptags() for last in whole_days] == [by_day, by_day]
        within_it = late_from - timedelta(hours=8, minutes=50, microseconds=1)
        assert due(within_it, "Asia/Shanghai").striptags() == by_hour
    assert due(None, "Asia/Shanghai") == "–"
