"""What is known of a counter depends on whether a watcher lives."""

from datetime import UTC, datetime, timedelta

from storage.database import Database
from storage.models import CustomerState, Node, Presence, StaffState
from storage.presence_now import (
    SILENT_AFTER,
    WATCHER_DOWN,
    PresenceNow,
    known_presence,
    last_watched,
    presence_now,
)

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
BEGAN = NOW - timedelta(hours=1)
STAFFED = PresenceNow(StaffState.STAFFED, CustomerState.WAITING, BEGAN)


def a_span(start: datetime, end: datetime | None) -> Presence:
    return Presence(counter_id="c", start=start, end=end, staff=StaffState.STAFFED, customer=CustomerState.NONE)


def test_presence_counts_while_a_watcher_lives() -> None:
    assert presence_now(STAFFED, NOW - SILENT_AFTER, NOW) == STAFFED
    rows = [a_span(BEGAN, None)]
    assert known_presence(rows, NOW - SILENT_AFTER, NOW) == rows


def test_presence_is_unknown_since_the_watcher_fell_silent() -> None:
    silent = NOW - SILENT_AFTER - timedelta(seconds=1)
    assert presence_now(STAFFED, silent, NOW) == PresenceNow(
        StaffState.UNKNOWN, CustomerState.UNKNOWN, silent, WATCHER_DOWN
    )


def test_presence_that_no_watcher_vouches_for_is_unknown_from_its_start() -> None:
    assert presence_now(STAFFED, None, NOW).staff is StaffState.UNKNOWN
    assert presence_now(STAFFED, None, NOW).since == BEGAN
    assert [span.staff for span in known_presence([a_span(BEGAN, None)], None, NOW)] == [StaffState.UNKNOWN]


def test_an_open_span_is_known_up_to_the_last_heartbeat_only() -> None:
    silent, earlier, row = NOW - timedelta(minutes=5), a_span(BEGAN, BEGAN), a_span(BEGAN, None)
    known = known_presence([earlier, row], silent, NOW)
    assert [(span.staff.value, span.start, span.end) for span in known] == [
        ("staffed", BEGAN, BEGAN),
        ("staffed", BEGAN, silent),
        ("unknown", silent, None),
    ]
    assert known[-1].reason == WATCHER_DOWN
    assert row.end is None


def test_the_newest_heartbeat_of_all_watchers_counts(database: Database) -> None:
    with database.transaction() as session:
        assert last_watched(session) is None
        for name, role, heartbeat in (
            ("watcher-1", "watcher", BEGAN),
            ("watcher-2", "watcher", NOW - timedelta(seconds=1)),
            ("recorder-1", "recorder", NOW),
        ):
            session.add(Node(name=name, role=role, started_at=BEGAN, heartbeat=heartbeat))
        session.flush()
        assert last_watched(session) == NOW - timedelta(seconds=1)
