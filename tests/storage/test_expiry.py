"""Footage goes when its time is over, never what is held, and what has gone can be proved, whoever dies meanwhile."""

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select, update

from storage.asked_corrections import Wanted
from storage.correcting import correct
from storage.database import Database
from storage.deletions import DeletionStep, Shredder
from storage.expiry import Expiry
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.holds import lift_hold, set_hold
from storage.intervals import Span
from storage.models import (
    Absence,
    Alert,
    AlertKind,
    Camera,
    CameraFault,
    Case,
    Deletion,
    FaultKind,
    Finding,
    FindingKind,
    FootageKind,
    Gap,
    GapCause,
    Hold,
    Location,
    RetentionRule,
    Segment,
    Source,
    Step,
    StepKind,
    TimeCorrection,
    View,
)
from storage.objects import ObjectStore, StoreError
from storage.retention import GRACE, kept_from
from storage.s3_store import S3Store
from tests.sample import CAMERA, HALL, a_hall
from tests.storage.recorded import (
    BEGIN,
    DAY,
    a_user,
    at,
    expired,
    ledger,
    numbers_left,
    record,
    segment,
)

BUILT_IN_LINE = "deleted after 30 days by the built-in rule"
MakeExpiry = Callable[..., Expiry]
DAYS = st.floats(-2000, 2000)


@pytest.fixture
def hall(database: Database) -> Database:
    """Six segments, a minute in all, and a user."""
    with database.transaction() as session:
        a_hall(session)
        a_user(session)
    return database


@pytest.fixture
def make(hall: Database, folder_store: FolderStore, tmp_path: Path) -> MakeExpiry:
    record(hall, folder_store, tmp_path, (segment(number) for number in range(6)))
    return lambda **options: Expiry(hall, folder_store, tmp_path / "spool", lambda *_: None, **options)


def hold(session: Session, start: float, end: float) -> Hold:
    row = Hold(camera_id=CAMERA, start=at(start), end=at(end), reason="complaint", owner_id=1, set_at=BEGIN)
    return set_hold(session, row)


def add(database: Database, *rows: object) -> None:
    with database.transaction() as session:
        for row in rows:
            session.add(row)
            session.flush()


def test_only_what_is_older_than_its_keeping_goes(hall: Database, make: MakeExpiry, folder_store: FolderStore) -> None:
    expiry = make()
    assert expiry.run_once(BEGIN + 30 * DAY) == 0
    assert expiry.run_once(at(25) + 30 * DAY) == 2
    assert numbers_left(hall) == [2, 3, 4, 5]
    assert sorted(folder_store.keys("")) == [f"{CAMERA}/{n:09d}.mp4" for n in range(2, 6)]
    assert expiry.run_once(at(60) + 30 * DAY) == 4
    assert numbers_left(hall) == []
    assert list(folder_store.keys("")) == []
    assert expired(hall) == [(0, 60, BUILT_IN_LINE)]


def test_the_ledger_says_what_went_when_and_by_which_rule(hall: Database, make: MakeExpiry) -> None:
    add(hall, RetentionRule(hall_id=HALL, version=4, days=10, valid_from=BEGIN))
    now = at(10) + 10 * DAY
    make().run_once(now)
    [entry] = ledger(hall)
    gone = segment(0)
    assert (entry.camera_id, entry.start, entry.end) == (CAMERA, at(0), at(10))
    assert (entry.key, entry.sha256, entry.size) == (gone.key, gone.sha256, gone.size)
    assert (entry.kind, entry.days, entry.rule_id, entry.rule_version) == (FootageKind.PLAIN, 10, 1, 4)
    assert (entry.ordered_at, entry.confirmed_at) == (now, now)
    assert expired(hall) == [(0, 10, "deleted after 10 days by rule 1 version 4")]


def test_small_batches_come_to_the_same(hall: Database, make: MakeExpiry) -> None:
    assert make(batch=1).run_once(at(60) + 30 * DAY) == 6
    assert expired(hall) == [(0, 60, BUILT_IN_LINE)]
    assert len(ledger(hall)) == 6


def test_a_run_that_is_full_goes_on_with_who_had_no_turn(
    hall: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    cameras = ["a-cam", CAMERA, "z-cam"]
    add(hall, *(Camera(id=name, hall_id=HALL, url="rtsp://192.0.2.1/x") for name in ("a-cam", "z-cam")))
    record(hall, folder_store, tmp_path, (segment(n, camera=name) for name in cameras for n in range(2)))
    expiry = Expiry(hall, folder_store, tmp_path / "spool", lambda *_: None, batch=1, at_once=2)
    now = at(60) + 30 * DAY
    assert [expiry.run_once(now) for _ in range(4)] == [2, 2, 2, 0]
    assert [entry.camera_id for entry in ledger(hall)] == [name for name in cameras for _ in range(2)]


def test_what_only_the_recorder_has_stays(hall: Database, make: MakeExpiry) -> None:
    with hall.transaction() as session:
        session.exec(update(Segment).where(col(Segment.sequence) == 2).values(location=Location.SPOOL))
    make().run_once(at(60) + 30 * DAY)
    assert numbers_left(hall) == [2]


def test_the_pause_between_two_frames_goes_with_them(hall: Database, folder_store: FolderStore, tmp_path: Path) -> None:
    record(hall, folder_store, tmp_path, [segment(1, start=0), segment(2, start=10.4), segment(3, start=20.8)])
    expiry = Expiry(hall, folder_store, tmp_path / "spool", lambda *_: None)
    expiry.run_once(at(21) + 30 * DAY)
    assert [(start, end) for start, end, _ in expired(hall)] == [(0, 20.8)]


def test_a_gap_that_was_there_keeps_its_cause(hall: Database, folder_store: FolderStore, tmp_path: Path) -> None:
    record(hall, folder_store, tmp_path, [segment(1, start=0), segment(2, start=14)])
    add(hall, Gap(camera_id=CAMERA, start=at(10), end=at(14), cause=GapCause.CAMERA_UNREACHABLE))
    Expiry(hall, folder_store, tmp_path / "spool", lambda *_: None).run_once(at(60) + 30 * DAY)
    with hall.transaction() as session:
        found = Footage(hall, folder_store, tmp_path).coverage(session, CAMERA, at(0), at(24))
    assert [(part.start, part.end, part.cause) for part in found.missing] == [
        (at(0), at(10), "expired"),
        (at(10), at(14), "camera_unreachable"),
        (at(14), at(24), "expired"),
    ]


def test_held_footage_stays_whatever_the_rules_say_and_goes_when_the_last_hold_is_lifted(
    hall: Database, make: MakeExpiry
) -> None:
    with hall.transaction() as session:
        first, second = hold(session, 15, 25), hold(session, 22, 35)
    expiry = make()
    now = at(60) + 300 * DAY
    expiry.run_once(now)
    assert numbers_left(hall) == [1, 2, 3]
    assert [(start, end) for start, end, _ in expired(hall)] == [(0, 10), (40, 60)]
    with hall.transaction() as session:
        lift_hold(session, first, 1, now)
    expiry.run_once(now)
    assert numbers_left(hall) == [2, 3]
    with hall.transaction() as session:
        lift_hold(session, second, 1, now + DAY)
    expiry.run_once(now + timedelta(minutes=1))
    assert numbers_left(hall) == []
    assert [(start, end) for start, end, _ in expired(hall)] == [(0, 40), (40, 60)]


def test_a_hold_that_only_touches_a_segment_does_not_hold_it(hall: Database, make: MakeExpiry) -> None:
    with hall.transaction() as session:
        hold(session, 20, 30)
    make().run_once(at(60) + 30 * DAY)
    assert numbers_left(hall) == [2]


def test_what_the_store_has_locked_stays_until_it_is_unlocked(hall: Database, make: MakeExpiry) -> None:
    with hall.transaction() as session:
        session.exec(update(Segment).where(col(Segment.sequence) == 2).values(legal_hold=True))
    make().run_once(at(60) + 30 * DAY)
    assert numbers_left(hall) == [2]


def test_of_several_counters_in_the_picture_the_longest_keeping_counts(hall: Database, make: MakeExpiry) -> None:
    add(
        hall,
        RetentionRule(counter_id="cc-1", days=5, valid_from=BEGIN),
        RetentionRule(counter_id="cc-2", days=50, valid_from=BEGIN),
    )
    assert make().run_once(at(60) + 49 * DAY) == 0
    with hall.transaction() as session:  # it had been turned away from the second counter
        session.exec(update(View).where(col(View.counter_id) == "cc-2").values(valid_to=at(30)))
    make().run_once(at(60) + 49 * DAY)
    assert numbers_left(hall) == [0, 1, 2]


def absence() -> list[object]:
    return [Absence(counter_id="cc-1", start=at(27), end=at(28), threshold_s=1)]


def withdrawn_absence() -> list[object]:
    return [Absence(counter_id="cc-1", start=at(27), end=at(28), threshold_s=1, ended_by="withdrawn")]


def finding(withdrawn: bool = False) -> list[object]:
    step = Step(
        id=1,
        case_id=1,
        source_id="s",
        reference="1",
        kind=StepKind.RECEIVE,
        counter_id="cc-1",
        start=at(27),
        end=at(28),
        first_received_at=at(60),
        received_at=at(60),
    )
    return [
        Source(id="s"),
        Case(id=1, source_id="s", number="1", opened_at=BEGIN),
        step,
        Finding(
            kind=FindingKind.STEP_WHILE_UNSTAFFED,
            step_id=1,
            counter_id="cc-1",
            found_at=at(60),
            withdrawn_at=at(90) if withdrawn else None,
        ),
    ]


def withdrawn_finding() -> list[object]:
    return finding(withdrawn=True)


def camera_alert(kind: FaultKind = FaultKind.DARK) -> list[object]:
    fault = CameraFault(id=1, camera_id=CAMERA, kind=kind, start=at(27), end=at(28))
    return [fault, Alert(kind=AlertKind.CAMERA_FAULT, hall_id=HALL, camera_id=CAMERA, fault_id=1, raised_at=at(28))]


def sub_stream_alert() -> list[object]:
    return camera_alert(FaultKind.SUB_STREAM)


@pytest.mark.parametrize(
    ("happened", "kept"),
    [
        (absence, [1, 2, 3, 4]),
        (finding, [1, 2, 3, 4]),
        (camera_alert, [1, 2, 3, 4]),
        (sub_stream_alert, []),
        (withdrawn_absence, []),
        (withdrawn_finding, []),
    ],
)
def test_an_event_is_kept_with_what_leads_up_to_it(
    hall: Database, make: MakeExpiry, happened: Callable[[], list[object]], kept: list[int]
) -> None:
    add(hall, RetentionRule(kind=FootageKind.EVENT, days=90, valid_from=BEGIN), *happened())
    expiry = make()
    expiry.run_once(at(60) + 89 * DAY)
    assert numbers_left(hall) == kept
    expiry.run_once(at(60) + 91 * DAY)
    assert numbers_left(hall) == []
    assert {entry.kind for entry in ledger(hall) if int(entry.key[-6:-4]) in kept} <= {FootageKind.EVENT}


def test_a_rule_that_keeps_for_less_takes_effect_a_day_later(hall: Database, make: MakeExpiry) -> None:
    now = at(60) + 20 * DAY
    add(hall, RetentionRule(days=10, valid_from=now))
    expiry = make()
    assert expiry.run_once(now + timedelta(hours=23)) == 0
    assert expiry.run_once(now + timedelta(hours=24)) == 6


def test_who_stands_on_the_footage_is_told_in_the_same_transaction(
    hall: Database, folder_store: FolderStore, tmp_path: Path
) -> None:
    record(hall, folder_store, tmp_path, [segment(0), segment(1), segment(2, start=40)])
    told: list[tuple[str, list[Span]]] = []

    def on_expired(session: Session, camera_id: str, spans: Sequence[Span]) -> None:
        assert session.exec(select(Segment.id)).all() == []
        told.append((camera_id, list(spans)))

    Expiry(hall, folder_store, tmp_path / "spool", on_expired).run_once(at(60) + 30 * DAY)
    assert told == [(CAMERA, [Span(at(0), at(20)), Span(at(40), at(50))])]


def test_no_correction_brings_footage_nearer_to_its_end(hall: Database, make: MakeExpiry) -> None:
    expiry = make()
    corrected(hall, -31 * DAY)
    assert expiry.run_once(at(60)) == 0
    assert expiry.run_once(at(25) + 30 * DAY) == 2


@given(DAYS, DAYS, st.none() | DAYS, DAYS)
def test_footage_is_kept_from_no_earlier_than_a_clock_allows_that_was_not_ahead(
    end: float, recorded: float, corrected_at: float | None, now: float
) -> None:
    def on(day: float) -> datetime:
        return BEGIN + day * DAY

    found = kept_from(on(end), on(recorded), None if corrected_at is None else on(corrected_at), on(now))
    assert found >= on(end)
    if recorded <= min(now, now if corrected_at is None else corrected_at):
        assert found >= on(recorded)
    if corrected_at is not None:
        assert found <= on(max(end, corrected_at))
    assert found <= on(max(end, now)) + GRACE


FOUR_YEARS = 1461 * DAY


@pytest.mark.parametrize("corrected_at", [at(60) + DAY, at(60) + FOUR_YEARS], ids=["set right", "still ahead"])
def test_footage_of_a_clock_that_was_years_ahead_goes_in_its_time_once_it_is_corrected(
    hall: Database, make: MakeExpiry, corrected_at: datetime
) -> None:
    expiry = make()
    with hall.transaction() as session:
        correction = TimeCorrection(
            camera_id=CAMERA,
            start=at(0) + FOUR_YEARS,
            end=at(60) + FOUR_YEARS,
            shift_us=-FOUR_YEARS // timedelta(microseconds=1),
            error_us=0,
            reason="the clock was ahead",
            made_by="li.wei",
            made_at=corrected_at,
            key="correction",
        )
        session.add(correction)
        session.flush()
        session.exec(update(Segment).values(shift_us=correction.shift_us, correction_id=correction.id))
    assert expiry.run_once(at(0) + 30 * DAY) == 0
    assert expiry.run_once(at(60) + 31 * DAY) == 6


def test_what_was_moved_since_it_was_chosen_is_left(hall: Database, make: MakeExpiry) -> None:
    moved: list[DeletionStep] = []

    def on_step(step: DeletionStep) -> None:
        if step is DeletionStep.CHOSEN and not moved:
            moved.append(step)
            corrected(hall, timedelta(seconds=500))
            add(hall, Hold(camera_id=CAMERA, start=at(500), end=at(560), reason="x", owner_id=1, set_at=BEGIN))

    assert make(on_step=on_step).run_once(at(60) + 30 * DAY) == 0
    assert len(numbers_left(hall)) == 6


def corrected(database: Database, by: timedelta) -> None:
    error = timedelta(seconds=0.2)
    with database.transaction() as session:
        correct(session, Wanted(CAMERA, Span(at(0), at(60)), by, error, "the clock was wrong", "li.wei"), at(10_000))


class Refusing(FolderStore):
    """Does not delete one object."""

    def delete(self, key: str) -> None:
        if key.endswith("2.mp4"):
            raise StoreError("access denied")
        super().delete(key)


def test_an_object_that_the_store_does_not_delete_is_no_footage_and_holds_up_no_other(
    hall: Database, make: MakeExpiry, folder_store: FolderStore, tmp_path: Path
) -> None:
    make()
    now = at(60) + 30 * DAY
    expiry = Expiry(hall, Refusing(folder_store.root), tmp_path / "spool", lambda *_: None)
    assert expiry.run_once(now) == 5
    assert numbers_left(hall) == []
    assert [entry.key[-6:-4] for entry in ledger(hall) if entry.confirmed_at is None] == ["02"]
    with pytest.raises(StoreError, match="denied"):
        expiry.run_once(now)
    assert make().run_once(now + DAY) == 1
    assert [entry.confirmed_at for entry in ledger(hall)] == [now, now, now + DAY, now, now, now]


def test_what_is_refused_for_ever_does_not_keep_the_rest_waiting(
    hall: Database, make: MakeExpiry, folder_store: FolderStore, tmp_path: Path
) -> None:
    make().run_once(at(60) + 30 * DAY)
    with hall.transaction() as session:
        session.exec(update(Deletion).values(confirmed_at=None))
    shredder = Shredder(hall, Refusing(folder_store.root), tmp_path / "spool")
    done = [shredder.run_once(at(60) + 30 * DAY, limit=2) for _ in range(3)]
    assert done == [2, 1, 2]


def test_all_versions_go_from_a_bucket_that_keeps_them(hall: Database, locking_store: S3Store, tmp_path: Path) -> None:
    record(hall, locking_store, tmp_path, [segment(0), segment(1)])
    with hall.transaction() as session:
        session.exec(update(Segment).values(legal_hold=False))
    assert Expiry(hall, locking_store, tmp_path / "spool", lambda *_: None).run_once(at(60) + 30 * DAY) == 2
    listing = locking_store._client.list_objects(locking_store.bucket, recursive=True, include_version=True)
    assert list(listing) == []


def test_the_copy_in_the_spool_goes_too(hall: Database, make: MakeExpiry, tmp_path: Path) -> None:
    copy = tmp_path / "spool" / segment(3).key
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"copy")
    make().run_once(at(60) + 30 * DAY)
    assert not copy.exists()


@pytest.mark.parametrize("step", DeletionStep)
def test_whoever_is_killed_at_any_step_leaves_no_row_without_bytes_and_the_next_run_goes_on(
    hall: Database, make: MakeExpiry, folder_store: FolderStore, tmp_path: Path, step: DeletionStep
) -> None:
    next_run = make()
    now = at(60) + 30 * DAY
    died = kill_at(step, hall, folder_store, tmp_path, now)
    assert died == -signal.SIGKILL, step
    footage = Footage(hall, folder_store, tmp_path / "spool")
    assert_every_row_has_its_bytes(footage)
    assert every_moment_is_footage_or_expired(footage)
    next_run.run_once(now + timedelta(minutes=1))
    assert numbers_left(hall) == []
    assert list(folder_store.keys("")) == []
    assert [(start, end) for start, end, _ in expired(hall)] == [(0, 60)]
    assert [entry.key for entry in ledger(hall)] == [segment(number).key for number in range(6)]
    assert all(entry.confirmed_at for entry in ledger(hall))


def kill_at(step: DeletionStep, database: Database, store: FolderStore, folder: Path, now: datetime) -> int:
    arguments = [database.url, store.root, folder / "spool", now.isoformat(), step]
    command = [sys.executable, "-m", "tests.storage.expire_and_die", *map(str, arguments)]
    return subprocess.run(command, check=False).returncode


def assert_every_row_has_its_bytes(footage: Footage) -> None:
    with footage.database.transaction() as session:
        for row in session.exec(select(Segment)):
            assert len(footage.read(row)) == row.size


def every_moment_is_footage_or_expired(footage: Footage) -> bool:
    with footage.database.transaction() as session:
        found = footage.coverage(session, CAMERA, at(0), at(60))
    return {part.cause for part in found.missing} <= {"expired"}


def test_a_store_that_is_away_is_tried_again(
    hall: Database, make: MakeExpiry, folder_store: FolderStore, tmp_path: Path
) -> None:
    now = at(60) + 30 * DAY

    class Away(FolderStore):
        def delete(self, key: str) -> None:
            raise StoreError("cannot be reached")

        def check(self) -> None:
            raise StoreError("cannot be reached")

    make()
    away: ObjectStore = Away(folder_store.root)
    with pytest.raises(StoreError, match="cannot be reached"):
        Expiry(hall, away, tmp_path / "spool", lambda *_: None).run_once(now)
    assert numbers_left(hall) == []
    assert every_moment_is_footage_or_expired(Footage(hall, folder_store, tmp_path / "spool"))
    assert make().run_once(now + DAY) == 6
