"""Unreadable footage on a recorder's disk is told when it has lain there for an hour, on Health at once."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from storage.database import Database
from storage.models import Alert, AlertKind, AlertState, Node
from storage.models.columns import JsonObject
from tests.web.conftest import NOON, SignedIn
from web.quarantine_watch import TOLD_AFTER, QuarantineWatch
from web.services import Services
from web.silence import forget

SECOND = timedelta(seconds=1)
RECORDER = "recorder-1"


def say(database: Database, files: int | None, at: datetime = NOON, since: datetime = NOON - TOLD_AFTER) -> None:
    detail: JsonObject = {"spool_used_bytes": 0, "spool_limit_bytes": 10**9, "spool_filled": 0.1}
    if files is not None:
        detail |= {"quarantined_files": files, "quarantined_bytes": files * 10**6}
        detail |= {"quarantined_since": since.isoformat()} if files else {}
    with database.transaction() as session:
        session.merge(Node(name=RECORDER, role="recorder", started_at=NOON, heartbeat=at, detail=detail))


def told(database: Database) -> list[tuple[str | None, AlertState]]:
    with database.transaction() as session:
        wanted = select(Alert).where(Alert.kind == AlertKind.FOOTAGE_UNREADABLE).order_by(col(Alert.id))
        return [(alert.node_name, alert.state) for alert in session.exec(wanted)]


def test_it_is_told_once_when_it_has_lain_there_for_a_while_until_nothing_does(database: Database) -> None:
    say(database, 2, since=NOON - TOLD_AFTER + SECOND)
    assert QuarantineWatch(database).run_once(NOON) == 0
    for n, files in enumerate((2, 3, 1), 1):
        say(database, files, NOON + n * SECOND)
        QuarantineWatch(database).run_once(NOON + n * SECOND)
    assert told(database) == [(RECORDER, AlertState.RAISED)]
    say(database, 0, NOON + 5 * SECOND)
    assert QuarantineWatch(database).run_once(NOON + 5 * SECOND) == 1
    assert told(database) == [(RECORDER, AlertState.RESOLVED)]


def test_a_recorder_that_is_silent_or_has_not_counted_yet_says_nothing_new(database: Database) -> None:
    say(database, 1)
    QuarantineWatch(database).run_once(NOON)
    say(database, None)
    assert QuarantineWatch(database).run_once(NOON) == 0
    say(database, 0)
    assert QuarantineWatch(database).run_once(NOON + timedelta(minutes=10)) == 0
    assert told(database) == [(RECORDER, AlertState.RAISED)]


def test_of_a_recorder_that_is_forgotten_there_is_no_alert_any_more(database: Database) -> None:
    say(database, 1)
    QuarantineWatch(database).run_once(NOON)
    with database.transaction() as session:
        forget(session, session.get_one(Node, RECORDER), NOON)
    assert QuarantineWatch(database).run_once(NOON) == 1
    assert told(database) == [(RECORDER, AlertState.RESOLVED)]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Unreadable footage", "2 files (2.0 MB) in the spool's quarantine, the first for")),
        ("zh", ("无法读取的录像", "中有 2 个文件（2.0 MB），最早的已存放")),
    ],
)
def test_health_and_alerts_tell_of_it(
    services: Services, signed_in: SignedIn, language: str, words: tuple[str, str]
) -> None:
    say(services.database, 2)
    QuarantineWatch(services.database).run_once(NOON)
    client = signed_in("admin")
    page = client.get(f"/health?lang={language}").text
    for word in words:
        assert word in page
    assert words[0] in client.get(f"/alerts?kind=footage_unreadable&lang={language}").text
    [room] = client.get("/health.json").json()["spool"]["rooms"]
    assert (room["unreadable_files"], room["unreadable_bytes"]) == (2, 2_000_000)
