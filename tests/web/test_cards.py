"""The inbox of cards: who reads and who answers, what it shows, and the same as a file."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from storage.models import (
    Card,
    CardAct,
    CardCause,
    CardKind,
    CardState,
    CardWord,
    Case,
    ClockName,
    Closure,
    Department,
    Role,
    User,
)
from tests.web.carded import LATE_FROM, a_card
from tests.web.conftest import NO_PASSWORD, NOON, Clock, SignedIn
from web.pages import cards, paging, tables
from web.services import Services

OWN, FOREIGN = 1, 2
"""Cards of hall `cc` and of hall `nh`."""


@pytest.fixture(autouse=True)
def _two_cards(services: Services) -> None:
    with services.database.transaction() as session:
        session.add_all([a_card(1, id=OWN), a_card(2, id=FOREIGN)])


def say(client: TestClient, act: str, card: int = OWN, text: str = "系统故障") -> int:
    return client.post(f"/api/v1/cards/{card}/words", json={"act": act, "text": text}).status_code


def said(services: Services) -> list[tuple[CardAct, str]]:
    with services.database.transaction() as session:
        return [(word.act, word.text) for word in session.exec(select(CardWord).order_by(CardWord.number))]  # type: ignore[arg-type]


def test_the_days_of_a_card_are_a_file_for_who_sees_the_card(anonymous: TestClient, signed_in: SignedIn) -> None:
    days = signed_in("inspector").get(f"/cards/{OWN}.json").json()["card"]["derivation"]["limit"]["days"]
    heading, *lines = signed_in("inspector").get(f"/cards/{OWN}.csv").text.removeprefix("\ufeff").splitlines()
    assert heading.startswith("first,last,state,first_number,last_number")
    assert [line.split(",")[:3] for line in lines] == [[day["first"], day["last"], day["state"]] for day in days]
    assert len(lines) > 2
    for ending in ("csv", "xlsx"):
        assert anonymous.get(f"/cards/{OWN}.{ending}").status_code in (303, 401)
        assert signed_in("inspector").get(f"/cards/{FOREIGN}.{ending}").status_code == 404


def test_a_card_says_which_closures_have_put_off_its_dates(signed_in: SignedIn, services: Services) -> None:
    noted = LATE_FROM + timedelta(hours=20)
    day = (LATE_FROM + timedelta(days=2)).date()
    a_sunday, too_late = day + timedelta(days=2), LATE_FROM + timedelta(days=30)
    weekday: dict[str, Any] = {"hall_id": "cc", "reason": "台风", "noted_at": noted, "noted_by": "x"}
    with services.database.transaction() as session:
        card = session.get_one(Card, OWN)
        card.explain_by = LATE_FROM + timedelta(days=8)
        card.escalation = [{"to": "head", "at": (LATE_FROM + timedelta(days=5)).isoformat()}]
        session.add_all(Closure(day=each, **weekday) for each in (day, a_sunday, too_late.date()))
        session.add(Closure(**(weekday | {"day": day, "hall_id": "nh", "reason": "别的大厅"})))
        session.add(Closure(**(weekday | {"day": day, "noted_at": LATE_FROM, "reason": "已知"})))
    client = signed_in("inspector")
    put_off = client.get(f"/cards/{OWN}.json").json()["put_off"]
    [by] = put_off["correct_by"]
    assert (by["day"], by["reason"], by["withdrawn_at"]) == (day.isoformat(), "台风", None)
    assert put_off["explain_by"] == [by]
    assert put_off["escalation"] == [[by]]
    page = client.get(f"/cards/{OWN}", headers={"Accept-Language": "zh"}).text
    assert page.count("因之后登记的大厅闭厅而顺延") == 3
    assert say(signed_in("department"), "explain") == 200
    with services.database.transaction() as session:
        words = session.exec(select(CardWord)).one()
        words.at = noted - timedelta(hours=1)
    put_off = client.get(f"/cards/{OWN}.json").json()["put_off"]
    assert (put_off["correct_by"], put_off["explain_by"], put_off["escalation"]) == ([by], [], [[]]), "it was answered"


def ids(client: TestClient, query: str = "") -> list[int]:
    return [row["id"] for row in client.get(f"/cards.json?{query}").json()["cards"]]


@pytest.mark.parametrize("path", ["/cards", "/cards.json", "/cards.csv"])
def test_nobody_reads_cards_without_signing_in(anonymous: TestClient, path: str) -> None:
    assert anonymous.get(path).status_code in (303, 401)


@pytest.mark.parametrize("role", ["inspector", "investigator"])
def test_who_only_reads_cards_cannot_say_anything(signed_in: SignedIn, services: Services, role: str) -> None:
    client = signed_in(role)
    assert ids(client) == [OWN]
    assert client.get("/cards.json").json()["cards"][0]["possible"] == []
    for act in CardAct:
        assert say(client, act) == 403
        assert client.post(f"/cards/{OWN}/say", data={"act": act, "text": "?"}).status_code == 403
    assert said(services) == []


def test_each_speaks_for_their_own_side_alone(signed_in: SignedIn, services: Services) -> None:
    department, supervisor = signed_in("department"), signed_in("supervisor")
    for act in (CardAct.UPHOLD, CardAct.WITHDRAW, CardAct.GRANT_APPEAL, CardAct.CLOSE):
        assert say(department, act) == 403
    for act in (CardAct.EXPLAIN, CardAct.APPEAL, CardAct.CORRECT):
        assert say(supervisor, act) == 403
    assert department.get("/cards.json").json()["cards"][0]["possible"] == ["explain"]
    assert supervisor.get("/cards.json").json()["cards"][0]["possible"] == ["uphold", "withdraw"]
    assert said(services) == []


@pytest.mark.parametrize(("role", "act"), [("department", "explain"), ("supervisor", "uphold")])
def test_a_card_of_another_hall_or_department_is_not_there(
    signed_in: SignedIn, services: Services, role: str, act: str
) -> None:
    client = signed_in(role)
    assert say(client, act, FOREIGN) == say(client, act, 99) == 404
    assert client.post(f"/cards/{FOREIGN}/say", data={"act": act, "text": "?"}).status_code == 404
    assert client.get("/cards.json?hall=nh").status_code == 404
    with services.database.transaction() as session:
        session.get_one(Case, 1).department_id = "civil"
    if role == "department":
        assert ids(client, "state=all") == []
        assert say(client, act) == 404


def test_a_card_is_explained_and_withdrawn_by_form_and_its_log_stands_on_both_pages(
    signed_in: SignedIn, services: Services
) -> None:
    department, supervisor = signed_in("department"), signed_in("supervisor")
    sent = {"act": "explain", "text": "停电 <b>", "next": "/cards?state=all&done=said"}
    answer = department.post(f"/cards/{OWN}/say", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cards?state=all&done=said")
    outside = department.post(f"/cards/{OWN}/say", data={**sent, "next": "//evil.example"})
    assert outside.status_code == 409, "it is explained already"
    assert "evil.example" not in outside.text
    assert ids(supervisor, "state=explained") == [OWN]
    page = supervisor.get("/cards?lang=en").text
    assert "停电 &lt;b&gt;" in page
    assert supervisor.post(f"/cards/{OWN}/say", data={"act": "withdraw", "text": "属实"}).status_code == 303
    assert said(services) == [(CardAct.EXPLAIN, "停电 <b>"), (CardAct.WITHDRAW, "属实")]
    assert ids(supervisor) == []
    assert ids(supervisor, "state=withdrawn") == [OWN]
    row = supervisor.get("/cards.json?state=all").json()["cards"][0]
    assert (row["counts"], row["withdrawn_at"]) == (False, "2026-03-02T04:00:00Z")
    assert [(word["by"], word["act"]) for word in row["log"]] == [("department", "explain"), ("supervisor", "withdraw")]
    with services.database.transaction() as session:
        assert not session.get_one(Case, 1).limits_reckoned, "the clerk replays the case with it"


def test_of_two_who_decide_at_once_the_second_sees_the_card_as_it_is_and_keeps_the_words(
    signed_in: SignedIn, services: Services
) -> None:
    first, second = signed_in("supervisor"), signed_in("admin")
    second.headers["Accept-Language"] = "en"
    assert first.post(f"/cards/{OWN}/say", data={"act": "uphold", "text": "理由不成立"}).status_code == 303
    late = second.post(f"/cards/{OWN}/say", data={"act": "uphold", "text": "材料不全"})
    assert late.status_code == 409
    for words in ("see what was said meanwhile", "理由不成立", "材料不全", "Answer or decide"):
        assert words in late.text
    assert say(second, "correct") == say(first, "close") == 200
    over = second.post(f"/cards/{OWN}/say", data={"act": "correct", "text": "再次整改"})
    assert over.status_code == 409
    for words in ("see what was said meanwhile", "This was not kept:", "再次整改"):
        assert words in over.text
    assert "Answer or decide" not in over.text, "nothing can be said any more"
    assert len(said(services)) == 3


def test_an_appeal_waits_for_another_supervisor(signed_in: SignedIn, services: Services) -> None:
    department, supervisor, admin = signed_in("department"), signed_in("supervisor"), signed_in("admin")
    assert say(supervisor, "uphold") == say(department, "appeal") == 200
    assert supervisor.get("/cards.json").json()["cards"][0]["possible"] == []
    assert department.get("/cards.json").json()["cards"][0]["counts"] is False
    refused = supervisor.post(f"/api/v1/cards/{OWN}/words", json={"act": "reject_appeal", "text": "?"})
    assert (refused.status_code, refused.json()["error"]) == (409, "conflict")
    assert say(admin, "reject_appeal") == 200
    assert say(department, "correct") == say(supervisor, "close") == 200
    with services.database.transaction() as session:
        assert session.get_one(Card, OWN).state is CardState.CLOSED


def test_what_is_missing_is_named_in_words_and_its_reminder_stays_until_it_is_told(
    signed_in: SignedIn, services: Services
) -> None:
    rests_on = {"law": "", "cards": "own", "calendar": "", "source": "数据交换标准"}
    derivation = {"clock": "conduct", "evidence": [["lacking", "operator"]], **rests_on}
    lack = {"cause": CardCause.DATA_MISSING, "clock": ClockName.CONDUCT, "about": "missing:operator"}
    with services.database.transaction() as session:
        session.add(a_card(1, id=3, kind=CardKind.REMINDER, derivation=derivation, correct_by=None, **lack))
    client = signed_in("admin")
    assert 3 in ids(client), "it is open, though its moment lies in the past"
    assert "Operator of the step" in client.get("/cards/3", headers={"accept-language": "en"}).text
    assert "lacking operator" in client.get("/cards.csv?kind=reminder").text


@pytest.mark.parametrize("wrong", [{"text": "?"}, {"act": "forgive", "text": "?"}, {"act": "explain", "text": " "}])
def test_a_word_needs_an_act_and_a_reason(signed_in: SignedIn, services: Services, wrong: dict[str, str]) -> None:
    client = signed_in("department")
    assert client.post(f"/api/v1/cards/{OWN}/words", json=wrong).status_code == 422
    assert client.post(f"/cards/{OWN}/say", data=wrong).status_code == 422
    assert said(services) == []


def test_the_list_is_narrowed_by_state_kind_department_hall_case_and_day(
    signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        session.get_one(Case, 2).department_id = "civil"
        reminder = {"kind": CardKind.REMINDER, "raised_at": LATE_FROM - timedelta(days=1)}
        session.add_all([a_card(1, id=3, **reminder), a_card(2, id=4, **reminder, late_from=NOON + timedelta(days=1))])
        gone = {"kind": CardKind.RED, "raised_at": LATE_FROM + timedelta(days=1), "withdrawn_at": NOON}
        session.add(a_card(1, id=5, **gone))
    client = signed_in("admin")
    assert ids(client) == [2, 1, 4], "a reminder of a limit that has passed has nothing left to say"
    assert ids(client, "state=all") == [5, 2, 1, 4, 3]
    assert ids(client, "state=withdrawn") == [5]
    assert ids(client, "kind=reminder&state=all") == [4, 3]
    assert ids(client, "department=civil") == [2, 4]
    assert ids(client, "hall=cc&state=all") == [5, 1, 3]
    assert ids(client, "q=2026-1") == [1]
    assert ids(client, "from=2026-02-27&state=all") == [5]
    assert client.get("/cards.json?state=gone").status_code == 422
    assert [each["id"] for each in client.get("/cards.json").json()["departments"]] == ["civil", "tax"]
    assert client.get("/cards?state=closed&lang=en").status_code == 200


def test_departments_of_halls_out_of_scope_are_not_offered(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.get_one(Case, 2).department_id = session.get_one(Department, "civil").id
    assert [each["id"] for each in signed_in("inspector").get("/cards.json").json()["departments"]] == ["tax"]
    assert signed_in("department").get("/cards.json").json()["departments"] == []


def test_each_card_says_in_words_why_it_was_raised(signed_in: SignedIn) -> None:
    client = signed_in("inspector")
    derivation = client.get("/cards.json").json()["cards"][0]["derivation"]
    assert (derivation["counted"], derivation["left_out"]) == (5, {"first_day": 1, "holiday": 9})
    client.cookies.set("hallwatch_language", "en")
    english = client.get("/cards", headers={"Accept-Language": "en"}).text
    for words in ("5 days counted", "Public holiday: 9", "How it was reckoned", "Yellow card"):
        assert words in english
    client.cookies.delete("hallwatch_language")
    chinese = client.get("/cards", headers={"Accept-Language": "zh"}).text
    for words in ("计入 5 天", "计算依据", "黄牌", "待答复", "行政许可法-2004"):
        assert words in chinese


def test_the_file_has_what_the_filters_leave_page_by_page(
    signed_in: SignedIn, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(signed_in("department"), "explain", text="=1+1")
    for module in (cards, paging):
        monkeypatch.setattr(module, "PAGE_SIZE", 1)
    monkeypatch.setattr(tables, "AT_ONCE", 1)
    client = signed_in("admin")
    page = client.get("/cards.json").json()
    assert [row["id"] for row in page["cards"]] == [FOREIGN]
    assert ids(client, f"after={page['next']}") == [OWN]
    answer = client.get("/cards.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    foreign, own = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (foreign["case"], foreign["hall"], foreign["state"]) == ("2026-2", "nh", "raised")
    assert (own["days_counted"], own["days_left_out"]) == ("5", "first_day 1; holiday 9")
    assert own["log"] == "2026-03-02T12:00:00+08:00 department explain: =1+1"
    assert len(client.get("/cards.csv?state=closed").text.splitlines()) == 1


def test_two_administrators_can_settle_an_appeal_between_them(signed_in: SignedIn, services: Services) -> None:
    """An administrator may speak for either side, but never on their own word."""
    with services.database.transaction() as session:
        session.add(User(name="other", role=Role.ADMIN, password_hash=NO_PASSWORD, created_at=NOON))
    admin = signed_in("admin")
    assert say(admin, "explain") == 200
    assert say(admin, "uphold") == 409
    [own] = admin.get("/cards.json?hall=cc").json()["cards"]
    assert (own["possible"], own["is_for_another"]) == ([], True)
    assert "须由其他人决定" in admin.get(f"/cards/{OWN}", headers={"Accept-Language": "zh"}).text
    assert not signed_in("inspector").get("/cards.json").json()["cards"][0]["is_for_another"], "who only reads"


def test_who_above_would_be_told_is_not_listed_once_somebody_has_answered(
    signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        session.get_one(Card, OWN).escalation = [{"to": "head", "at": (NOON + timedelta(hours=1)).isoformat()}]
    department, english = signed_in("department"), {"Accept-Language": "en"}
    assert "If nobody answers" in department.get(f"/cards/{OWN}", headers=english).text
    assert say(department, "explain", text="第一行\n第二行") == 200
    page = department.get(f"/cards/{OWN}", headers=english).text
    assert "If nobody answers" not in page
    assert '<p class="told break">第一行\n第二行</p>' in page, "lines stay lines"


def test_who_does_not_explain_in_time_has_not_explained(signed_in: SignedIn, services: Services, clock: Clock) -> None:
    with services.database.transaction() as session:
        card = session.get_one(Card, OWN)
        card.explain_by = NOON + timedelta(hours=1)
        card.escalation = [{"to": "head", "at": NOON.isoformat()}]
    department = signed_in("department")
    assert ids(department, "state=unexplained") == []
    [shown] = department.get("/cards.json").json()["cards"]
    assert (shown["explain_by"], shown["is_unexplained"]) == ("2026-03-02T04:59:59.999999Z", False)
    assert shown["escalation"] == [{"to": "head", "at": "2026-03-02T04:00:00Z", "taken": True}]
    clock.forward(timedelta(hours=1))
    assert say(department, "explain") == 409
    assert ids(department, "state=unexplained") == [OWN]
    assert "说明期限已过" not in signed_in("supervisor").get(f"/cards/{OWN}").text, "who decides has the form"
    english = {"Accept-Language": "en"}
    assert "Not explained in time" in department.get("/cards", headers=english).text
    page = department.get(f"/cards/{OWN}", headers=english).text
    for words in (
        "Explain by",
        "If nobody answers",
        "Head of a department",
        "passed on",
        "The time to explain is over",
    ):
        assert words in page
    assert say(signed_in("supervisor"), "uphold") == 200
    assert "The time to explain is over" not in department.get(f"/cards/{OWN}", headers=english).text, "it is decided"


def test_a_card_of_conduct_shows_what_it_rests_on(signed_in: SignedIn, services: Services) -> None:
    evidence = [["happened", LATE_FROM.isoformat()], ["later_link", "decide"], ["charged", "F9"]]
    kept = {"clock": "conduct", "link": "review", "evidence": evidence, "source": "行政许可法 第四条"}
    versions = {"law": "行政许可法-2004", "cards": "usual-2026", "rests_on": "佛监〔2026〕1号", "calendar": "c1"}
    conduct = {"clock": ClockName.CONDUCT, "cause": CardCause.LINK_SKIPPED, "link": "review", "about": "skipped:review"}
    with services.database.transaction() as session:
        session.add(a_card(1, id=3, **conduct, derivation=kept | versions))
    client = signed_in("inspector")
    [shown] = [card for card in client.get("/cards.json").json()["cards"] if card["id"] == 3]
    assert shown["derivation"]["limit"] is None
    page = client.get("/cards/3", headers={"Accept-Language": "en"}).text
    for words in (
        "A link of the item was skipped: Review",
        "Done before",
        "Decide",
        "Rests on",
        "F9",
        "usual-2026 · 佛监〔2026〕1号",
    ):
        assert words in page
    assert "跳过事项规定的环节" in client.get("/cards", headers={"Accept-Language": "zh"}).text
    assert "later_link decide" in client.get("/cards.csv").text
