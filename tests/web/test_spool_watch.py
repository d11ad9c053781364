"""Half full and nearly full, each is told once, and over when there is room again."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from storage.database import Database
from storage.models import Alert, AlertKind, AlertState, Node
from storage.models.columns import JsonObject
from tests.web.conftest import NOON, SignedIn
from web.services import Services
from web.silence import forget
from web.spool_watch import LEVELS, RELIEF, SpoolWatch, reached

SECOND = timedelta(seconds=1)


def say(database: Database, filled: float | None, at: datetime = NOON, name: str = "recorder-1") -> None:
    detail: JsonObject = {"spool_used_bytes": 6 * 10**9, "spool_limit_bytes": 10 * 10**9, "bitrate": 8_000_000}
    if filled is not None:
        detail["spool_filled"] = filled
    with database.transaction() as session:
        session.merge(Node(name=name, role="recorder", started_at=NOON, heartbeat=at, detail=detail))


def told(database: Database) -> list[tuple[int | None, AlertState]]:
    return [(alert.spool_level, alert.state) for alert in alerts(database)]


def alerts(database: Database) -> list[Alert]:
    with database.transaction() as session:
        wanted = select(Alert).where(Alert.kind == AlertKind.SPOOL_FILLING).order_by(col(Alert.id))
        return list(session.exec(wanted))


def test_each_level_is_one_alert_until_there_is_room_again(database: Database) -> None:
    watch = SpoolWatch(database)
    for n, filled in enumerate((0.2, 0.5, 0.6, 0.79, 0.81, 0.9)):
        say(database, filled, NOON + n * SECOND)
        watch.run_once(NOON + n * SECOND)
    assert told(database) == [(50, AlertState.RAISED), (80, AlertState.RAISED)]
    first, second = alerts(database)
    assert (first.hall_id, first.node_name, first.raised_at) == (None, "recorder-1", NOON + SECOND)
    assert second.raised_at == NOON + 4 * SECOND
    say(database, 0.6, NOON + 10 * SECOND)
    assert watch.run_once(NOON + 10 * SECOND) == 1
    assert told(database) == [(50, AlertState.RAISED), (80, AlertState.RESOLVED)]
    say(database, 0.1, NOON + 20 * SECOND)
    watch.run_once(NOON + 20 * SECOND)
    assert told(database) == [(50, AlertState.RESOLVED), (80, AlertState.RESOLVED)]
    say(database, 0.55, NOON + 30 * SECOND)
    assert watch.run_once(NOON + 30 * SECOND) == 1
    assert told(database)[2:] == [(50, AlertState.RAISED)]


def test_two_clerks_raise_one_alert_for_each_level(database: Database) -> None:
    say(database, 0.95)
    for watch in (SpoolWatch(database), SpoolWatch(database)):
        watch.run_once(NOON)
    assert told(database) == [(50, AlertState.RAISED), (80, AlertState.RAISED)]


def test_each_recorder_has_alerts_of_its_own(database: Database) -> None:
    say(database, 0.6)
    say(database, 0.6, name="recorder-2")
    assert SpoolWatch(database).run_once(NOON) == 2


def test_a_silent_recorder_and_one_that_says_nothing_of_its_spool_change_nothing(sqlite_database: Database) -> None:
    say(sqlite_database, 0.9)
    assert SpoolWatch(sqlite_database).run_once(NOON + timedelta(hours=1)) == 0
    say(sqlite_database, None)
    assert SpoolWatch(sqlite_database).run_once(NOON) == 0


def test_a_recorder_that_is_not_coming_back_has_no_spool_to_worry_about(sqlite_database: Database) -> None:
    say(sqlite_database, 0.6)
    watch = SpoolWatch(sqlite_database)
    watch.run_once(NOON)
    with sqlite_database.transaction() as session:
        forget(session, session.exec(select(Node)).one(), NOON + SECOND)
    watch.run_once(NOON + SECOND)
    assert told(sqlite_database) == [(50, AlertState.RESOLVED)]


@given(st.floats(0, 100), st.sets(st.sampled_from(LEVELS)))
def test_a_level_once_reached_is_left_only_well_below_it(percent: float, lasting: set[int]) -> None:
    now = reached(percent, lasting)
    assert reached(percent, now) == now
    for level in LEVELS:
        assert (level in now) or percent < level
        assert (level not in now) or percent >= level - RELIEF


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Waiting footage near its limit", "Footage that waits for the store is at 50 % of its limit.")),
        ("zh_CN", ("待入库录像接近上限", "待入库录像已达上限的 50%。")),
    ],
)
def test_supervisors_read_it_in_words(
    services: Services, signed_in: SignedIn, language: str, words: tuple[str, ...]
) -> None:
    say(services.database, 0.6)
    SpoolWatch(services.database).run_once(NOON)
    page = signed_in("supervisor").get(f"/alerts?kind=spool_filling&lang={language}").text
    assert [word for word in words if word not in page] == []


def test_the_health_page_says_what_room_there_is_and_how_long_it_lasts(services: Services, signed_in: SignedIn) -> None:
    say(services.database, 0.6)
    admin = signed_in("admin")
    [room] = admin.get("/health.json").json()["spool"]["rooms"]
    readable = {"unreadable_files": 0, "unreadable_bytes": 0, "unreadable_since": None}
    assert room == readable | {"node": "recorder-1", "filled": 0.6, "left_bytes": 4 * 10**9, "lasts_s": 4000}
    assert "recorder-1 has room for 4.0 GB more: 1 h 6 min without the store" in admin.get("/health?lang=en").text
