"""What a finding or an absence rests on is said in words; the stored form stands in the JSON."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from storage.models import Absence, View, ZoneRule
from tests.web.pages.a_day import ago
from tests.web.pages.conftest import SignIn
from web.services import Services


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Unstaffed", "10:24:00", "Margin on each side", "1 min", "0.3 s"]),
        ("zh", ["无人", "10:24:00", "前后余量", "1 分", "0.3 秒"]),
    ],
)
def test_a_finding_says_in_words_what_it_rests_on(sign_in: SignIn, language: str, words: list[str]) -> None:
    page = sign_in("inspector").get("/findings", headers={"Accept-Language": language}).text
    assert [word for word in words if word not in page] == []
    assert "margin_s" not in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["09:38:00", "Over the limit at", "09:42:00", "certainty 87 %"]),
        ("zh", ["09:38:00", "超时时刻", "09:42:00", "置信度 87 %"]),
    ],
)
def test_an_absence_says_in_words_what_it_rests_on(sign_in: SignIn, language: str, words: list[str]) -> None:
    page = sign_in("inspector").get("/absences/1", headers={"Accept-Language": language}).text
    assert [word for word in words if word not in page] == []
    assert "&#34;unstaffed&#34;" not in page


def test_an_absence_tells_who_counted_as_inside_when_it_began(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        session.add(ZoneRule(version=1, inside="foot", valid_to=ago(30)))
        session.add(ZoneRule(version=2, inside="overlap 0.4", valid_from=ago(30)))
    client = sign_in("inspector")
    [used] = client.get("/absences/1.json").json()["inside"]
    assert (used["inside"], used["rule_version"]) == ("foot", 1)
    assert "The middle of its lower edge is inside · zone rule of the site, version 1" in client.get("/absences/1").text
    with day.database.transaction() as session:
        for view in session.exec(select(View).where(View.counter_id == "cc-1")):
            view.staff_inside = "overlap 0.5"
    assert "Half of the visible body is inside · as its view says" in client.get("/absences/1").text


def test_the_json_holds_it_as_it_is_stored(sign_in: SignIn) -> None:
    client = sign_in("inspector")
    assert client.get("/findings.json").json()["findings"][0]["evidence"]["margin_s"] == 60
    assert client.get("/absences/1.json").json()["evidence"]["spans"][0]["confidence"] == 0.91


def test_a_long_absence_says_how_much_of_its_evidence_is_not_kept(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        absence = session.get_one(Absence, 1)
        absence.evidence = absence.evidence | {"left_out": 7}
    assert "7 spans in between" in sign_in("inspector").get("/absences/1").text


@pytest.mark.parametrize(("language", "again"), [("en", "By the pictures named above"), ("zh", "依据上文所列的画面")])
def test_pictures_are_named_with_the_span_that_they_are_of(
    sign_in: SignIn, day: Services, language: str, again: str
) -> None:
    """A customer who comes begins a new span; that nobody of the staff is there still rests on the pictures before."""
    with day.database.transaction() as session:
        absence = session.get_one(Absence, 1)
        span = absence.evidence["spans"][0] | {"frames": [["cc-cam-1", "2026-11-23T01:38:07+00:00"]]}
        later = span | {"from": "2026-11-23T01:40:00+00:00", "customer": "waiting"}
        other = later | {"frames": [["cc-cam-1", "2026-11-23T01:41:07+00:00"]]}
        absence.evidence = absence.evidence | {"spans": [span, later, other]}
    page = sign_in("inspector").get("/absences/1", headers={"Accept-Language": language}).text
    assert page.count("at=2026-11-23T01%3A38%3A07") == 1
    assert page.count(again) == 1
    assert page.count("at=2026-11-23T01%3A41%3A07") == 1


@pytest.mark.parametrize(
    ("language", "before", "within"),
    [("en", "Staff as before, by the pictures of", "By the pictures of"), ("zh", "工作人员状态自此前延续", "依据")],
)
def test_pictures_that_are_older_than_their_span_are_told_as_such(
    sign_in: SignIn, day: Services, language: str, before: str, within: str
) -> None:
    """An event may begin with a customer who comes while nobody has been there for long."""
    client, header = sign_in("inspector"), {"Accept-Language": language}
    with day.database.transaction() as session:
        absence = session.get_one(Absence, 1)
        span = absence.evidence["spans"][0] | {"from": ago(60).isoformat(), "to": None, "customer": "waiting"}
        older = span | {"frames": [["cc-cam-1", (ago(60) - timedelta(seconds=s)).isoformat()] for s in (31, 30, 29)]}
        absence.evidence = absence.evidence | {"spans": [older]}
    page = client.get("/absences/1", headers=header).text
    assert page.count(before) == 1
    with day.database.transaction() as session:
        absence = session.get_one(Absence, 1)
        own = span | {"frames": [["cc-cam-1", (ago(60) + timedelta(seconds=s)).isoformat()] for s in (0, 1, 2)]}
        absence.evidence = absence.evidence | {"spans": [own]}
    page = client.get("/absences/1", headers=header).text
    assert (page.count(before), within in page) == (0, True)


def test_pictures_of_one_second_are_told_apart(sign_in: SignIn, day: Services) -> None:
    taken = [ago(62) + timedelta(milliseconds=ms) for ms in (0, 1_120, 1_620, 1_650, 3_900)]
    with day.database.transaction() as session:
        absence = session.get_one(Absence, 1)
        first, *others = absence.evidence["spans"]
        frames = [["cc-cam-1", at.isoformat()] for at in taken]
        absence.evidence = absence.evidence | {"spans": [first | {"frames": frames}, *others]}
    page = sign_in("inspector").get("/absences/1").text
    told = page.partition("By the pictures of")[2].partition("</dd>")[0]
    assert re.findall(r">([0-9:.]+)</time>", told) == [
        "09:38:00",
        "09:38:01.1",
        "09:38:01.620",
        "09:38:01.650",
        "09:38:03",
    ]
