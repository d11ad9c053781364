"""How long footage is kept, as file, page and API say it."""

from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select
from structlog.testing import capture_logs

from storage.clock_leaps import Leap, hold_what_was_before
from storage.database import Database
from storage.folder_store import FolderStore
from storage.intervals import Span
from storage.models import (
    Alert,
    AlertKind,
    AlertState,
    Deletion,
    FootageKind,
    RetentionRule,
    StoreTest,
    StoreVerdict,
)
from storage.objects import StoreError
from tests.sample import CAMERA, a_segment
from tests.web.conftest import NOON, Clock, SignedIn
from web import keeping
from web.declarations import RetentionDeclaration
from web.roles import clerks
from web.services import Services
from web.settings_file import SettingsError, read_settings
from web.site import apply_site
from web.store_watch import AGAIN, EVERY, StoreWatch, patient


@pytest.fixture
def admin(signed_in: SignedIn) -> TestClient:
    return signed_in("admin")


def rules(database: Database) -> list[tuple[str | None, str | None, str, int, int, bool]]:
    with database.transaction() as session:
        found = session.exec(select(RetentionRule).order_by(col(RetentionRule.id)))
        return [(r.hall_id, r.counter_id, r.kind.value, r.version, r.days, r.valid_to is None) for r in found]


def test_only_administrators_say_how_long_footage_is_kept(anonymous: TestClient, signed_in: SignedIn) -> None:
    assert anonymous.put("/api/v1/retention", json={"days": 1}).status_code == 401
    for role in ("supervisor", "inspector", "investigator", "department"):
        client = signed_in(role)
        assert client.put("/api/v1/retention", json={"days": 1}).status_code == 403
        assert client.get("/api/v1/deletions").status_code == 403
        assert client.get("/admin/retention").status_code == 403


def test_each_change_is_a_new_version_and_the_same_again_is_none(
    admin: TestClient, services: Services, clock: Clock
) -> None:
    for days in (10, 10, 20):
        assert admin.put("/api/v1/retention", json={"hall": "cc", "days": days}).status_code == 200
        clock.forward(timedelta(hours=1))
    assert rules(services.database) == [("cc", None, "plain", 1, 10, False), ("cc", None, "plain", 2, 20, True)]
    [shown] = admin.get("/api/v1/retention").json()
    assert (shown["hall"], shown["kind"], shown["days"], shown["version"]) == ("cc", "plain", 20, 2)
    assert admin.delete(f"/api/v1/retention/{shown['rule_id']}").status_code == 204
    assert admin.delete(f"/api/v1/retention/{shown['rule_id']}").status_code == 404
    assert admin.put("/api/v1/retention", json={"hall": "cc", "days": 5}).json()["version"] == 3


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"days": 0}, "days"),
        ({"days": 3651}, "days"),
        ({"hall": "nowhere", "days": 1}, "hall"),
        ({"counter": "nowhere", "days": 1}, "counter"),
        ({"kind": "odd", "days": 1}, "kind"),
    ],
)
def test_a_mistake_names_its_field(admin: TestClient, wrong: dict[str, Any], field: str) -> None:
    answer = admin.put("/api/v1/retention", json=wrong)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["fields"]] == [field]


def test_the_page_sets_changes_and_ends_a_rule(admin: TestClient, services: Services) -> None:
    sent = {"hall": "", "counter": "cc-1", "kind": "event", "days": "365"}
    assert admin.post("/admin/retention", data=sent).status_code == 303
    assert admin.post("/admin/retention?edit=1", data={"days": "400"}).status_code == 303
    assert rules(services.database)[-1] == (None, "cc-1", "event", 2, 400, True)
    page = admin.get("/admin/retention?lang=en").text
    assert "400 days" in page
    assert "Footage with an event" in page
    assert f">{NOON.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M}<" in page, "since when it is in force"
    assert admin.post("/admin/retention/remove?edit=2").status_code == 303
    assert rules(services.database)[-1][-1] is False


def declared(folder: Path, text: str, services: Services) -> None:
    file = folder / "hallwatch.toml"
    places = """
[[district]]
id = "chancheng"
name = "禅城区"
[[hall]]
id = "cc"
district = "chancheng"
name = "大厅"
"""
    file.write_text(places + text)
    with services.database.transaction() as session:
        apply_site(session, read_settings(file), services.secrets, b"key", services.clock())


def test_the_file_declares_it_and_what_leaves_the_file_ends(services: Services, tmp_path: Path) -> None:
    declared(tmp_path, '[[retention]]\ndays = 40\n[[retention]]\nhall = "cc"\nkind = "event"\ndays = 90\n', services)
    assert rules(services.database) == [(None, None, "plain", 1, 40, True), ("cc", None, "event", 1, 90, True)]
    declared(tmp_path, "[[retention]]\ndays = 45\n", services)
    assert [rule for rule in rules(services.database) if rule[-1]] == [(None, None, "plain", 2, 45, True)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[retention]]\ndays = 5\n[[retention]]\ndays = 6\n", r"retention\[everywhere, plain\]: is declared 2 times"),
        ('[[retention]]\nhall = "x"\ndays = 5\n', "there is no hall `x`"),
        ('[[retention]]\nhall = "cc"\n', "days: is missing"),
    ],
)
def test_a_mistake_in_the_file_is_told(services: Services, tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        declared(tmp_path, text, services)


def test_the_same_place_may_have_a_rule_for_each_kind(services: Services) -> None:
    with services.database.transaction() as session:
        for kind in FootageKind:
            keeping.put_retention(session, RetentionDeclaration(hall="cc", kind=kind, days=9), NOON)
    assert [rule[-1] for rule in rules(services.database)] == [True, True]


def test_the_ledger_is_read_page_by_page(admin: TestClient, services: Services) -> None:
    with services.database.transaction() as session:
        session.add_all(a_deletion(number) for number in range(5))
    everything = admin.get("/api/v1/deletions").json()
    assert [row["key"] for row in everything] == [f"{CAMERA}/{n}.mp4" for n in range(5)]
    assert {"sha256", "size", "days", "rule_id", "ordered_at", "confirmed_at"} <= everything[0].keys()
    page = admin.get("/api/v1/deletions", params={"after": everything[1]["id"], "limit": 2}).json()
    assert [row["key"] for row in page] == [f"{CAMERA}/2.mp4", f"{CAMERA}/3.mp4"]
    span = {"camera": CAMERA, "from": "2026-03-02T04:01:00Z", "to": "2026-03-02T04:02:00Z"}
    assert [row["key"] for row in admin.get("/api/v1/deletions", params=span).json()] == [f"{CAMERA}/1.mp4"]


def a_deletion(number: int) -> Deletion:
    start = NOON + timedelta(minutes=number)
    return Deletion(
        camera_id=CAMERA,
        start=start,
        end=start + timedelta(minutes=1),
        key=f"{CAMERA}/{number}.mp4",
        sha256="00" * 32,
        size=7,
        kind=FootageKind.PLAIN,
        days=30,
        ordered_at=NOON,
    )


class Fickle(FolderStore):
    """Works while it is told to."""

    works = True

    def check(self) -> None:
        if not self.works:
            raise StoreError("the disk is full")
        super().check()


def store_alerts(database: Database) -> list[Alert]:
    with database.transaction() as session:
        wanted = select(Alert).where(Alert.kind == AlertKind.STORE_UNSAFE).order_by(col(Alert.id))
        return list(session.exec(wanted))


def verdicts(database: Database) -> list[StoreVerdict]:
    with database.transaction() as session:
        return [test.verdict for test in session.exec(select(StoreTest).order_by(col(StoreTest.id)))]


def test_the_store_is_tested_at_the_start_and_once_a_day(database: Database, tmp_path: Path) -> None:
    watch = StoreWatch(database, FolderStore(tmp_path / "store"))
    hours = [watch.run_once(NOON + timedelta(hours=hour)) for hour in range(49)]
    assert [hour for hour, ran in enumerate(hours) if ran] == [0, 24, 48]
    assert watch.run_once(NOON + timedelta(hours=2)) == 1, "the clock was set back"
    assert watch.run_once(NOON + timedelta(hours=25)) == 0
    assert verdicts(database) == [StoreVerdict.NO_LOCK] * 4
    assert store_alerts(database) == []


def test_a_test_that_fails_is_one_alert_until_one_passes(database: Database, tmp_path: Path) -> None:
    store = Fickle(tmp_path / "store")
    watch = StoreWatch(database, store)
    store.works = False
    assert watch.run_once(NOON) == 1
    assert watch.run_once(NOON + AGAIN / 2) == 0
    assert watch.run_once(NOON + AGAIN) == 1
    [alert] = store_alerts(database)
    assert (alert.state, alert.raised_at, alert.hall_id, alert.camera_id) == (AlertState.RAISED, NOON, None, None)
    store.works = True
    watch.run_once(NOON + 2 * AGAIN)
    [alert] = store_alerts(database)
    assert (alert.state, alert.resolved_at) == (AlertState.RESOLVED, NOON + 2 * AGAIN)
    store.works = False
    watch.run_once(NOON + 2 * AGAIN + EVERY)
    assert [alert.state for alert in store_alerts(database)] == [AlertState.RESOLVED, AlertState.RAISED]


class Careless(FolderStore):
    """Says that it locks."""

    def can_lock(self) -> bool:
        return True


def test_a_lock_that_does_not_hold_is_an_alert_that_supervisors_read_in_words(
    services: Services, signed_in: SignedIn
) -> None:
    StoreWatch(services.database, Careless(services.settings.store_folder)).run_once(NOON)
    page = signed_in("supervisor").get("/alerts?lang=en").text
    assert "Store failed its self-test" in page
    assert "A locked object could be deleted." in page
    health = signed_in("admin").get("/health.json").json()
    assert (health["store"]["verdict"], health["store"]["safe"]) == ("lock_broken", False)
    assert "Self-test failed" in signed_in("admin").get("/health?lang=en").text
    assert "lock_broken" not in signed_in("inspector").get("/holds?lang=en").text


def test_footage_of_a_clock_that_was_not_set_is_named_and_so_are_its_holds(
    services: Services, signed_in: SignedIn
) -> None:
    unset = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    with services.database.transaction() as session:
        session.add(a_segment(CAMERA, unset))
        hold_what_was_before(session, Leap(timedelta(days=92), Span(unset, NOON)), NOON)
    admin = signed_in("admin")
    [undated] = admin.get("/health.json").json()["undated"]
    assert (undated["camera_id"], undated["segments"]) == (CAMERA, 1)
    assert "was recorded before the server's clock was set" in unescape(admin.get("/health?lang=en").text)
    assert "录制时服务器时钟尚未设置" in admin.get("/health?lang=zh").text
    assert "Correct its time, then lift this hold." in admin.get("/holds?lang=en").text
    assert "请先校正时间，再解除此保全。" in admin.get("/holds?lang=zh").text
    hold = admin.get("/holds.json").json()["holds"][0]
    assert (hold["subject"], hold["owner"], hold["is_found"], hold["may_lift"]) == ("clock_leap", "", False, True)
    assert signed_in("inspector").get("/holds.json").json()["holds"][0]["may_lift"] is False


def test_footage_of_a_clock_that_was_ahead_is_named_until_that_time_has_come(
    services: Services, signed_in: SignedIn, clock: Clock
) -> None:
    with services.database.transaction() as session:
        session.add(a_segment(CAMERA, NOON + timedelta(hours=8)))
    admin = signed_in("admin")
    page = admin.get("/health.json").json()
    assert [(each["camera_id"], each["segments"]) for each in page["ahead"]] == [(CAMERA, 1)]
    assert page["undated"] == []
    assert "lies in the future: the server's clock was ahead" in unescape(admin.get("/health?lang=en").text)
    assert "录制时服务器时钟偏快" in admin.get("/health?lang=zh").text
    clock.forward(timedelta(hours=8))
    assert signed_in("admin").get("/health.json").json()["ahead"] == []


def test_a_store_that_is_away_is_one_line_in_the_log_and_the_job_comes_round_again() -> None:
    def away(_now: datetime) -> int:
        raise StoreError("store s3.example cannot be reached")

    with capture_logs() as lines:
        assert patient(away)(NOON) == 0
    assert [line["error"] for line in lines] == ["store s3.example cannot be reached"]
    assert patient(lambda _now: 3)(NOON) == 3


def test_the_clerk_tests_the_store_and_deletes_what_is_due(services: Services) -> None:
    keeper = next(clerk for clerk in clerks(services) if "store_test" in clerk.jobs)
    keeper.run_due(NOON)
    assert verdicts(services.database) == [StoreVerdict.NO_LOCK]
