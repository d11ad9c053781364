"""Hours that were wrong accuse nobody any longer once they are right; whoever has answered for it already stays."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from analytics.judging import judge_anew
from analytics.recording import take_turns
from correlation.disputes.dispute_log import Said, say, words_of
from storage.database import Database
from storage.intervals import Span
from storage.models import (
    Absence,
    Alert,
    AlertKind,
    AlertState,
    Cover,
    CoverKind,
    CustomerState,
    Delivery,
    DisputeAct,
    DisputeGround,
    DisputeState,
    Presence,
    StaffState,
    View,
)
from storage.secrets import SecretBox
from tests.locks import until_it_waits
from tests.sample import CAMERA, LEFT_HALF, a_hall
from tests.web.conftest import NOON, Clock, SignedIn
from tests.web.test_settings_file import GOOD, read
from web.alert_news import AlertDesk
from web.changed_hours import put_hall
from web.channels import Channel
from web.declarations import HallDeclaration, Hours
from web.services import Services
from web.site import apply_site

ELEVEN = NOON - timedelta(hours=1)
HALL = {"id": "cc", "district": "chancheng", "name": "禅城区政务服务中心"}
_OF_ONE = select(Absence).where(Absence.counter_id == "cc-1")
Told = list[tuple[float, float | None, str]]


@pytest.fixture
def two_absent(postgres_database: Database) -> Database:
    """The hall's hours are from nine to five, an hour later by a slip from one on; counter 2 has leave by that.

    Counter 1 was empty from half past three to four the Friday before, which nobody has answered for yet.
    """
    with postgres_database.transaction() as session:
        a_hall(session)
        session.flush()
        for counter_id, start in (("cc-1", ELEVEN + timedelta(days=-3, hours=4, minutes=30)), ("cc-2", ELEVEN)):
            end = start + timedelta(minutes=30)
            empty = Presence(counter_id=counter_id, start=start, end=end, staff=StaffState.UNSTAFFED)
            empty.customer = CustomerState.NONE
            session.add(empty)
            session.flush()
            judge_anew(session, counter_id, Span(start, end), NOON)
    declare(postgres_database, NOON, "09:00", "17:00")
    declare(postgres_database, NOON + timedelta(hours=1), "13:00", "17:00")
    return postgres_database


def declare(database: Database, now: datetime, opens: str, closes: str) -> None:
    hours = (Hours(days="mon-fri", open=opens, close=closes),)
    with database.transaction() as session:
        put_hall(session, HallDeclaration(**HALL, hours=hours), None, now)


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


def slip(admin: TestClient, clock: Clock) -> None:
    """The hall is open from nine to five, and somebody writes one for nine."""
    put(admin, ("09:00", "17:00"))
    clock.forward(timedelta(minutes=1))
    put(admin, ("13:00", "17:00"))


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


def test_what_a_slip_in_hours_withdrew_is_back_once_it_is_corrected_and_nobody_is_called(
    absent: Services, signed_in: SignedIn, clock: Clock
) -> None:
    admin = signed_in("admin")
    with absent.database.transaction() as session:
        known = session.exec(_OF_ONE).one().id
        alert = session.exec(select(Alert).where(Alert.absence_id == known)).one()
        alert.acknowledged_at, raised, alert_id = NOON, alert.raised_at, alert.id
    duty = Channel("duty", "json://localhost", (AlertKind.ABSENCE,))
    AlertDesk().enrol(absent.database, [duty], NOON)
    slip(admin, clock)
    clock.forward(timedelta(minutes=1))
    put(admin, ("09:00", "17:00"))
    assert absences(absent) == [(0, 30, "returned")]
    with absent.database.transaction() as session:
        absence, alert = session.exec(_OF_ONE).one(), session.exec(select(Alert).where(Alert.absence_id == known)).one()
        assert (absence.id, absence.judged_at) == (known, clock())  # the days to dispute it begin anew
        assert (alert.state, alert.raised_at, alert.acknowledged_at) == (AlertState.RESOLVED, raised, NOON)
        leave = session.exec(select(Cover)).one()
        assert (leave.withdrawn_at, leave.withdrawn_by) == (clock(), leave.noted_by)
    AlertDesk().enrol(absent.database, [duty, replace(duty, name="higher up", after_minutes=15)], clock())
    with absent.database.transaction() as session:
        told = session.exec(select(Delivery).where(Delivery.alert_id == alert_id)).all()
        assert [(each.channel, each.next_try) for each in told] == [("duty", NOON)]


def test_of_what_a_slip_withdrew_only_what_lies_inside_the_corrected_hours_is_back(
    absent: Services, signed_in: SignedIn, clock: Clock
) -> None:
    admin = signed_in("admin")
    slip(admin, clock)
    clock.forward(timedelta(minutes=1))
    put(admin, ("09:00", "11:10"), ("13:00", "17:00"))
    assert absences(absent) == [(0, 10, "covered")]
    with absent.database.transaction() as session:
        standing = session.exec(select(Cover).where(col(Cover.withdrawn_at).is_(None))).one()
        assert (_minutes(standing.start), _minutes(standing.end or NOON)) == (10, 30)


def test_who_corrects_hours_takes_the_turns_of_all_counters_in_the_order_of_whoever_watches(
    two_absent: Database,
) -> None:
    """What is back is at counter 2 and what is excused at counter 1, which the watcher has before counter 2."""

    def correct() -> None:
        declare(two_absent, NOON + timedelta(hours=2), "09:00", "15:00")

    with ThreadPoolExecutor(1) as pool:
        with two_absent.transaction() as watcher:
            take_turns(watcher, "cc-1")
            correcting = pool.submit(correct)
            until_it_waits(two_absent, correcting)
            take_turns(watcher, "cc-2")
        correcting.result()
    with two_absent.transaction() as session:
        standing = session.exec(select(Cover.counter_id).where(col(Cover.withdrawn_at).is_(None))).all()
    assert standing == ["cc-1"], "each was changed"


def test_so_does_the_configuration_file_whatever_its_order_is(two_absent: Database, tmp_path: Path) -> None:
    renamed = (f'[[counter]]\nid = "cc-{number}"\nhall = "cc"\nnumber = {number}\n' for number in (2, 1))
    file = GOOD[: GOOD.index("[[counter]]")] + "".join(renamed)

    def rename() -> None:
        with two_absent.transaction() as session:
            apply_site(session, read(tmp_path, file), SecretBox(tmp_path / "key"), b"", NOON + timedelta(hours=2))

    with ThreadPoolExecutor(1) as pool:
        with two_absent.transaction() as watcher:
            take_turns(watcher, "cc-1")
            renaming = pool.submit(rename)
            until_it_waits(two_absent, renaming)
            take_turns(watcher, "cc-2")
        renaming.result()


def test_a_dispute_outlives_a_slip(absent: Services, signed_in: SignedIn, clock: Clock) -> None:
    with absent.database.transaction() as session:
        absence = session.exec(_OF_ONE).one()
        absence_id = absence.id or 0
        say(session, absence_id, Said(DisputeAct.DISPUTE, "我在。", DisputeGround.WAS_THERE), 1, NOON)
    admin = signed_in("admin")
    slip(admin, clock)
    clock.forward(timedelta(minutes=1))
    put(admin, ("09:00", "17:00"))
    with absent.database.transaction() as session:
        absence = session.exec(_OF_ONE).one()
        assert (absence.ended_by, absence.dispute) == ("returned", DisputeState.DISPUTED)
        assert [word.text for word in words_of(session, [absence_id])[absence_id]] == ["我在。"]


def test_a_slip_in_a_roster_is_corrected_in_the_same_way_while_the_hall_is_open(
    absent: Services, signed_in: SignedIn, clock: Clock
) -> None:
    admin = signed_in("admin")
    put(admin, ("09:00", "17:00"))
    counter = {"id": "cc-1", "hall": "cc", "number": "1"}

    def roster(start: str) -> None:
        clock.forward(timedelta(minutes=1))
        spans = [{"days": "mon", "open": start, "close": "17:00"}]
        assert admin.put("/api/v1/counters/cc-1", json=counter | {"roster": spans}).status_code == 200

    roster("13:00")
    assert [how for *_, how in absences(absent)] == ["withdrawn"]
    put(admin, ("10:00", "17:00"))  # the roster says still that nobody had to be there
    assert [how for *_, how in absences(absent)] == ["withdrawn"]
    roster("09:00")
    assert absences(absent) == [(0, 30, "returned")]


def test_longer_hours_days_later_accuse_nobody_of_the_past(absent: Services, signed_in: SignedIn, clock: Clock) -> None:
    slip(signed_in("admin"), clock)
    clock.forward(timedelta(days=3))
    put(signed_in("admin"), ("09:00", "17:00"))
    assert [how for *_, how in absences(absent)] == ["withdrawn"]


def test_what_is_left_of_a_slip_is_as_old_as_the_slip(absent: Services, signed_in: SignedIn, clock: Clock) -> None:
    """Whoever reads for three days that they are excused is not accused again by a further change."""
    slip(signed_in("admin"), clock)
    noted = clock()
    clock.forward(timedelta(days=2))
    put(signed_in("admin"), ("09:00", "11:10"), ("13:00", "17:00"))
    assert absences(absent) == [(0, 10, "covered")]
    with absent.database.transaction() as session:
        standing = session.exec(select(Cover).where(col(Cover.withdrawn_at).is_(None))).one()
        assert standing.noted_at == noted
    clock.forward(timedelta(days=2, hours=19))
    put(signed_in("admin"), ("09:00", "17:00"))
    assert absences(absent) == [(0, 10, "covered")]


def test_a_slip_that_is_corrected_by_degrees_is_corrected(absent: Services, signed_in: SignedIn, clock: Clock) -> None:
    admin = signed_in("admin")
    slip(admin, clock)
    for hours in ([("09:00", "11:10"), ("13:00", "17:00")], [("09:00", "17:00")]):
        clock.forward(timedelta(minutes=1))
        put(admin, *hours)
    assert absences(absent) == [(0, 30, "returned")]


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ([], []),
        ([("09:00", "10:00"), ("13:00", "17:00")], []),
        ([("11:20", "17:00")], [(20, 30, "returned")]),
    ],
)
def test_longer_hours_bring_nothing_back_that_the_hours_before_the_shorter_ones_had_not_open(
    absent: Services, signed_in: SignedIn, clock: Clock, before: list[tuple[str, str]], told: Told
) -> None:
    """A hall without hours had said nothing: its first ones are no slip."""
    admin = signed_in("admin")
    for hours in (before, [("12:00", "17:00")]):
        put(admin, *hours)
        clock.forward(timedelta(hours=1))
    put(admin, ("10:00", "17:00"))
    assert [absence for absence in absences(absent) if absence[2] != "withdrawn"] == told


def test_a_first_roster_is_compared_with_the_hours_of_its_hall(
    absent: Services, signed_in: SignedIn, clock: Clock
) -> None:
    admin = signed_in("admin")

    def roster(start: str) -> None:
        clock.forward(timedelta(minutes=1))
        spans = [{"days": "mon", "open": start, "close": "17:00"}]
        counter = {"id": "cc-1", "hall": "cc", "number": "1", "roster": spans}
        assert admin.put("/api/v1/counters/cc-1", json=counter).status_code == 200

    roster("13:00")
    roster("09:00")
    assert [how for *_, how in absences(absent)] == ["withdrawn"], "neither the hall nor the counter had said anything"


def test_leave_that_somebody_has_registered_stays_whatever_the_hours_are(
    absent: Services, signed_in: SignedIn, clock: Clock
) -> None:
    leave = {"counter": "cc-1", "kind": "leave", "who": "张三", "start": ELEVEN.isoformat(), "end": NOON.isoformat()}
    assert signed_in("supervisor").post("/api/v1/covers", json=leave).status_code == 200
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
