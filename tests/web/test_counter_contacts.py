"""The contact persons of counters: who is told first of an alert, and who keeps them."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import delete, select

from storage.models import AccessEntry, Alert, AlertKind, Contact, Delivery, KeptContact, Operator
from tests.web.conftest import NOON, Clock, SignedIn
from tests.web.test_escalating import MINUTE, about_an_absence, change, step
from tests.web.test_escalating import Told as Outbox
from web.channels import Channel
from web.services import Services

LONG_AGO = NOON - timedelta(days=9)
RECORD: dict[str, Any] = {"source_id": "cc-platform", "first_received_at": LONG_AGO, "received_at": LONG_AGO}


def by_mail(minutes: int = 0, kind: str = "", place: str = "") -> Channel:
    known: dict[str, Any] = {"place": place, "place_kind": kind, "after_minutes": minutes, "since": LONG_AGO}
    return Channel("contacts", "mailtos://u:w@mail.example?to={mail}", tuple(AlertKind), **known)


@pytest.fixture(autouse=True)
def _raised(services: Services) -> None:
    """One alert at counter cc-1, at noon, where people of the tax office work."""
    with services.database.transaction() as session:
        session.execute(delete(Delivery))
        session.execute(delete(Alert))
        session.add(Alert(id=1, kind=AlertKind.QUEUE, hall_id="cc", counter_id="cc-1", raised_at=NOON))
    works(services, "tax")


def works(services: Services, department: str) -> None:
    with services.database.transaction() as session:
        at: dict[str, Any] = {"counter_id": "cc-1", "valid_from": LONG_AGO, "operator": f"of {department}"}
        session.add(Operator(reference=department, department_id=department, **at, **RECORD))


def reports(services: Services, department: str, mail: str = "") -> None:
    with services.database.transaction() as session:
        person: dict[str, Any] = {
            "name": f"{department} person",
            "mail": mail or f"{department}@x.example",
            "valid_from": LONG_AGO,
        }
        session.add(
            Contact(reference=department, department_ref=department, department_id=department, **person, **RECORD)
        )


def keeps(services: Services, mail: str, **of: Any) -> None:
    with services.database.transaction() as session:
        session.add(KeptContact(name=mail.partition("@")[0], mail=mail, valid_from=LONG_AGO, **of))


def told(services: Services, minutes: float = 0, channel: Channel | None = None) -> list[str]:
    outbox = Outbox(services, channel or by_mail())
    outbox.by(minutes)
    return sorted(url.partition("to=")[2] for url, _ in outbox.post.sent)


def test_the_persons_of_each_department_at_the_counter_are_told(services: Services) -> None:
    works(services, "civil")
    for department in ("tax", "civil"):
        reports(services, department)
    keeps(services, "elsewhere@x.example", counter_id="nh-1")
    keeps(services, "kept@x.example", department_id="tax")
    assert told(services) == ["civil%40x.example", "kept%40x.example", "tax%40x.example"]
    assert told(services, 1) == [], "each once"
    with services.database.transaction() as session:
        assert {row.recipient for row in session.exec(select(Delivery))} == {"civil person", "kept", "tax person"}


def test_a_counters_own_person_is_told_instead(services: Services) -> None:
    reports(services, "tax")
    keeps(services, "own@x.example", counter_id="cc-1")
    assert told(services) == ["own%40x.example"]


def test_a_step_for_one_department_leaves_the_others_out(services: Services) -> None:
    works(services, "civil")
    for department in ("tax", "civil"):
        reports(services, department)
    assert told(services, 10, by_mail(10, "department", "civil")) == ["civil%40x.example"]


def test_a_department_of_several_at_the_counter_is_told_by_its_own_channel(services: Services) -> None:
    works(services, "civil")
    outbox = Outbox(services, *(step(name, 0, "department", name) for name in ("tax", "civil")))
    assert sorted(outbox.by(0)) == ["civil", "tax"]


def test_who_is_noted_while_it_is_news_is_told_then(services: Services) -> None:
    assert told(services) == []
    keeps(services, "late@x.example", counter_id="cc-1")
    assert told(services, 30) == ["late%40x.example"]
    with services.database.transaction() as session:
        session.execute(delete(Delivery))
    assert told(services, 61) == [], "an hour later it is no news"


def test_who_has_no_such_address_is_left_out(services: Services) -> None:
    with services.database.transaction() as session:
        session.add(KeptContact(name="phone", phone="138", counter_id="cc-1", valid_from=LONG_AGO))
    assert told(services) == []


def test_what_concerns_a_whole_hall_is_told_once_to_each_person_of_its_counters(services: Services) -> None:
    keeps(services, "one@x.example", counter_id="cc-1")
    keeps(services, "other@x.example", counter_id="cc-2")
    with services.database.transaction() as session:
        whole: dict[str, Any] = {"affected": 3, "watched": 3, "affected_since": NOON, "raised_at": NOON}
        session.add(Alert(id=9, kind=AlertKind.HALL_AFFECTED, hall_id="cc", **whole))
        session.flush()
        session.get_one(Alert, 1).part_of = 9
        for number, counter in ((2, "cc-2"), (3, "cc-1")):
            part: dict[str, Any] = {"kind": AlertKind.QUEUE, "hall_id": "cc", "raised_at": NOON, "part_of": 9}
            session.add(Alert(id=number, counter_id=counter, **part))
    assert told(services) == ["one%40x.example", "other%40x.example"]


def test_the_page_says_who_is_called_and_that_nobody_is_on_record(
    signed_in: SignedIn, services: Services, clock: Clock
) -> None:
    admin = signed_in("admin")
    channel = {"name": "up", "url": "mailtos://u:w@mail.example?to={mail}", "kinds": ["absence"], "after_minutes": 10}
    assert admin.put("/api/v1/channels/up", json=channel).status_code == 200
    about_an_absence(services, None)
    change(services, raised_at=clock() + MINUTE)
    english = {"Accept-Language": "en"}
    page = admin.get("/absences/1", headers=english).text
    assert "none is on record" in page
    assert "no contact person that it reaches" in page
    works(services, "civil")
    for department in ("tax", "civil"):
        reports(services, department)
    shown = signed_in("supervisor").get("/absences/1.json").json()
    assert {(each["name"], each["mail"]) for each in shown["contacts"]} == {
        ("tax person", "tax@x.example"),
        ("civil person", "civil@x.example"),
    }
    assert [each["persons"] for each in shown["steps_ahead"]] == [["tax person", "civil person"]]
    assert {each["mail"] for each in signed_in("inspector").get("/absences/1.json").json()["contacts"]} == {None}
    assert "civil person" in admin.get("/absences/1", headers=english).text


def added(client: TestClient, **said: str) -> int:
    return client.post("/api/v1/contacts", json={"name": "张三", "phone": "138", **said}).status_code


def test_each_keeps_what_is_in_scope(signed_in: SignedIn, services: Services) -> None:
    ofs = ({"counter": "cc-1"}, {"counter": "nh-1"}, {"department": "tax"}, {"department": "civil"})
    for role, expected in (
        ("supervisor", [200, 404, 404, 404]),
        ("department", [404, 404, 200, 404]),
        ("inspector", [403] * 4),
        ("investigator", [403] * 4),
        ("admin", [200] * 4),
    ):
        assert [added(signed_in(role), **of) for of in ofs] == expected, role
    reports(services, "civil")
    reports(services, "tax")
    seen = {role: signed_in(role).get("/contacts.json").json()["contacts"] for role in ("supervisor", "department")}
    for role, rows in seen.items():
        of = {((row["counter"] or {}).get("id"), (row["department"] or {}).get("id")) for row in rows}
        assert of == {("cc-1", None), (None, "tax")}, role
    assert {row["source"] for row in seen["supervisor"]} == {"", "cc-platform"}
    assert not any(row["may_change"] for row in seen["supervisor"] if row["source"] or row["department"])
    assert signed_in("inspector").get("/contacts.csv").status_code == 403


def test_one_is_added_changed_and_ended_by_page(signed_in: SignedIn, services: Services, clock: Clock) -> None:
    supervisor = signed_in("supervisor")
    form = {"of": "counter:cc-1", "name": "李芳", "phone": "0757-1", "mail": ""}
    assert supervisor.post("/contacts", data=form).status_code == 303
    clock.forward(MINUTE)
    assert supervisor.post("/contacts/1", data=form | {"name": "李芬", "mail": "li@x.example"}).status_code == 303
    assert "李芬" in supervisor.get("/contacts").text
    assert "li@x.example" in supervisor.get("/contacts.csv").text
    assert supervisor.get("/contacts.xlsx").content[:2] == b"PK"
    assert supervisor.post("/contacts/1", data={"act": "end"}).status_code == 303
    [row] = supervisor.get("/contacts.json").json()["contacts"]
    assert (row["is_in_force"], row["may_change"]) == (False, False)
    assert supervisor.put("/api/v1/contacts/1", json={"name": "x", "phone": "1"}).status_code == 409
    assert supervisor.delete("/api/v1/contacts/1").status_code == 409
    with services.database.transaction() as session:
        done = [entry.action for entry in session.exec(select(AccessEntry)) if entry.subject == "contact:1 cc-1"]
    assert done == ["contact", "change_contact", "end_contact"]


@pytest.mark.parametrize("wrong", [{"of": ""}, {"name": ""}, {"phone": ""}, {"phone": "x"}, {"mail": "nobody"}])
def test_a_form_with_a_mistake_is_shown_again(signed_in: SignedIn, services: Services, wrong: dict[str, str]) -> None:
    supervisor = signed_in("supervisor")
    form = {"of": "counter:cc-1", "name": "李芳", "phone": "0757-1", "mail": ""} | wrong
    answer = supervisor.post("/contacts", data=form)
    assert answer.status_code == 422
    assert 'class="problem"' in answer.text
    with services.database.transaction() as session:
        assert session.exec(select(KeptContact)).all() == []


def test_counters_at_which_nobody_would_be_called_are_named(signed_in: SignedIn, services: Services) -> None:
    supervisor = signed_in("supervisor")
    before = {each["id"] for each in supervisor.get("/contacts.json").json()["without"]}
    assert "cc-1" in before
    assert "nh-1" not in before
    reports(services, "tax")
    assert {each["id"] for each in supervisor.get("/contacts.json").json()["without"]} == before - {"cc-1"}
