"""Disputes of absences by page and API: who disputes, who decides, what counts meanwhile, and who is told."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from correlation.disputes.voices import DisputeTime
from storage.models import (
    Absence,
    AbsenceWord,
    AccessEntry,
    Audience,
    Hold,
    Operator,
    User,
)
from tests.sample import CAMERA
from tests.web.conftest import NOON, Clock, SignedIn
from tests.web.test_card_news import Post
from web.channels import Channel
from web.notify import Notifier
from web.permissions import roles_that_dispute
from web.services import Services

HOUR = timedelta(hours=1)
WHY: dict[str, Any] = {"act": "dispute", "ground": "was_there", "text": "弯腰取材料，没有离开"}


def say(client: TestClient, absence: int = 1, **word: Any) -> Any:
    return client.post(f"/api/v1/absences/{absence}/words", json=word)


def decide(client: TestClient, act: str, absence: int = 1) -> int:
    return int(say(client, absence, act=act, text="已核对录像").status_code)


def shown(client: TestClient, absence: int = 1) -> Any:
    return client.get(f"/absences/{absence}.json").json()


@pytest.fixture(autouse=True)
def _over(services: Services) -> None:
    """Both absences of the morning have ended half an hour ago."""
    with services.database.transaction() as session:
        for absence in session.exec(select(Absence)):
            absence.end = absence.judged_at = absence.answerable_at = NOON - HOUR / 2
            absence.ended_by = "returned"


def test_a_department_disputes_in_its_halls_and_nobody_else_does(
    anonymous: TestClient, signed_in: SignedIn, services: Services
) -> None:
    assert say(anonymous, **WHY).status_code == 401
    for role in ("supervisor", "inspector", "investigator"):
        assert say(signed_in(role), **WHY).status_code == 403
    department = signed_in("department")
    assert say(department, absence=2, **WHY).status_code == 404
    assert decide(department, "uphold") == 403
    with services.database.transaction() as session:
        assert session.exec(select(AbsenceWord)).all() == []
    assert say(department, **WHY).json()["dispute"] == "disputed"


def test_a_supervisor_of_the_hall_decides_once_and_not_on_their_own_dispute(signed_in: SignedIn) -> None:
    admin, supervisor = signed_in("admin"), signed_in("supervisor")
    for absence in (1, 2):
        assert say(admin, absence=absence, **WHY).status_code == 200
    assert decide(admin, "uphold") == 409
    assert decide(supervisor, "uphold", absence=2) == 404
    assert decide(signed_in("inspector"), "uphold") == 403
    assert decide(supervisor, "withdraw") == 200
    assert decide(supervisor, "uphold") == 409
    assert say(signed_in("department"), **WHY).status_code == 409


def test_of_two_who_decide_at_once_the_second_sees_the_absence_as_it_is_and_keeps_the_words(
    signed_in: SignedIn,
) -> None:
    admin, supervisor = signed_in("admin"), signed_in("supervisor")
    admin.headers["Accept-Language"] = "en"
    assert say(signed_in("department"), **WHY).status_code == 200
    assert supervisor.post("/absences/1/say", data={"act": "uphold", "text": "录像中无人"}).status_code == 303
    late = admin.post("/absences/1/say", data={"act": "withdraw", "text": "蹲在柜台后"})
    assert late.status_code == 409
    for words in ("see what was said meanwhile", "录像中无人", "This was not kept:", "蹲在柜台后"):
        assert words in late.text


def test_another_departments_counter_is_not_ours_to_speak_for(signed_in: SignedIn, services: Services) -> None:
    department = signed_in("department")
    with services.database.transaction() as session:
        session.add(
            Operator(
                source_id="cc-platform",
                reference="o1",
                operator="李芳",
                department_id="civil",
                counter_id="cc-1",
                valid_from=NOON - 9 * HOUR,
                first_received_at=NOON,
                received_at=NOON,
            )
        )
    assert say(department, **WHY).status_code == 403
    assert shown(department)["dispute"]["possible"] == []
    with services.database.transaction() as session:
        session.get_one(Operator, 1).department_id = "tax"
    assert shown(department)["dispute"]["possible"] == ["dispute"]
    with services.database.transaction() as session:
        session.get_one(User, 4).department_id = None
    assert say(signed_in("department"), **WHY).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "field"), [({"ground": None}, "ground"), ({"ground": "bored"}, "ground"), ({"text": " "}, "text")]
)
def test_a_mistake_names_its_field(signed_in: SignedIn, wrong: dict[str, Any], field: str) -> None:
    answer = say(signed_in("department"), **WHY | wrong)
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == field


def test_every_word_stays_and_is_in_the_access_log(signed_in: SignedIn, services: Services) -> None:
    department, supervisor = signed_in("department"), signed_in("supervisor")
    assert shown(department)["dispute"]["standing"] == "open"
    say(department, **WHY)
    found = shown(supervisor)["dispute"]
    assert (found["standing"], found["possible"]) == ("disputed", ["uphold", "withdraw"])
    assert (found["decide_until"], found["rules"]) == ("2026-03-09T15:59:59.999999Z", "usual-2026")
    decide(supervisor, "withdraw")
    found = shown(department)["dispute"]
    assert found["standing"] == "withdrawn"
    assert [(word["act"], word["ground"], word["by"]) for word in found["log"]] == [
        ("dispute", "was_there", "department"),
        ("withdraw", None, "supervisor"),
    ]
    with services.database.transaction() as session:
        entries = session.exec(select(AccessEntry).where(col(AccessEntry.action).startswith("dispute"))).all()
    assert [(entry.action, entry.subject) for entry in entries] == [
        ("dispute", "absence:1"),
        ("dispute_withdraw", "absence:1"),
    ]


def test_its_footage_is_held_until_it_is_decided(signed_in: SignedIn, services: Services) -> None:
    def held() -> list[tuple[str, datetime, datetime, bool]]:
        with services.database.transaction() as session:
            return [
                (each.camera_id, each.start, each.end, each.lifted_at is None)
                for each in session.exec(select(Hold).where(col(Hold.subject).startswith("dispute:")))
            ]

    around = timedelta(minutes=5)
    span = NOON - HOUR - around, NOON - HOUR / 2 + around
    say(signed_in("department"), **WHY)
    assert held() == [(CAMERA, *span, True)]
    supervisor = signed_in("supervisor")
    assert "该离岗已提出异议" in supervisor.get("/holds", headers={"Accept-Language": "zh"}).text
    assert supervisor.post("/api/v1/holds/1/lift").status_code == 403, "the decision lifts it"
    decide(supervisor, "uphold")
    assert held() == [(CAMERA, *span, False)]


def test_it_counts_in_no_figure_while_it_is_disputed_and_never_once_withdrawn(signed_in: SignedIn) -> None:
    def counted() -> tuple[int, int, float, str]:
        spent = admin.get("/counters/cc-1/day.json?day=2026-03-02").json()["spent"]
        line = admin.get("/counters/cc-1/month.csv?month=2026-03").text.splitlines()[2]
        return spent["absences"], spent["disputed"], spent["absent_s"], ",".join(line.split(",")[-2:])

    admin = signed_in("admin")
    assert counted() == (1, 0, 1800, "1,0")
    say(signed_in("department"), **WHY)
    assert counted() == (0, 1, 0, "0,1")
    decide(signed_in("supervisor"), "withdraw")
    assert counted() == (0, 0, 0, "0,0")


def test_the_list_finds_what_is_disputed_and_what_is_overdue(signed_in: SignedIn, clock: Clock) -> None:
    def ids(query: str) -> list[int]:
        return [each["id"] for each in admin.get(f"/absences.json?{query}").json()["absences"]]

    admin = signed_in("admin")
    say(admin, absence=2, **WHY)
    assert (ids("dispute=disputed"), ids("dispute=overdue"), ids("")) == ([2], [], [2, 1])
    clock.forward(timedelta(days=8))
    admin = signed_in("admin")
    assert (ids("dispute=overdue"), ids("dispute=upheld")) == ([2], [])
    found = admin.get("/absences.json").json()
    row = found["absences"][0]
    assert (row["dispute"], row["is_overdue"], found["undecided"], found["overdue"]) == ("disputed", True, 1, 1)
    assert "1 项异议待处理" in admin.get("/absences", headers={"Accept-Language": "zh"}).text
    assert signed_in("supervisor").get("/absences.json").json()["undecided"] == 0, "it is another hall's"
    page = admin.get("/absences/2", headers={"Accept-Language": "en"}).text
    assert "Decision overdue" in page
    alert = admin.get("/alerts.json?state=all").json()["alerts"][0]
    assert (alert["dispute"], alert["is_overdue"]) == ("disputed", True)
    assert say(signed_in("department"), **WHY).status_code == 409, "it is too late for the other"
    assert shown(admin, 1)["dispute"]["standing"] == "stands"


def test_the_page_says_what_it_waits_for_where_nobody_could_dispute_it(
    signed_in: SignedIn, services: Services, clock: Clock
) -> None:
    kept: dict[int | None, str | None] = {}
    with services.database.transaction() as session:
        session.get_one(Absence, 1).answerable_at = None
        accounts = [user for user in session.exec(select(User)) if user.role in roles_that_dispute()]
        for user in accounts:
            user.department_id, of = None, user.department_id
            kept[user.id] = of
    clock.forward(timedelta(days=30))
    admin, waits = signed_in("admin"), "待所属部门有可查看该大厅的账号后"
    found = shown(admin)["dispute"]
    assert (found["standing"], found["dispute_until"], found["lacks_account"]) == ("open", None, True)
    assert waits in admin.get("/absences/1", headers={"Accept-Language": "zh"}).text
    with services.database.transaction() as session:
        for user_id, of in kept.items():
            session.get_one(User, user_id).department_id = of
    assert not shown(admin)["dispute"]["lacks_account"], "at once, though the time begins within a minute"
    page = admin.get("/absences/1", headers={"Accept-Language": "zh"}).text
    assert waits not in page
    assert "结束后开始计算" not in page, "it is over"
    DisputeTime(services.database, roles_that_dispute()).run_once(clock())
    assert shown(admin)["dispute"]["dispute_until"] is not None


def test_the_form_of_the_page_disputes_and_decides(signed_in: SignedIn) -> None:
    department, supervisor = signed_in("department"), signed_in("supervisor")
    chinese = {"Accept-Language": "zh"}
    assert "提出异议" in department.get("/absences/1", headers=chinese).text
    assert 'action="/absences/1/say"' not in supervisor.get("/absences/1").text
    sent = department.post("/absences/1/say", data=WHY)
    assert sent.headers["location"] == "/absences/1?done=dispute_dispute#dispute"
    page = supervisor.get("/absences/1", headers=chinese).text
    for words in ("弯腰取材料，没有离开", "窗口有人", "异议处理中", "税务局"):
        assert words in page
    sent = supervisor.post("/absences/1/say", data={"act": "uphold", "text": "录像中无人"})
    assert sent.headers["location"] == "/absences/1?done=dispute_uphold#dispute"
    assert "维持" in department.get("/absences/1", headers=chinese).text


def test_the_supervisor_hears_of_a_dispute_the_department_of_the_decision_and_the_district_of_a_late_one(
    signed_in: SignedIn, services: Services, clock: Clock
) -> None:
    long_ago = NOON - timedelta(days=9)
    channels = tuple(
        Channel(name, f"json://127.0.0.1/{name}", (), long_ago, Audience(name), place)
        for name, place in (("contact", "tax"), ("supervisor", "cc"), ("district", "chancheng"))
    )
    post = Post()
    outbox = Notifier(services.database, lambda _session: channels, "https://hall.example", post)
    say(signed_in("department"), **WHY)
    assert outbox.run_once(clock()) == 1
    url, notice = post.sent[0]
    assert url == "json://127.0.0.1/supervisor"
    assert notice.title.endswith("Absence at counter 1 of Chancheng Hall, 2026-03-02 11:00:00, is disputed")
    assert notice.body.split("\n")[-2:] == [
        "To be decided by 2026-03-09 23:59:59",
        "https://hall.example/absences/1",
    ]
    assert WHY["text"] not in notice.body
    clock.forward(timedelta(days=8))
    assert outbox.run_once(clock()) == 2
    assert {url.rsplit("/", 1)[-1] for url, _ in post.sent[1:]} == {"supervisor", "district"}
    decide(signed_in("supervisor"), "uphold")
    assert (outbox.run_once(clock()), outbox.run_once(clock())) == (1, 0)
    assert (post.sent[3][0], "is upheld" in post.sent[3][1].title) == ("json://127.0.0.1/contact", True)
    told = shown(signed_in("admin"))["told"]
    assert [one["news"] for one in told] == ["disputed", "undecided", "undecided", "uphold"]
