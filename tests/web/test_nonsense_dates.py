"""Days that are a slip of the hand: the field is named, with what to do, and none of them is taken or an error."""

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from storage.models import Cover, PrivacyMask, View
from tests.sample import CAMERA
from tests.web.conftest import SignedIn
from web.services import Services

FAR = ("0001-01-01", "1999-12-31", "2101-01-02", "9999-12-31")
NONE = "2026-02-30"
YEAR = "Check the year"
THERE_IS = "This has to be a date and time that there is."


@pytest.fixture
def admin(signed_in: SignedIn) -> TestClient:
    client = signed_in("admin")
    client.headers["Accept-Language"] = "en"
    return client


@pytest.mark.parametrize(("day", "words"), [*((day, YEAR) for day in FAR), (NONE, THERE_IS)])
@pytest.mark.parametrize("field", ["from", "to"])
def test_leave_of_no_sensible_day_names_the_field(
    admin: TestClient, services: Services, day: str, words: str, field: str
) -> None:
    typed = {"kind": "leave", "who": "w", "from": "2026-03-02T09:00", "to": "2026-03-02T10:00", "day": ""}
    answer = admin.post("/counters/cc-1/covers", data=typed | {field: f"{day}T09:00"})
    assert answer.status_code == 422
    assert f'id="p-{field}" role="alert">{words}' in answer.text
    assert f'value="{day}T09:00"' in answer.text
    with services.database.transaction() as session:
        assert session.exec(select(Cover)).all() == []


@pytest.mark.parametrize("day", FAR)
def test_programs_are_told_the_same(admin: TestClient, day: str) -> None:
    leave = {"counter": "cc-1", "kind": "leave", "who": "w", "start": f"{day}T00:00:00+08:00"}
    answer = admin.post("/api/v1/covers", json=leave | {"end": "2026-03-02T10:00:00+08:00"})
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["fields"]] == ["start"]
    assert YEAR in answer.text


@pytest.mark.parametrize("day", [*FAR, NONE])
@pytest.mark.parametrize("section", ["views", "masks"])
def test_a_view_or_a_mask_of_no_sensible_day_is_refused(
    admin: TestClient, services: Services, day: str, section: str
) -> None:
    zone = "[[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]]"
    typed = {"camera": CAMERA, "counter": "cc-1", "staff_zone": zone, "zone": zone, "reason": "r"}
    with services.database.transaction() as session:
        before = len(session.exec(select(View)).all()), len(session.exec(select(PrivacyMask)).all())
    answer = admin.post(f"/admin/{section}", data=typed | {"valid_from": f"{day}T09:00"})
    assert answer.status_code == 422
    assert (YEAR if day in FAR else "This is not a date and time.") in answer.text
    with services.database.transaction() as session:
        assert (len(session.exec(select(View)).all()), len(session.exec(select(PrivacyMask)).all())) == before


@pytest.mark.parametrize("day", [*FAR, NONE])
@pytest.mark.parametrize(
    "address",
    [
        "/absences?from={day}",
        "/absences?to={day}",
        "/alerts?state=all&to={day}",
        "/cases?from={day}",
        "/data-quality?from={day}",
        "/data-quality?to={day}",
        "/data-quality.csv?from={day}",
        "/sources/cc-platform?from={day}",
        "/findings?from={day}",
        "/complaints?from={day}",
        "/deletions?to={day}",
        "/corrections?from={day}",
        "/cards?from={day}",
        "/orders?to={day}",
        "/call-backs?from={day}",
        "/batches?from={day}",
        "/samples?from={day}",
        "/working-days?year={year}",
        "/counters/cc-1/day?day={day}",
        "/counters/cc-1/month?month={month}",
        "/calendar/cc-cam-1?month={month}",
        "/calendar/cc-cam-1/{day}",
        "/evaluation?month={month}",
        "/span?hall=cc&counter=cc-1&from={day}T10:00&to={day}T11:00",
        "/overview?from={day}",
        "/reconciliation?day={day}",
        "/evaluation/periods?period={year}",
    ],
)
def test_no_day_in_an_address_is_an_error_of_the_server(admin: TestClient, address: str, day: str) -> None:
    answer = admin.get(address.format(day=day, month=day[:7], year=day[:4]))
    assert answer.status_code in (200, 303, 404, 422)


@pytest.mark.parametrize("day", FAR)
@pytest.mark.parametrize("held", ["from", "to"])
def test_a_hold_of_a_nonsense_day_is_no_error(admin: TestClient, day: str, held: str) -> None:
    typed = {"camera": CAMERA, "from": "2026-03-02T09:00", "to": "2026-03-02T10:00", "reason": "r"}
    answer = admin.post("/holds", data=typed | {held: f"{day}T09:30"})
    assert answer.status_code in (303, 422)


@pytest.mark.parametrize("day", [*FAR, NONE])
def test_a_correction_of_a_nonsense_day_is_no_error(admin: TestClient, day: str) -> None:
    typed = {"from": f"{day}T09:30", "to": f"{day}T10:30", "by": "60", "reason": "r"}
    assert admin.post(f"/cameras/{CAMERA}/corrections", data=typed).status_code in (303, 404, 422)


@pytest.mark.parametrize("day", ["0001-01-01", "2101-01-02", "9999-12-31", NONE])
def test_a_closure_of_a_nonsense_day_is_refused(admin: TestClient, day: str) -> None:
    closed = {"hall": "cc", "first": day, "last": "", "reason": "r", "act": "note"}
    assert admin.post("/working-days", data=closed).status_code == 422


@pytest.mark.parametrize("day", [*FAR, NONE])
def test_limits_of_a_nonsense_day_are_no_error(admin: TestClient, day: str) -> None:
    item = {"code": "A-1", "name": "n", "limits_from": day, "promised_days": "5"}
    assert admin.post("/admin/items", data=item).status_code in (303, 422)
