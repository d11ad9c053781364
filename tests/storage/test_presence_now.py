"""What is known of a counter depends on whether a watcher lives, and on how far it has watched."""

from datetime import UTC, datetime, timedelta

from sqlmodel import select

from storage.database import Database
from storage.models import Absence, Camera, CustomerState, Node, Presence, StaffState, View, WatchCursor
from storage.presence_now import (
    BEHIND_AFTER,
    CATCHING_UP,
    SILENT_AFTER,
    WATCHER_DOWN,
    PresenceNow,
    Watched,
    known_presence,
    lasting_until,
    presence_now,
    seen_until,
    staff_since,
    watched_counters,
)
from tests.sample import CAMERA, COUNTERS, HALL, LEFT_HALF, a_hall

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
BEGAN = NOW - timedelta(hours=1)
STAFFED = PresenceNow(StaffState.STAFFED, CustomerState.WAITING, BEGAN)


def a_span(start: datetime, end: datetime | None) -> Presence:
    return Presence(counter_id="c", start=start, end=end, staff=StaffState.STAFFED, customer=CustomerState.NONE)


def test_presence_counts_while_a_watcher_lives() -> None:
    assert presence_now(STAFFED, Watched(NOW - SILENT_AFTER), NOW) == STAFFED
    rows = [a_span(BEGAN, None)]
    assert known_presence(rows, Watched(NOW - SILENT_AFTER), NOW) == rows


def test_presence_is_unknown_since_the_watcher_fell_silent() -> None:
    silent = NOW - SILENT_AFTER - timedelta(seconds=1)
    assert presence_now(STAFFED, Watched(silent), NOW) == PresenceNow(
        StaffState.UNKNOWN, CustomerState.UNKNOWN, silent, WATCHER_DOWN
    )


def test_presence_that_no_watcher_vouches_for_is_unknown_from_its_start() -> None:
    assert presence_now(STAFFED, Watched(None), NOW).staff is StaffState.UNKNOWN
    assert presence_now(STAFFED, Watched(None), NOW).since == BEGAN
    assert [span.staff for span in known_presence([a_span(BEGAN, None)], Watched(None), NOW)] == [StaffState.UNKNOWN]


def test_an_open_span_is_known_up_to_the_last_heartbeat_only() -> None:
    silent, earlier, row = NOW - timedelta(minutes=5), a_span(BEGAN, BEGAN), a_span(BEGAN, None)
    known = known_presence([earlier, row], Watched(silent), NOW)
    assert [(span.staff.value, span.start, span.end) for span in known] == [
        ("staffed", BEGAN, BEGAN),
        ("staffed", BEGAN, silent),
        ("unknown", silent, None),
    ]
    assert known[-1].reason == WATCHER_DOWN
    assert row.end is None


def behind(by: timedelta) -> Watched:
    """A watcher lives, and has watched the counter up to so long ago."""
    return Watched(NOW, NOW - by)


def test_what_lags_as_much_as_live_pictures_may_is_now() -> None:
    assert presence_now(STAFFED, behind(BEHIND_AFTER), NOW) == STAFFED


def test_an_old_state_is_not_shown_as_now_while_the_watcher_catches_up() -> None:
    late = behind(timedelta(minutes=40))
    assert presence_now(STAFFED, late, NOW) == PresenceNow(
        StaffState.UNKNOWN, CustomerState.UNKNOWN, late.to, CATCHING_UP
    )
    known = known_presence([a_span(BEGAN, None)], late, NOW)
    assert [(span.staff.value, span.start, span.end, span.reason) for span in known] == [
        ("staffed", BEGAN, late.to, ""),
        ("unknown", late.to, None, CATCHING_UP),
    ]


def test_a_camera_that_sends_nothing_keeps_its_own_reason() -> None:
    """Its cursor stands still, too."""
    lost = PresenceNow(StaffState.UNKNOWN, CustomerState.UNKNOWN, BEGAN, "no_signal")
    assert presence_now(lost, behind(timedelta(hours=1)), NOW) == lost
    row = a_span(BEGAN, None)
    row.staff, row.customer, row.reason = StaffState.UNKNOWN, CustomerState.UNKNOWN, "no_signal"
    assert known_presence([row], behind(timedelta(hours=1)), NOW) == [row]


def test_a_watcher_that_died_while_it_caught_up_is_known_up_to_what_it_had_watched() -> None:
    died = Watched(NOW - timedelta(minutes=5), NOW - timedelta(minutes=40))
    assert presence_now(STAFFED, died, NOW).since == died.to


def test_a_counter_is_watched_as_far_as_the_camera_that_came_furthest(database: Database) -> None:
    later = NOW - timedelta(seconds=2)
    with database.transaction() as session:
        a_hall(session)
        for name, watched_to, until in (("b", later, None), ("gone", NOW, BEGAN)):
            session.add(Camera(id=name, hall_id=HALL, url="rtsp://192.0.2.1/"))
            session.flush()
            session.add(View(camera_id=name, counter_id="cc-1", staff_zone=LEFT_HALF, valid_to=until))
            session.add(WatchCursor(camera_id=name, watched_to=watched_to))
        session.add(WatchCursor(camera_id=CAMERA, watched_to=BEGAN))
        session.flush()
        watched = watched_counters(session, [*COUNTERS, "none"], NOW)
    assert {counter: far.to for counter, far in watched.items()} == {"cc-1": later, "cc-2": BEGAN, "none": None}


def test_what_lasts_is_seen_to_last_no_further_than_it_was_watched(database: Database) -> None:
    assert lasting_until(BEGAN, BEGAN - timedelta(hours=1), NOW) == BEGAN
    assert lasting_until(BEGAN, NOW + timedelta(minutes=1), NOW) == NOW
    last, ended = NOW - timedelta(minutes=20), NOW - timedelta(minutes=30)
    with database.transaction() as session:
        a_hall(session)
        session.add(WatchCursor(camera_id=CAMERA, watched_to=last))
        session.add(Absence(id=1, counter_id="cc-1", start=BEGAN, threshold_s=300))
        session.add(Absence(id=2, counter_id="cc-1", start=BEGAN, end=ended, threshold_s=300))
        session.flush()
        assert seen_until(session, session.exec(select(Absence)), NOW) == {1: last, 2: ended}


def test_the_newest_heartbeat_of_all_watchers_counts(database: Database) -> None:
    with database.transaction() as session:
        assert watched_counters(session, ["c"], NOW) == {"c": Watched(None)}
        for name, role, heartbeat in (
            ("watcher-1", "watcher", BEGAN),
            ("watcher-2", "watcher", NOW - timedelta(seconds=1)),
            ("recorder-1", "recorder", NOW),
        ):
            session.add(Node(name=name, role=role, started_at=BEGAN, heartbeat=heartbeat))
        session.flush()
        assert watched_counters(session, ["c"], NOW) == {"c": Watched(NOW - timedelta(seconds=1))}


def test_a_state_lasts_since_staff_came_or_went_whoever_waited_meanwhile(database: Database) -> None:
    minutes = [BEGAN + timedelta(minutes=minute) for minute in range(5)]
    with database.transaction() as session:
        a_hall(session)
        for counter, staff in (("cc-1", "staffed unstaffed unstaffed unstaffed"), ("cc-2", "staffed staffed")):
            states = staff.split()
            for number, state in enumerate(states):
                customer = (CustomerState.NONE, CustomerState.WAITING)[number % 2]
                end = minutes[number + 1] if number + 1 < len(states) else None
                row = Presence(
                    counter_id=counter, start=minutes[number], end=end, customer=customer, staff=StaffState(state)
                )
                session.add(row)
        session.flush()
        assert staff_since(session, list(COUNTERS)) == {"cc-1": minutes[1], "cc-2": minutes[0]}
