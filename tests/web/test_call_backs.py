"""The list of calls back: who sees which, what is overdue, and the note that ends one."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from correlation.supervision.call_backs import CallBacks
from correlation.supervision.rules import shipped_call_back_rules
from storage.models import Audience, CallBack, Rating
from tests.web.conftest import NOON, Clock, SignedIn
from tests.web.test_card_news import Post
from web.channels import Channel
from web.notify import Notifier
from web.services import Services

PATHS = ["/call-backs", "/call-backs.json", "/call-backs.csv", "/call-backs.xlsx"]


@pytest.fixture(autouse=True)
def _rated(services: Services) -> None:
    """1: hall cc, case of the tax office; 2: hall nh; 3: hall cc, of no case."""
    with services.database.transaction() as session:
        for number, (counter, case) in enumerate((("cc-1", "2026-1"), ("nh-1", "2026-2"), ("cc-2", "")), start=1):
            said: dict[str, Any] = {"source_id": "cc-platform", "reference": f"r{number}", "level": number % 2 + 1}
            times: dict[str, Any] = {"rated": NOON, "first_received_at": NOON, "received_at": NOON}
            session.add(Rating(id=number, counter_id=counter, case_number=case, comment="太慢", **said, **times))
            session.flush()
    CallBacks(services.database, shipped_call_back_rules()).run_once(NOON)


def ids(client: TestClient, query: str = "") -> list[int]:
    return [row["id"] for row in client.get(f"/call-backs.json?{query}").json()["call_backs"]]


def done(client: TestClient, number: int, note: str = "已致电，已整改") -> int:
    return client.post(f"/call-backs/{number}/done", data={"note": note}).status_code


def test_nobody_sees_them_without_signing_in_or_in_another_role(anonymous: TestClient, signed_in: SignedIn) -> None:
    for path in PATHS:
        assert anonymous.get(path).status_code in (303, 401)
        for role in ("inspector", "investigator"):
            assert signed_in(role).get(path).status_code == 403
    assert done(anonymous, 1) == 303, "sent to sign in"
    assert done(signed_in("inspector"), 1) == 403


def test_supervisors_see_their_halls_and_departments_their_cases(signed_in: SignedIn) -> None:
    assert ids(signed_in("admin")) == [1, 2, 3]
    assert ids(signed_in("supervisor")) == [1, 3]
    assert ids(signed_in("department")) == [1]
    assert [done(signed_in("department"), number) for number in (2, 3)] == [404, 404]
    assert done(signed_in("supervisor"), 2) == 404
    assert signed_in("supervisor").get("/call-backs.json?hall=nh").status_code == 404


def test_it_is_ended_once_and_with_a_note(signed_in: SignedIn, services: Services) -> None:
    department = signed_in("department")
    assert [done(department, 1, note) for note in ("", "x" * 2001)] == [422, 422]
    assert done(department, 1) == 303
    assert done(department, 1) == 409
    assert ids(department) == []
    (row,) = department.get("/call-backs.json?state=done").json()["call_backs"]
    assert (row["note"], row["ended_by"], row["ended_at"]) == ("已致电，已整改", "department", "2026-03-02T04:00:00Z")


def test_what_is_overdue_comes_first_and_says_so(signed_in: SignedIn, services: Services, clock: Clock) -> None:
    with services.database.transaction() as session:
        session.get_one(CallBack, 3).due_by = NOON + timedelta(days=1)
    supervisor = signed_in("supervisor")
    assert ids(supervisor, "state=overdue") == []
    clock.forward(timedelta(days=1))
    supervisor = signed_in("supervisor")
    assert ids(supervisor) == [3, 1]
    assert ids(supervisor, "state=overdue") == [3]
    assert supervisor.get("/call-backs?lang=en").text.count("Overdue</span>") == 1
    assert supervisor.get("/call-backs.csv?state=overdue").text.splitlines()[1].startswith("3,open,true,2,太慢")


def test_one_that_could_be_known_only_weeks_later_is_not_overdue_and_shows_both_dates(
    signed_in: SignedIn, services: Services, clock: Clock
) -> None:
    clock.forward(timedelta(days=35))
    with services.database.transaction() as session:
        times: dict[str, Any] = {"rated": NOON, "first_received_at": clock(), "received_at": clock()}
        session.add(Rating(id=4, source_id="cc-platform", reference="r4", level=1, counter_id="cc-1", **times))
    CallBacks(services.database, shipped_call_back_rules()).run_once(clock())
    supervisor = signed_in("supervisor")
    assert ids(supervisor, "state=overdue") == [1, 3], "that were known all the time"
    rows = {row["id"]: row for row in supervisor.get("/call-backs.json").json()["call_backs"]}
    assert (rows[4]["came_later"], rows[1]["came_later"]) == (True, False)
    assert (rows[4]["rated_due_by"], rows[4]["known_at"]) == (rows[1]["due_by"], "2026-04-06T04:00:00Z")
    page = supervisor.get("/call-backs?lang=en", headers={"Accept-Language": "en"}).text
    assert (page.count("known here since"), page.count("if counted from the rating")) == (1, 1)
    assert page.count("Overdue</span>") == 2
    heading, *lines = supervisor.get("/call-backs.csv").text.removeprefix("\ufeff").splitlines()
    assert heading.endswith("source,known_at (Asia/Shanghai),rated_due_by (Asia/Shanghai)")
    assert any(line.endswith("2026-04-06T12:00:00+08:00,2026-03-23T23:59:59.999999+08:00") for line in lines)


def test_one_whose_date_may_still_move_is_not_overdue(signed_in: SignedIn, services: Services, clock: Clock) -> None:
    with services.database.transaction() as session:
        late = session.get_one(CallBack, 1)
        late.due_by, late.provisional = NOON, True
    supervisor = signed_in("supervisor")
    assert ids(supervisor, "state=overdue") == []
    rows = {row["id"]: row for row in supervisor.get("/call-backs.json").json()["call_backs"]}
    assert (rows[1]["is_overdue"], rows[1]["provisional"], rows[3]["provisional"]) == (False, True, False)
    page = supervisor.get("/call-backs?lang=en").text
    assert (page.count("Provisional</span>"), page.count("Overdue</span>")) == (1, 0)


def test_who_has_to_call_back_is_told_once_and_again_when_it_is_overdue(
    services: Services, signed_in: SignedIn
) -> None:
    long_ago = NOON - timedelta(days=9)
    unit = Channel("unit", "json://127.0.0.1/unit", (), long_ago, Audience.CONTACT, "tax")
    head = Channel("head", "json://127.0.0.1/head", (), long_ago, Audience.HEAD, "tax")
    chief = Channel("chief", "json://127.0.0.1/chief", (), long_ago, Audience.SUPERVISOR, "cc")
    post = Post()
    outbox = Notifier(services.database, lambda _session: (unit, head, chief), "https://hall.example", post)
    with services.database.transaction() as session:
        session.get_one(CallBack, 2).department_id = None
    assert outbox.run_once(NOON) == 3
    assert outbox.run_once(NOON) == 0, "once"
    assert sorted(url.rpartition("/")[2] for url, _ in post.sent) == ["chief", "chief", "unit"]
    (message,) = [message for url, message in post.sent if url.endswith("unit")]
    assert message.title == "差评回访 1：有群众给出差评 · Call back 1: a customer gave a bad rating"
    assert message.body.splitlines()[-1] == "https://hall.example/call-backs"
    assert "太慢" not in f"{post.sent}", "what customers write may be about persons"
    assert done(signed_in("supervisor"), 3) == 303
    with services.database.transaction() as session:
        due = session.get_one(CallBack, 1).due_by
    post.sent.clear()
    assert outbox.run_once(due) == 3
    assert sorted(url.rpartition("/")[2] for url, _ in post.sent) == ["chief", "head", "unit"]
    assert "is overdue" in post.sent[0][1].title
    assert outbox.run_once(due + timedelta(minutes=1)) == 0


def test_nobody_hears_of_one_that_is_made_by_the_time_the_message_goes(services: Services, signed_in: SignedIn) -> None:
    unit = Channel("unit", "json://127.0.0.1/unit", (), NOON - timedelta(days=9), Audience.CONTACT, "tax")
    post = Post()
    post.up = False
    outbox = Notifier(services.database, lambda _session: (unit,), "", post)
    outbox.run_once(NOON)
    assert done(signed_in("department"), 1) == 303
    post.up = True
    outbox.run_once(NOON + timedelta(hours=1))
    assert "Call back 1" not in f"{post.sent}"
