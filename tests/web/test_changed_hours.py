"""Hours that were wrong accuse nobody any longer once they are right; whoever has answered for it already stays."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from analytics.judging import judge_anew
from storage.intervals import Span
from storage.models import (
    Absence,
    Alert,
    AlertState,
    Cover,
    CoverKind,
    CustomerState,
    DisputeState,
    Presence,
    StaffState,
    View,
)
from tests.sample import CAMERA, LEFT_HALF
from tests.web.conftest import NOON, SignedIn
from tests.web.test_settings_file import GOOD, read
from web.services import Services
from web.site import apply_site

ELEVEN = NOON - timedelta(hours=1)
HALL = {"id": "cc", "district": "chancheng", "name": "禅城区政务服务中心"}
_OF_ONE = select(Absence).where(Absence.counter_id == "cc-1")
Told = list[tuple[float, float | None, str]]


@pytest.fixture
def absent(services: Services) -> Services:
    """Nobody was at counter 1 from eleven to half past; the hall has no hours, and absence 1 says so."""
    half_past = ELEVEN + timedelta(minutes=30)
    with services.database.transaction() as session:
        for view in session.exec(select(View)):
            session.delete(view)
        session.flush()
        session.add(View(camera_id=CAMERA, counter_id="cc-1", staff_zone=LEFT_HALF))
        for staff, start, end in (
            (StaffState.UNSTAFFED, ELEVEN, half_past),
            (StaffState.STAFFED, half_past, NOON),
        ):
            session.add(Presence(counter_id="cc-1", start=start, end=end, staff=staff, customer=CustomerState.NONE))
        session.flush()
        judge_anew(session, "cc-1", Span(ELEVEN, NOON), NOON)
    assert absences(services) == [(0, 30, "returned")]
    return services


def absences(services: Services) -> Told:
    """Start and end in minutes after eleven, and how each ended."""
    with services.database.transaction() as session:
        rows = session.exec(_OF_ONE.order_by(col(Absence.start))).all()
        return [(_minutes(row.start), _minutes(row.end) if row.end else None, row.ended_by) for row in rows]


def _minutes(moment: datetime) -> float:
    return (moment - ELEVEN).total_seconds() / 60


def put(admin: TestClient, *hours: tuple[str, str]) -> None:
    spans = [{"days": "mon-fri", "open": start, "close": end} for start, end in hours]
    assert admin.put("/api/v1/halls/cc", json=HALL | {"hours": spans}).status_code == 200


def test_what_lies_outside_the_hours_of_now_is_withdrawn_with_a_reason_and_can_be_found_again(
    absent: Services, signed_in: SignedIn
) -> None:
    admin = signed_in("admin")
    put(admin, ("13:00", "17:00"))
    assert [how for *_, how in absences(absent)] == ["withdrawn"]
    with absent.database.transaction() as session:
        alert = session.exec(select(Alert).where(Alert.absence_id == session.exec(_OF_ONE).one().id)).one()
        leave = session.exec(select(Cover)).one()
        assert alert.state is AlertState.WITHDRAWN
        assert (leave.kind, leave.start, leave.end, leave.noted_at) == (
            CoverKind.LEAVE,
            ELEVEN,
            ELEVEN + timedelta(minutes=30),
            NOON,
        )
        assert "hours of now" in leave.reason
    page = admin.get("/counters/cc-1/day?day=2026-03-02", headers={"Accept-Language": "zh"}).text
    assert "按现在的开放时间" in page
    assert admin.post(f"/api/v1/covers/{leave.id}/withdraw").status_code == 200
    assert absences(absent) == [(0, 30, "returned")]


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ([("09:00", "17:00")], [(0, 30, "returned")]),
        ([("11:15", "17:00")], [(15, 30, "returned")]),
        ([("09:00", "11:10")], [(0, 10, "covered")]),
        ([], [(0, 30, "returned")]),
    ],
)
def test_what_lies_inside_stays(
    absent: Services, signed_in: SignedIn, hours: list[tuple[str, str]], told: Told
) -> None:
    put(signed_in("admin"), *hours)
    assert [absence for absence in absences(absent) if absence[2] != "withdrawn"] == told


def test_longer_hours_accuse_nobody_of_the_past(absent: Services, signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    put(admin, ("13:00", "17:00"))
    put(admin, ("09:00", "17:00"))
    assert [how for *_, how in absences(absent)] == ["withdrawn"]


@pytest.mark.parametrize("state", [DisputeState.UPHELD, DisputeState.WITHDRAWN])
def test_what_was_decided_stays(absent: Services, signed_in: SignedIn, state: DisputeState) -> None:
    with absent.database.transaction() as session:
        session.exec(_OF_ONE).one().dispute = state
    put(signed_in("admin"), ("13:00", "17:00"))
    assert absences(absent) == [(0, 30, "returned")]


def test_a_roster_that_is_changed_does_the_same_at_its_counter(absent: Services, signed_in: SignedIn) -> None:
    roster = [{"days": "mon", "open": "13:00", "close": "17:00"}]
    counter = {"id": "cc-1", "hall": "cc", "number": "1", "roster": roster}
    assert signed_in("admin").put("/api/v1/counters/cc-1", json=counter).status_code == 200
    assert [how for *_, how in absences(absent)] == ["withdrawn"]


def test_hours_that_the_configuration_file_corrects_do_the_same_and_bear_its_name(
    absent: Services, signed_in: SignedIn, tmp_path: Path
) -> None:
    def declare(opens: str, closes: str) -> None:
        file = GOOD.replace('open = "09:00"', f'open = "{opens}"').replace('close = "12:00"', f'close = "{closes}"')
        with absent.database.transaction() as session:
            apply_site(session, read(tmp_path, file), absent.secrets, b"pepper", NOON)

    declare("09:00", "12:00")
    assert absences(absent) == [(0, 30, "returned")]
    declare("13:00", "17:00")
    assert [how for *_, how in absences(absent)] == ["withdrawn"]
    admin = signed_in("admin")
    assert [cover["noted_by"] for cover in admin.get("/api/v1/covers?counter=cc-1").json()] == [None]
    page = admin.get("/counters/cc-1/day?day=2026-03-02", headers={"Accept-Language": "zh"}).text
    assert "配置文件" in page
