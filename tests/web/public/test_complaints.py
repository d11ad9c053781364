"""Complaints: what is taken, what is refused, who reads them, and when they are forgotten."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

from fastapi.testclient import TestClient
from sqlmodel import col, select

from storage.models import AccessEntry, Complaint, ComplaintState
from tests.web.conftest import NOON, Clock, SignedIn
from web.complaint_keeping import ComplaintKeeping
from web.services import Services

SENT = {
    "text": "窗口无人，等了一个小时",
    "counter": "cc-1",
    "case": "2026-1",
    "at": "2026-03-02T10:30",
    "name": "李四",
    "contact": "13800000000",
    "agree": "true",
}
READING = [
    "/complaints",
    "/complaints.json",
    "/complaints.csv",
    "/complaints.xlsx",
    "/complaints/1",
    "/complaints/1.json",
]


def kept(services: Services) -> list[Complaint]:
    with services.database.transaction() as session:
        return list(session.exec(select(Complaint).order_by(col(Complaint.id))))


def send(client: TestClient, **changes: Any) -> int:
    return client.post("/public/complaint", data=SENT | changes).status_code


def test_only_investigators_of_the_hall_read_complaints(anonymous: TestClient, signed_in: SignedIn) -> None:
    assert send(anonymous) == 303
    allowed = {"supervisor": 403, "inspector": 403, "department": 403, "investigator": 200}
    for path in READING:
        assert anonymous.get(path).status_code in (303, 401)
        assert {role: signed_in(role).get(path).status_code for role in allowed} == allowed, path


def test_another_hall_is_out_of_reach(anonymous: TestClient, signed_in: SignedIn) -> None:
    assert send(anonymous, counter="nh-1") == 303
    assert send(anonymous, counter="", hall="") == 303
    investigator = signed_in("investigator")
    assert investigator.get("/complaints.json?state=all").json()["complaints"] == []
    for number in (1, 2):
        assert investigator.get(f"/complaints/{number}").status_code == 404
        assert investigator.post(f"/complaints/{number}/settle", data={"note": "x"}).status_code == 404
    assert [row["id"] for row in signed_in("admin").get("/complaints.json").json()["complaints"]] == [2, 1]


def test_a_complaint_reaches_the_investigator_with_counter_case_and_time(
    anonymous: TestClient, signed_in: SignedIn, services: Services
) -> None:
    answer = anonymous.post("/public/complaint", data=SENT)
    assert answer.status_code == 303
    reference = answer.headers["location"].partition("=")[2]
    assert reference in anonymous.get(answer.headers["location"]).text
    investigator = signed_in("investigator")
    (row,) = investigator.get("/complaints.json").json()["complaints"]
    assert (row["reference"], row["counter"]["id"], row["hall"]["id"], row["case_id"]) == (reference, "cc-1", "cc", 1)
    assert row["happened_at"] == "2026-03-02T02:30:00Z"
    page = investigator.get("/complaints/1").text
    assert "/span?hall=cc&amp;counter=cc-1&amp;from=2026-03-02T10:15:00&amp;to=2026-03-02T10:45:00" in page
    assert any(words in page for words in ("前后各 15 分钟", "From 15 minutes before")), "why the span begins sooner"
    assert 'href="/cases/1"' in page
    with services.database.transaction() as session:
        looks = session.exec(select(AccessEntry).where(AccessEntry.action == "complaint")).all()
        assert [look.subject for look in looks] == [f"complaint:{reference}"]


def test_a_complaint_that_names_the_hall_alone_leads_to_its_cameras_at_that_time(
    anonymous: TestClient, signed_in: SignedIn
) -> None:
    assert send(anonymous, counter="", hall="cc") == 303
    investigator = signed_in("investigator")
    cameras = [camera["id"] for camera in investigator.get("/complaints/1.json").json()["cameras"]]
    assert cameras, "of this hall"
    page = investigator.get("/complaints/1").text
    then = "/span?hall=cc&from=2026-03-02T10:15:00&to=2026-03-02T10:45:00"
    links = [unescape(link) for link in re.findall(r'href="(/span[?][^"]+)"', page)]
    assert links == [then + "".join(f"&camera={each}" for each in cameras), *(f"{then}&camera={c}" for c in cameras)]
    for link in links:
        shown = investigator.get(link.replace("/span", "/span.json")).json()
        assert shown["hall"]["id"] == "cc"
        assert [camera in link for camera in shown["chosen_cameras"]] == [True] * link.count("camera=")


def test_without_a_time_or_with_a_counter_no_camera_is_offered(anonymous: TestClient, signed_in: SignedIn) -> None:
    assert send(anonymous, counter="", hall="cc", at="") == 303
    assert send(anonymous) == 303
    for number in (1, 2):
        assert signed_in("investigator").get(f"/complaints/{number}.json").json()["cameras"] == []


WRONG = [
    ({"text": "  "}, "text"),
    ({"text": "x" * 4001}, "text"),
    ({"text": "\x00"}, "text"),
    ({"agree": ""}, "agree"),
    ({"counter": "none"}, "counter"),
    ({"hall": "nh"}, "counter"),
    ({"hall": "none", "counter": ""}, "hall"),
    ({"at": "2026-03-03T10:30"}, "at"),
    ({"at": "2020-03-03T10:30"}, "at"),
    ({"at": "soon"}, "at"),
    ({"contact": "x" * 201}, "contact"),
]


def test_what_cannot_be_is_refused_by_field_and_nothing_is_kept(anonymous: TestClient, services: Services) -> None:
    for changes, field in WRONG:
        page = anonymous.post("/public/complaint", data=SENT | changes)
        assert page.status_code == 422
        assert f'id="p-{field}"' in page.text, changes
        assert "李四" in page.text, "what was typed is not lost"
        answer = anonymous.post("/public/complaint.json", json=SENT | changes)
        assert [problem["field"] for problem in answer.json().get("fields", [])] == [field]
    assert kept(services) == []


def test_words_and_consent_are_asked_for_at_once(anonymous: TestClient) -> None:
    page = anonymous.post("/public/complaint", data=SENT | {"text": "", "agree": ""}).text
    assert 'id="p-text"' in page
    assert 'id="p-agree"' in page
    assert re.search(r'<textarea[^>]* name="text"[^>]* required', page)


def test_programs_send_json(anonymous: TestClient, services: Services) -> None:
    answer = anonymous.post("/public/complaint.json", json=SENT)
    assert answer.status_code == 201
    (complaint,) = kept(services)
    assert complaint.reference == answer.json()["reference"]


def test_signs_that_databases_do_not_take_are_left_out(anonymous: TestClient, services: Services) -> None:
    assert send(anonymous, text="a\x00b\x1b\nc") == 303
    assert kept(services)[0].text == "ab\nc"


def test_a_program_that_fills_in_everything_is_thanked_and_nothing_is_kept(
    anonymous: TestClient, services: Services
) -> None:
    assert send(anonymous, website="https://spam.example") == 303
    assert kept(services) == []


def test_one_client_sends_five_an_hour_and_all_together_as_many_as_configured(
    anonymous: TestClient, services: Services, clock: Clock
) -> None:
    assert [send(anonymous) for _ in range(6)] == [303] * 5 + [429]
    clock.forward(timedelta(minutes=12))
    assert send(anonymous) == 303
    elsewhere = TestClient(anonymous.app, follow_redirects=False, client=("10.0.0.9", 1))
    assert [send(elsewhere) for _ in range(5)].count(303) == 3, "8 an hour, and 1.6 have come again"
    assert len(kept(services)) == 9


def test_the_page_says_what_is_kept_and_for_how_long(anonymous: TestClient) -> None:
    page = anonymous.get("/public/complaint?lang=en").text
    assert "erased 180 days after the complaint is settled" in page
    assert anonymous.get("/public/complaint.json").json()["kept_days"] == 180


def test_thanks_repeat_nothing_that_somebody_has_written_into_the_address(anonymous: TestClient) -> None:
    page = anonymous.get("/public/complaint/received?reference=evil-words").text
    assert "public-reference" not in page


def test_it_is_settled_with_a_note_once_and_erased_when_that_is_long_ago(
    anonymous: TestClient, signed_in: SignedIn, services: Services, clock: Clock
) -> None:
    send(anonymous)
    investigator = signed_in("investigator")
    assert investigator.post("/complaints/1/settle", data={"note": ""}).status_code == 422
    assert investigator.post("/complaints/1/settle", data={"note": "已核实"}).status_code == 303
    assert investigator.post("/complaints/1/settle", data={"note": "再次"}).status_code == 409
    keeping = ComplaintKeeping(services.database, 180)
    assert keeping.run_once(NOON + timedelta(days=179)) == 0
    assert kept(services)[0].text
    assert [keeping.run_once(NOON + timedelta(days=180)) for _ in range(2)] == [1, 0]
    (complaint,) = kept(services)
    assert (complaint.text, complaint.name, complaint.contact, complaint.note, complaint.case_number) == ("",) * 5
    assert (complaint.state, complaint.counter_id) == (ComplaintState.SETTLED, "cc-1")
    assert "清除" in investigator.get("/complaints/1").text


def test_an_unsettled_complaint_is_never_erased(anonymous: TestClient, services: Services) -> None:
    send(anonymous)
    assert ComplaintKeeping(services.database, 1).run_once(NOON + timedelta(days=999)) == 0
