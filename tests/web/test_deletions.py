"""The ledger of deleted footage: who may read it, what it says, and the same as a file."""

import csv
import io
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from storage.deletion_pause import pause_deletion, paused_since
from storage.models import AccessEntry, Deletion, FootageKind, RetentionRule
from tests.sample import CAMERA, COUNTERS
from tests.web.conftest import NOON, SignedIn
from web.pages import deletions, paging, tables
from web.services import Services

MAY = ("supervisor", "inspector", "investigator", "admin")


def deletion(number: int, camera: str = CAMERA) -> Deletion:
    """By the built-in rule, and confirmed."""
    start = NOON - timedelta(days=31) + timedelta(minutes=number)
    return Deletion(
        camera_id=camera,
        start=start,
        end=start + timedelta(minutes=1),
        key=f"{camera}/{number}.mp4",
        sha256="00" * 32,
        size=5,
        kind=FootageKind.PLAIN,
        days=30,
        ordered_at=NOON - timedelta(days=1),
        confirmed_at=NOON,
    )


@pytest.fixture
def ledger(services: Services) -> Services:
    """By the built-in rule, by a counter's and not confirmed, and of the other hall."""
    with services.database.transaction() as session:
        session.add(RetentionRule(id=7, hall_id="cc", counter_id=COUNTERS[0], days=10, valid_from=NOON))
        session.flush()
        by_rule = deletion(2)
        by_rule.rule_id, by_rule.rule_version, by_rule.days, by_rule.kind = 7, 2, 10, FootageKind.EVENT
        by_rule.confirmed_at = None
        session.add_all([deletion(1), by_rule, deletion(3, camera="nh-cam-1")])
    return services


def keys(client: TestClient, query: str = "") -> list[str]:
    return [row["key"] for row in client.get(f"/deletions.json?{query}").json()["deletions"]]


def exported(client: TestClient, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/deletions.csv?{query}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("path", ["/deletions", "/deletions.json", "/deletions.csv"])
def test_nobody_reads_the_ledger_without_signing_in_and_no_department(
    anonymous: TestClient, signed_in: SignedIn, ledger: Services, path: str
) -> None:
    assert anonymous.get(path).status_code in (303, 401)
    assert signed_in("department").get(path).status_code == 403


def test_in_chinese_a_file_has_a_size_and_no_resolution(signed_in: SignedIn, ledger: Services) -> None:
    page = signed_in("inspector").get("/deletions", headers={"Accept-Language": "zh"}).text
    assert "大小" in page
    assert "分辨率" not in page


@pytest.mark.parametrize("role", MAY)
def test_everybody_reads_of_the_halls_in_scope(signed_in: SignedIn, ledger: Services, role: str) -> None:
    client = signed_in(role)
    own = [f"{CAMERA}/2.mp4", f"{CAMERA}/1.mp4"]
    seen = ["nh-cam-1/3.mp4", *own] if role == "admin" else own
    assert keys(client) == seen
    assert [row["key"] for row in exported(client)] == seen
    for query in ("hall=nh", "camera=nh-cam-1"):
        for path in ("/deletions.json", "/deletions.csv"):
            assert client.get(f"{path}?{query}").status_code == (200 if role == "admin" else 404)


def test_each_row_says_by_which_rule_and_whether_the_store_has_confirmed(signed_in: SignedIn, ledger: Services) -> None:
    client = signed_in("investigator")
    by_rule, by_default = client.get("/deletions.json").json()["deletions"]
    assert (by_default["rule_level"], by_default["rule_id"], by_default["days"]) == ("default", None, 30)
    assert (by_rule["rule_level"], by_rule["rule_id"], by_rule["rule_version"]) == ("counter", 7, 2)
    assert (by_rule["confirmed_at"], by_default["confirmed_at"]) == (None, "2026-03-02T04:00:00Z")
    page = client.get("/deletions?lang=en").text
    for words in ("Rule of a counter", "rule 7, version 2", "Built-in rule", "Being deleted", "confirmed by the store"):
        assert words in page
    assert [row["confirmed_at (Asia/Shanghai)"] for row in exported(client)] == ["", "2026-03-02T12:00:00+08:00"]
    assert [row["hall"] for row in exported(client)] == ["cc", "cc"]


def test_the_list_is_narrowed_by_hall_camera_state_and_day(signed_in: SignedIn, ledger: Services) -> None:
    client = signed_in("admin")
    assert keys(client, "hall=nh") == keys(client, "camera=nh-cam-1") == ["nh-cam-1/3.mp4"]
    assert keys(client, f"hall=nh&camera={CAMERA}") == []
    assert keys(client, "state=ordered") == [f"{CAMERA}/2.mp4"]
    assert keys(client, "state=confirmed&hall=cc") == [f"{CAMERA}/1.mp4"]
    assert len(keys(client, "from=2026-01-30&to=2026-01-30")) == 3
    assert keys(client, "from=2026-01-31") == []
    assert exported(client, "state=ordered&from=2026-01-31") == []
    assert client.get("/deletions.json?state=gone").status_code == 422


def test_it_goes_on_page_by_page_and_the_file_has_it_all(
    signed_in: SignedIn, ledger: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (deletions, paging):
        monkeypatch.setattr(module, "PAGE_SIZE", 2)
    monkeypatch.setattr(tables, "AT_ONCE", 2)
    client = signed_in("admin")
    page = client.get("/deletions.json").json()
    assert len(page["deletions"]) == 2
    assert keys(client, f"after={page['next']}") == [f"{CAMERA}/1.mp4"]
    assert len(exported(client)) == 3


@pytest.fixture
def paused(services: Services) -> Services:
    with services.database.transaction() as session:
        pause_deletion(session, NOON)
    return services


def since(services: Services) -> object:
    with services.database.transaction() as session:
        return paused_since(session)


def test_nobody_but_an_administrator_lets_deletion_go_on(
    anonymous: TestClient, signed_in: SignedIn, paused: Services
) -> None:
    assert anonymous.post("/deletions/resume").status_code in (303, 401, 403)
    for role in ("supervisor", "inspector", "investigator", "department"):
        assert signed_in(role).post("/deletions/resume").status_code == 403
    admin = signed_in("admin")
    del admin.headers["X-CSRF-Token"]
    assert admin.post("/deletions/resume").status_code == 403
    assert since(paused) == NOON


@pytest.mark.parametrize("path", ["/deletions", "/holds"])
def test_who_reads_of_deleted_or_held_footage_is_told_that_deletion_is_paused(
    signed_in: SignedIn, services: Services, path: str
) -> None:
    words = "so nothing is deleted and the store fills"
    admin, investigator = signed_in("admin"), signed_in("investigator")
    assert words not in admin.get(f"{path}?lang=en").text
    assert admin.get(f"{path}.json").json()["paused_since"] is None
    with services.database.transaction() as session:
        pause_deletion(session, NOON)
    told, read = admin.get(f"{path}?lang=en").text, investigator.get(f"{path}?lang=en").text
    assert words in told
    assert words in read
    assert "Let deletion go on" in told
    assert "Let deletion go on" not in read
    assert admin.get(f"{path}.json").json()["paused_since"] == "2026-03-02T04:00:00Z"


def test_letting_deletion_go_on_is_logged_once(signed_in: SignedIn, paused: Services) -> None:
    client = signed_in("admin")
    for _ in range(2):
        answer = client.post("/deletions/resume")
        assert (answer.status_code, answer.headers["location"]) == (303, "/deletions?done=deletion_resumed")
    assert "deleted again" in client.get("/deletions?lang=en&done=deletion_resumed").text
    assert since(paused) is None
    with paused.database.transaction() as session:
        entries = session.exec(select(AccessEntry).where(AccessEntry.action == "resume_deletion")).all()
        assert len(entries) == 1
