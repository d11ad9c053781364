"""A wrong alert that somebody marks becomes one labelled sample, whose footage is held for as long as it is kept."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import select

from storage.models import (
    Absence,
    Alert,
    AlertKind,
    CameraFault,
    DisputeState,
    FaultKind,
    Hold,
    Sample,
    SampleState,
    View,
)
from tests.sample import CAMERA, LEFT_HALF
from tests.web.conftest import NOON, SignedIn
from web.services import Services

HOUR = timedelta(hours=1)
RIGHT = {"someone_there": True}


@pytest.fixture(autouse=True)
def ended(services: Services) -> None:
    """The absence of `cc-1` lasted half an hour."""
    with services.database.transaction() as session:
        absence = session.get_one(Absence, 1)
        absence.end, absence.ended_by, absence.judged_at = NOON - HOUR / 2, "returned", NOON - HOUR / 2


def samples(services: Services) -> list[tuple[str, SampleState, bool]]:
    """Each with whether its footage is held."""
    with services.database.transaction() as session:
        rows = session.exec(select(Sample).order_by("id")).all()
        return [(row.about, row.state, session.get_one(Hold, row.hold_id).lifted_at is None) for row in rows]


def mark(client: TestClient, alert: int = 1, **values: Any) -> Response:
    return client.post(f"/api/v1/alerts/{alert}/sample", json=RIGHT | values)


@pytest.mark.parametrize("role", ["inspector", "investigator", "department"])
def test_only_supervisors_say_that_an_alert_is_wrong(signed_in: SignedIn, role: str, services: Services) -> None:
    assert mark(signed_in(role)).status_code == 403
    assert signed_in(role).get("/samples.json").status_code == 403
    assert samples(services) == []


def test_what_lies_in_another_hall_is_not_there(signed_in: SignedIn, services: Services) -> None:
    assert mark(signed_in("supervisor"), alert=2).status_code == 404
    with services.database.transaction() as session:
        session.add(View(camera_id="nh-cam-1", counter_id="nh-1", staff_zone=LEFT_HALF))
    assert mark(signed_in("admin"), alert=2).status_code == 200
    assert signed_in("supervisor").get("/samples.json").json()["samples"] == []
    assert [s["about"] for s in [mark(signed_in("admin"), alert=2).json()]] == ["absence:2"]
    assert len(signed_in("admin").get("/samples.json").json()["samples"]) == 1


def test_one_mark_makes_one_sample_and_taking_it_back_frees_the_footage(
    signed_in: SignedIn, services: Services
) -> None:
    supervisor = signed_in("supervisor")
    made = mark(supervisor).json()
    assert mark(supervisor).json() == mark(signed_in("admin")).json() == made
    assert (made["camera_id"], made["start"], made["end"]) == (CAMERA, "2026-03-02T03:00:00Z", "2026-03-02T03:05:00Z")
    assert samples(services) == [("absence:1", SampleState.KEPT, True)]
    assert "held until that is taken back" in supervisor.get("/holds", headers={"Accept-Language": "en"}).text
    assert supervisor.post("/api/v1/holds/1/lift").status_code == 409
    assert supervisor.delete("/api/v1/alerts/1/sample").status_code == 204
    assert supervisor.delete("/api/v1/alerts/1/sample").status_code == 404
    assert samples(services) == [("absence:1", SampleState.TAKEN_BACK, False)]
    assert mark(supervisor).json()["id"] != made["id"]
    assert [state for _, state, _ in samples(services)] == [SampleState.TAKEN_BACK, SampleState.KEPT]


def test_what_the_absence_counts_for_is_left_to_its_dispute(signed_in: SignedIn, services: Services) -> None:
    mark(signed_in("supervisor"))
    with services.database.transaction() as session:
        assert session.get_one(Absence, 1).dispute is None


@pytest.mark.parametrize(
    ("ground", "act", "states"),
    [
        ("was_there", "withdraw", [SampleState.CLAIMED, SampleState.KEPT]),
        ("was_there", "uphold", [SampleState.CLAIMED, SampleState.TAKEN_BACK]),
        ("on_duty", "withdraw", [None, None]),
    ],
)
def test_who_disputes_claims_and_the_decision_keeps_or_drops_it(
    signed_in: SignedIn, services: Services, ground: str, act: str, states: list[SampleState | None]
) -> None:
    def say(role: str, **values: str) -> SampleState | None:
        sent = signed_in(role).post("/api/v1/absences/1/words", json={"text": "she sat there"} | values)
        assert sent.status_code == 200
        return next((state for _, state, _ in samples(services)), None)

    assert say("department", act="dispute", ground=ground) is states[0]
    assert say("supervisor", act=act) is states[1]
    assert len(samples(services)) <= 1
    listed = signed_in("supervisor").get("/samples.json").json()["samples"]
    assert len(signed_in("supervisor").get("/samples.csv").text.splitlines()) == len(listed) + 1
    assert [row["alert_id"] for row in listed] == [1] * (states[1] is SampleState.KEPT)


def test_a_supervisors_own_mark_stays_when_a_dispute_is_decided(signed_in: SignedIn, services: Services) -> None:
    supervisor = signed_in("supervisor")
    mark(supervisor)
    words = "/api/v1/absences/1/words"
    signed_in("department").post(words, json={"act": "dispute", "ground": "was_there", "text": "x"})
    assert supervisor.post(words, json={"act": "uphold", "text": "y"}).json()["dispute"] == DisputeState.UPHELD
    assert samples(services) == [("absence:1", SampleState.KEPT, True)]


def test_an_alert_about_a_camera_is_marked_at_one_of_its_counters(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add(CameraFault(id=1, camera_id=CAMERA, kind=FaultKind.DARK, start=NOON - HOUR, end=NOON))
        session.flush()
        alert = Alert(id=3, kind=AlertKind.CAMERA_FAULT, hall_id="cc", camera_id=CAMERA, fault_id=1, raised_at=NOON)
        session.add(alert)
        session.add(Alert(id=4, kind=AlertKind.HALL_AFFECTED, hall_id="cc", raised_at=NOON))
    supervisor = signed_in("supervisor")
    unnamed = mark(supervisor, alert=3)
    assert (unnamed.status_code, unnamed.json()["fields"][0]["field"]) == (422, "counter")
    assert mark(supervisor, alert=3, counter="nh-1").status_code == 404
    assert mark(supervisor, alert=3, counter="cc-2", zone="customer").status_code == 409, "no camera sees it"
    assert mark(supervisor, alert=3, counter="cc-2").json()["about"] == "alert:3"
    page = supervisor.get("/alerts/3/wrong.json").json()
    assert [counter["id"] for counter in page["counters"]] == ["cc-1", "cc-2"]
    assert supervisor.get("/alerts/4/wrong").status_code == 200


def test_it_is_marked_listed_and_taken_back_by_page(signed_in: SignedIn, services: Services) -> None:
    supervisor = signed_in("supervisor")
    assert 'href="/alerts/1/wrong"' in supervisor.get("/absences/1").text
    form = {"counter": "cc-1", "zone": "staff", "someone_there": "yes"}
    assert supervisor.post("/alerts/1/wrong", data=form | {"someone_there": ""}).status_code == 422
    assert supervisor.post("/alerts/1/wrong", data=form).headers["location"] == "/alerts/1/wrong?done=sample"
    assert "/media/still.jpg?camera=cc-cam-1" in supervisor.get("/samples").text
    assert "/take-back" in supervisor.get("/absences/1").text
    assert supervisor.post("/alerts/1/wrong/take-back", data={"next": "/samples"}).status_code == 303
    assert supervisor.get("/samples.json").json()["samples"] == []
    assert supervisor.get("/samples.json?taken_back=true").json()["samples"][0]["taken_back_by"] == "supervisor"


def test_the_list_tells_by_which_command_samples_get_into_the_next_report(signed_in: SignedIn) -> None:
    """Also while there is none."""
    for language, words in (("en", "as a group of its own once"), ("zh-CN", "下一份报告")):
        page = signed_in("supervisor").get("/samples", headers={"Accept-Language": language}).text
        assert words in page
        assert "hallwatch evaluate --own --report seen.html" in page
