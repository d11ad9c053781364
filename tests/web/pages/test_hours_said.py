"""Hours stand in lists in the reader's words, and in forms as they are typed."""

import re

import pytest

from tests.web.pages.conftest import SignIn
from web.declarations import Hours
from web.i18n import Language, say
from web.pages.admin.hours_said import said_hours


def hours(*lines: str) -> list[Hours]:
    """As they are kept, a day each or several."""
    parts = (line.split() for line in lines)
    return [Hours(days=days, open=span[:5], close=span[6:]) for days, span in parts]


@pytest.mark.parametrize(
    ("lines", "chinese", "english"),
    [
        (["mon-sun 00:00-24:00"], "周一至周日 00:00–24:00", "Mon to Sun, 00:00–24:00"),
        (
            ["mon-fri 09:00-12:00", "mon-fri 13:30-17:00"],
            "周一至周五 09:00–12:00；周一至周五 13:30–17:00",
            "Mon to Fri, 09:00–12:00; Mon to Fri, 13:30–17:00",
        ),
        (
            ["mon 09:00-12:00", "tue 09:00-12:00", "wed 09:00-12:00", "sat 10:00-16:00"],
            "周一至周三 09:00–12:00；周六 10:00–16:00",
            "Mon to Wed, 09:00–12:00; Sat, 10:00–16:00",
        ),
        (
            ["mon,tue,thu-sat 09:00-17:00"],
            "周一、周二、周四至周六 09:00–17:00",
            "Mon, Tue, Thu to Sat, 09:00–17:00",
        ),
    ],
)
def test_days_that_share_a_span_are_told_together(lines: list[str], chinese: str, english: str) -> None:
    found = said_hours(hours(*lines))
    assert found is not None
    assert (say(Language.ZH, found), say(Language.EN, found)) == (chinese, english)


def test_without_hours_there_is_nothing_to_say() -> None:
    assert said_hours([]) is None


@pytest.mark.parametrize(("language", "said"), [("zh-CN", "周一至周日 00:00–24:00"), ("en", "Mon to Sun, 00:00–24:00")])
def test_lists_and_files_tell_them_to_readers_and_forms_as_they_are_typed(
    sign_in: SignIn, language: str, said: str
) -> None:
    client, spoken = sign_in("admin"), {"Accept-Language": language}
    every_day = "mon-sun 00:00-24:00"
    hall = {"id": "sd", "district": "nanhai", "name": "顺德大厅", "timezone": "Asia/Shanghai", "hours": every_day}
    counter = {"id": "sd-1", "hall": "sd", "number": "1", "roster": every_day}
    for section, form in (("halls", hall), ("counters", counter)):
        assert client.post(f"/admin/{section}", data=form).status_code == 303
        shown = client.get(f"/admin/{section}", headers=spoken).text
        assert f">{said}<" in shown
        assert said in client.get(f"/admin/{section}.csv", headers=spoken).text
        [typed] = re.findall(
            r"<textarea[^>]*>([^<]*)</textarea>",
            client.get(f"/admin/{section}?edit={form['id']}", headers=spoken).text,
        )
        assert typed == every_day
