"""Steps and absences find their footage, also when names, views or footage come late."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select, update

from correlation.linking import Linker
from correlation.targets import Picker
from storage.database import Database
from storage.expiry import Expiry
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import (
    Absence,
    Case,
    CounterAlias,
    FootageLink,
    Gap,
    GapCause,
    Outcome,
    Step,
    View,
    WatchCursor,
)
from tests.correlation.scene import LATER, NINE, at, record, step
from tests.sample import CAMERA, HALL


@pytest.fixture
def linker(hall: Database, tmp_path: Path) -> Linker:
    return Linker(hall, Footage(hall, FolderStore(tmp_path / "store"), tmp_path / "spool"))


def link_of(database: Database, step_id: int) -> FootageLink:
    with database.transaction() as session:
        return session.exec(select(FootageLink).where(FootageLink.step_id == step_id)).one()


def test_a_step_within_the_footage_has_a_clip_with_lead_in_and_lead_out(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        record(session, 0, 300)
        step_id = step(session, 100, 160)
    assert linker.run_once(LATER) == 1
    link = link_of(hall, step_id)
    assert (link.outcome, link.camera_id, link.missing) == (Outcome.CLIP, CAMERA, [])
    assert (link.start, link.end) == (at(95), at(170))
    assert link.settled


def test_a_gap_in_the_footage_is_listed_with_its_cause(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        record(session, 0, 120)
        session.add(Gap(camera_id=CAMERA, start=at(120), end=at(130), cause=GapCause.CAMERA_STALLED))
        record(session, 130, 300)
        step_id = step(session, 100, 160)
    linker.run_once(LATER)
    link = link_of(hall, step_id)
    assert (link.outcome, link.reason) == (Outcome.PARTIAL, "gap")
    assert link.missing == [
        {"start": at(120).isoformat(), "end": at(130).isoformat(), "cause": "camera_stalled"},
    ]


def test_a_step_that_nothing_was_recorded_of_says_why(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        session.add(Gap(camera_id=CAMERA, start=at(0), end=at(400), cause=GapCause.CAMERA_UNREACHABLE))
        down = step(session, 100, 160)
        before = step(session, -900, -800)
        record(session, 400, 500)
    linker.run_once(LATER)
    assert (link_of(hall, down).outcome, link_of(hall, down).reason) == (Outcome.NONE, "gap")
    assert (link_of(hall, before).outcome, link_of(hall, before).reason) == (Outcome.NONE, "not_recorded")


def test_without_counter_or_view_a_step_is_unmapped_and_says_why(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        nothing = step(session, 0, 10, counter_ref="", counter_id=None)
        unknown = step(session, 0, 10, counter_ref="VIP", counter_id=None)
        for view in session.exec(select(View).where(View.counter_id == "cc-2")):
            session.delete(view)
        unseen = step(session, 0, 10, counter_id="cc-2", counter_ref="2")
    linker.run_once(LATER)
    links = [link_of(hall, step_id) for step_id in (nothing, unknown, unseen)]
    assert [link.outcome for link in links] == [Outcome.UNMAPPED] * 3
    assert [link.reason for link in links] == ["no_counter", "unknown_counter", "no_view"]
    assert all(link.settled for link in links)


def test_a_step_of_this_moment_is_linked_again_until_its_footage_is_complete(hall: Database, tmp_path: Path) -> None:
    linker = Linker(hall, Footage(hall, FolderStore(tmp_path / "store"), tmp_path / "spool", lambda: at(120)))
    with hall.transaction() as session:
        record(session, 0, 110)
        step_id = step(session, 100, 118)
    linker.run_once(at(120))
    link = link_of(hall, step_id)
    assert (link.outcome, link.reason, link.settled) == (Outcome.PARTIAL, "not_yet", False)
    with hall.transaction() as session:
        record(session, 110, 150)
    assert linker.run_once(at(122)) == 0, "not sooner than after five seconds"
    assert linker.run_once(at(130)) == 1
    assert (link_of(hall, step_id).outcome, link_of(hall, step_id).settled) == (Outcome.CLIP, True)


def test_nothing_to_do_writes_nothing(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        record(session, 0, 300)
        step(session, 100, 160)
    linker.run_once(LATER)
    assert linker.run_once(LATER + timedelta(seconds=90)) == 0


def test_an_alias_that_comes_late_gives_the_step_its_counter_its_clip_and_its_case_a_hall(
    hall: Database, linker: Linker
) -> None:
    with hall.transaction() as session:
        record(session, 0, 300)
        step_id = step(session, 100, 160, counter_ref="VIP", counter_id=None)
    linker.run_once(LATER)
    with hall.transaction() as session:
        session.add(CounterAlias(source_id="platform", alias="VIP", counter_id="cc-2"))
    linker.run_once(LATER + timedelta(seconds=5))
    assert link_of(hall, step_id).outcome is Outcome.CLIP
    with hall.transaction() as session:
        assert session.get_one(Step, step_id).counter_id == "cc-2"
        assert session.exec(select(Case.hall_id)).one() == HALL


def test_a_view_that_comes_late_links_what_was_unmapped(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        record(session, 0, 300)
        view = session.exec(select(View).where(View.counter_id == "cc-1")).one()
        session.delete(view)
        step_id = step(session, 100, 160)
    linker.run_once(LATER)
    with hall.transaction() as session:
        session.add(View(camera_id=CAMERA, counter_id="cc-1", staff_zone=[[0, 0], [1, 0], [1, 1]]))
    linker.run_once(LATER + timedelta(seconds=5))
    assert link_of(hall, step_id).outcome is Outcome.CLIP


def test_footage_that_comes_after_all_waiting_was_over_is_linked(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        record(session, 0, 100)
        record(session, 200, 300)
        step_id = step(session, 110, 160)
    linker.run_once(LATER)
    assert (link_of(hall, step_id).outcome, link_of(hall, step_id).settled) == (Outcome.NONE, True)
    with hall.transaction() as session:
        record(session, 100, 200)
    linker.run_once(LATER + timedelta(minutes=5))
    assert link_of(hall, step_id).outcome is Outcome.CLIP


def test_late_footage_is_noticed_by_the_next_process_too(hall: Database, linker: Linker, tmp_path: Path) -> None:
    with hall.transaction() as session:
        record(session, 0, 100)
        step_id = step(session, 110, 160)
    linker.run_once(LATER + timedelta(days=2))
    with hall.transaction() as session:
        record(session, 100, 200)
    again = Linker(hall, Footage(hall, FolderStore(tmp_path / "store"), tmp_path / "spool"))
    again.run_once(LATER + timedelta(days=2, minutes=5))
    assert link_of(hall, step_id).outcome is Outcome.CLIP


def test_an_absence_that_nobody_watches_any_more_does_not_grow(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        record(session, 0, 400)
        session.add(Absence(counter_id="cc-1", start=at(100), threshold_s=60))
        session.add(WatchCursor(camera_id=CAMERA, watched_to=at(200)))
    for now in (390, 3_000):
        linker.run_once(at(now))
        with hall.transaction() as session:
            link = session.exec(select(FootageLink)).one()
            assert (link.start, link.end, link.settled) == (at(95), at(200), False)


def test_an_absence_is_linked_while_it_lasts_and_again_when_it_ends(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        record(session, 0, 400)
        absence = Absence(counter_id="cc-1", start=at(100), threshold_s=60)
        session.add(absence)
    linker.run_once(at(390))
    with hall.transaction() as session:
        link = session.exec(select(FootageLink)).one()
        assert (link.start, link.end, link.settled) == (at(95), at(390), False)
        assert link.outcome is Outcome.CLIP
        session.get_one(Absence, absence.id).end = at(395)
        record(session, 400, 500)
    linker.run_once(at(500))
    with hall.transaction() as session:
        link = session.exec(select(FootageLink)).one()
        assert (link.end, link.outcome, link.settled) == (at(405), Outcome.CLIP, True)


def test_a_step_of_many_days_shows_its_beginning(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        record(session, 0, 7300)
        step_id = step(session, 10, 20 * 86_400)
    linker.run_once(NINE + timedelta(days=30))
    link = link_of(hall, step_id)
    assert (link.outcome, link.reason) == (Outcome.PARTIAL, "too_long")
    assert link.end - link.start == timedelta(hours=2, seconds=15)


def test_many_old_steps_without_counters_settle_in_a_few_runs(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        for _ in range(1_500):
            step(session, 0, 0, counter_ref="", counter_id=None)
    assert linker.run_once(LATER) == 1_500
    assert linker.run_once(LATER + timedelta(minutes=2)) == 0


def test_what_just_happened_is_linked_before_a_backlog(hall: Database) -> None:
    with hall.transaction() as session:
        for _ in range(900):
            step(session, 0, 0, counter_ref="", counter_id=None)
        newest = step(session, 100, 160)
    with hall.transaction() as session:
        picked = Picker().pick(session, LATER, 400)
    assert newest in picked.steps
    assert len(picked) == 200


def test_deleted_footage_leaves_its_steps_without_a_clip_and_the_comparison_with_presence_as_it_was(
    hall: Database, linker: Linker, tmp_path: Path
) -> None:
    with hall.transaction() as session:
        record(session, 0, 300)
        gone, cut, kept = step(session, 20, 60), step(session, 140, 200), step(session, 250, 270)
    linker.run_once(LATER)
    with hall.transaction() as session:
        session.exec(update(FootageLink).values(examined=True))
    now = at(150) + timedelta(days=30)
    expiry = Expiry(hall, FolderStore(tmp_path / "store"), tmp_path / "spool", linker.on_expired)
    assert expiry.run_once(now) == 15
    assert linker.run_once(now) == 2
    assert (link_of(hall, gone).outcome, link_of(hall, gone).reason) == (Outcome.NONE, "expired")
    assert (link_of(hall, cut).outcome, link_of(hall, cut).reason) == (Outcome.PARTIAL, "expired")
    assert link_of(hall, cut).missing == [
        {"start": at(135).isoformat(), "end": at(150).isoformat(), "cause": "expired"},
    ]
    assert link_of(hall, kept).outcome is Outcome.CLIP
    assert all(link_of(hall, step_id).examined and link_of(hall, step_id).settled for step_id in (gone, cut, kept))
    assert linker.run_once(now) == 0
