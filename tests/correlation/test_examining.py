"""Findings come, stay and go with what is known of presence."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from correlation.examining import STILL_FRESH, find_unstaffed_steps
from correlation.findings import MARGIN
from correlation.linking import Linker
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import (
    Camera,
    CameraFault,
    FaultKind,
    Finding,
    FootageLink,
    Presence,
    Segment,
    StaffState,
    Step,
    View,
    WatchCursor,
)
from storage.models import CustomerState as Customer
from tests.correlation.scene import at, record, step
from tests.sample import CAMERA, HALL, LEFT_HALF

WATCHED = 1_000


@pytest.fixture
def linker(hall: Database, tmp_path: Path) -> Linker:
    return Linker(hall, Footage(hall, FolderStore(tmp_path / "store"), tmp_path / "spool"))


def presence(start: float, end: float | None, staff: StaffState, counter_id: str = "cc-1") -> Presence:
    return Presence(
        counter_id=counter_id,
        start=at(start),
        end=None if end is None else at(end),
        staff=staff,
        customer=Customer.NONE,
    )


def unstaffed_scene(database: Database) -> int:
    """Counter 1 is empty from second 50 to second 400; a step is entered there from 100 to 160."""
    with database.transaction() as session:
        session.add(presence(0, 50, StaffState.STAFFED))
        session.add(presence(50, 400, StaffState.UNSTAFFED))
        session.add(presence(400, None, StaffState.STAFFED))
        session.add(WatchCursor(camera_id=CAMERA, watched_to=at(WATCHED)))
        record(session, 0, 600)
        return step(session, 100, 160)


def findings(database: Database) -> list[Finding]:
    with database.transaction() as session:
        return list(session.exec(select(Finding)))


def examine(database: Database, linker: Linker, now: datetime) -> int:
    linker.run_once(now)
    return find_unstaffed_steps(database, now)


def stamped_in_minutes(database: Database, back_at: float) -> int:
    """The clerk comes back within the minute in which the step is stamped, and enters it then."""
    with database.transaction() as session:
        session.add(presence(0, 30, StaffState.STAFFED))
        session.add(presence(30, back_at, StaffState.UNSTAFFED))
        session.add(presence(back_at, None, StaffState.STAFFED))
        session.add(WatchCursor(camera_id=CAMERA, watched_to=at(WATCHED)))
        record(session, 0, 600)
        step_id = step(session, 300, 300)
        session.get_one(Step, step_id).received_at = at(345)
        return step_id


def test_a_stamp_without_seconds_may_mean_any_moment_of_its_minute(hall: Database, linker: Linker) -> None:
    stamped_in_minutes(hall, back_at=320)
    assert examine(hall, linker, at(WATCHED)) == 0


def test_a_stamp_without_seconds_is_found_when_nobody_was_there_in_all_its_minute(
    hall: Database, linker: Linker
) -> None:
    stamped_in_minutes(hall, back_at=371)
    assert examine(hall, linker, at(WATCHED)) == 1
    (finding,) = findings(hall)
    assert finding.evidence["window"] == {"start": at(290).isoformat(), "end": at(370).isoformat()}


def test_a_step_while_nobody_was_there_is_found_once(hall: Database, linker: Linker) -> None:
    step_id = unstaffed_scene(hall)
    assert examine(hall, linker, at(WATCHED)) == 1
    assert examine(hall, linker, at(WATCHED + 30)) == 0
    (finding,) = findings(hall)
    assert (finding.step_id, finding.counter_id, finding.withdrawn_at) == (step_id, "cc-1", None)
    assert finding.evidence["margin_s"] == 10
    assert finding.evidence["clock_offset_s"] == 0


def test_a_step_while_somebody_was_there_is_none(hall: Database, linker: Linker) -> None:
    unstaffed_scene(hall)
    with hall.transaction() as session:
        session.add(presence(0, None, StaffState.UNSTAFFED, "cc-2"))
        step(session, 20, 60)
        step(session, 500, 510)
        step(session, 395, 395)
    assert examine(hall, linker, at(WATCHED)) == 1


def test_nothing_is_found_before_the_watcher_has_passed_the_step(hall: Database, linker: Linker) -> None:
    unstaffed_scene(hall)
    with hall.transaction() as session:
        session.get_one(WatchCursor, CAMERA).watched_to = at(165)
    assert examine(hall, linker, at(200)) == 0
    with hall.transaction() as session:
        session.get_one(WatchCursor, CAMERA).watched_to = at(240)
    assert examine(hall, linker, at(250)) == 1


def test_without_presence_nobody_is_accused(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        step(session, 100, 160)
    assert examine(hall, linker, at(200)) == 0
    assert examine(hall, linker, at(2 * 86_400)) == 0
    with hall.transaction() as session:
        assert session.exec(select(FootageLink.examined)).one()


def test_presence_that_is_known_later_withdraws_the_finding(hall: Database, linker: Linker) -> None:
    unstaffed_scene(hall)
    examine(hall, linker, at(WATCHED))
    with hall.transaction() as session:
        wrong = session.exec(select(Presence).where(Presence.start == at(50))).one()
        wrong.end = at(120)
        session.flush()
        session.add(presence(120, 400, StaffState.STAFFED))
    later = at(7 * 86_400)
    assert examine(hall, linker, later) == 1
    assert findings(hall)[0].withdrawn_at == later


def test_a_withdrawn_finding_is_revived_when_the_facts_return(hall: Database, linker: Linker) -> None:
    step_id = unstaffed_scene(hall)
    examine(hall, linker, at(WATCHED))
    for start, end, expected in ((500, 560, False), (100, 160, True)):
        with hall.transaction() as session:
            corrected = session.get_one(Step, step_id)
            corrected.start, corrected.end = at(start), at(end)
            session.exec(select(FootageLink)).one().examined = False
        assert examine(hall, linker, at(WATCHED + 100)) == 1
        assert (findings(hall)[0].withdrawn_at is None) is expected


def test_presence_that_has_expired_does_not_withdraw_a_finding(hall: Database, linker: Linker) -> None:
    unstaffed_scene(hall)
    examine(hall, linker, at(WATCHED))
    with hall.transaction() as session:
        for row in session.exec(select(Presence)):
            session.delete(row)
        session.exec(select(FootageLink)).one().examined = False
    assert examine(hall, linker, at(40 * 86_400)) == 0
    assert findings(hall)[0].withdrawn_at is None


def test_old_footage_that_is_watched_late_makes_findings_too(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        step(session, 100, 160)
    examine(hall, linker, at(3 * 86_400))
    with hall.transaction() as session:
        session.add(presence(0, 600, StaffState.UNSTAFFED))
        session.add(WatchCursor(camera_id=CAMERA, watched_to=at(3 * 86_400)))
        record(session, 0, 600)
    assert examine(hall, linker, at(3 * 86_400 + 60)) == 1


def test_a_clock_known_to_be_wrong_forbids_a_finding(hall: Database, linker: Linker) -> None:
    unstaffed_scene(hall)
    with hall.transaction() as session:
        session.add(CameraFault(camera_id=CAMERA, kind=FaultKind.CLOCK_WRONG, start=at(0)))
    assert examine(hall, linker, at(WATCHED)) == 0


def test_a_camera_clock_that_differs_widens_the_margin(hall: Database, linker: Linker) -> None:
    unstaffed_scene(hall)
    with hall.transaction() as session:
        for segment in session.exec(select(Segment)):
            segment.clock_offset_us = -55_000_000
    assert examine(hall, linker, at(WATCHED)) == 0, "fifty-five seconds before the step somebody was there"


def test_a_smaller_difference_of_the_clocks_is_in_the_evidence(hall: Database, linker: Linker) -> None:
    unstaffed_scene(hall)
    with hall.transaction() as session:
        for segment in session.exec(select(Segment)):
            segment.clock_offset_us = 20_000_000
    assert examine(hall, linker, at(WATCHED)) == 1
    assert (findings(hall)[0].evidence["clock_offset_s"], findings(hall)[0].evidence["margin_s"]) == (20, 20)


def test_a_step_without_a_counter_is_done_with(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        step(session, 100, 160, counter_ref="", counter_id=None)
    assert examine(hall, linker, at(WATCHED) + timedelta(seconds=1)) == 0
    with hall.transaction() as session:
        assert session.exec(select(FootageLink.examined)).one()


def another_camera(database: Database, watched_to: float | None, enabled: bool = True) -> None:
    """It looks at counter 1 too."""
    with database.transaction() as session:
        session.add(Camera(id="cc-cam-2", hall_id=HALL, url="rtsp://127.0.0.1:8554/cc-cam-2", enabled=enabled))
        session.flush()
        session.add(View(camera_id="cc-cam-2", counter_id="cc-1", staff_zone=LEFT_HALF))
        if watched_to is not None:
            session.add(WatchCursor(camera_id="cc-cam-2", watched_to=at(watched_to)))


def switch_off(database: Database, watched_to: float) -> None:
    """The first camera, which was watched so far."""
    with database.transaction() as session:
        session.get_one(Camera, CAMERA).enabled = False
        session.get_one(WatchCursor, CAMERA).watched_to = at(watched_to)


A_MONTH = 30 * 86_400


def test_a_camera_that_was_switched_off_long_ago_is_not_waited_for(hall: Database, linker: Linker) -> None:
    unstaffed_scene(hall)
    another_camera(hall, -A_MONTH, enabled=False)
    assert examine(hall, linker, at(WATCHED)) == 1


def test_a_camera_that_sends_nothing_is_not_waited_for(hall: Database, linker: Linker) -> None:
    unstaffed_scene(hall)
    another_camera(hall, -A_MONTH)
    assert examine(hall, linker, at(WATCHED)) == 0, "it may still be watched"
    with hall.transaction() as session:
        session.add(CameraFault(camera_id="cc-cam-2", kind=FaultKind.NO_SIGNAL, start=at(-A_MONTH)))
    assert examine(hall, linker, at(WATCHED)) == 1


def test_a_camera_that_sends_again_is_waited_for(hall: Database, linker: Linker) -> None:
    unstaffed_scene(hall)
    another_camera(hall, 120)
    with hall.transaction() as session:
        session.add(CameraFault(camera_id="cc-cam-2", kind=FaultKind.NO_SIGNAL, start=at(-60), end=at(0)))
    assert examine(hall, linker, at(WATCHED)) == 0


def test_what_a_camera_saw_before_it_was_switched_off_counts(hall: Database, linker: Linker) -> None:
    unstaffed_scene(hall)
    another_camera(hall, None)
    switch_off(hall, watched_to=300)
    assert examine(hall, linker, at(WATCHED)) == 1


def test_nobody_is_accused_when_the_only_camera_was_switched_off_before(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        session.add(presence(50, None, StaffState.UNSTAFFED))
        session.add(WatchCursor(camera_id=CAMERA, watched_to=at(130)))
        record(session, 0, 600)
        step(session, 100, 160)
    switch_off(hall, watched_to=130)
    assert examine(hall, linker, at(WATCHED)) == 0
    with hall.transaction() as session:
        assert not session.exec(select(FootageLink.examined)).one()
    assert examine(hall, linker, at(2 * 86_400)) == 0


def test_a_step_that_no_camera_could_see_is_done_with(hall: Database, linker: Linker) -> None:
    with hall.transaction() as session:
        for view in session.exec(select(View).where(View.counter_id == "cc-1")):
            view.valid_from = at(500)
        session.add(WatchCursor(camera_id=CAMERA, watched_to=at(WATCHED)))
        step(session, 100, 160)
    assert examine(hall, linker, at(WATCHED)) == 0
    with hall.transaction() as session:
        assert session.exec(select(FootageLink.examined)).one()


@pytest.mark.parametrize("deleted", [False, True])
def test_a_view_that_is_taken_back_afterwards_withdraws_what_was_found_by_it(
    hall: Database, linker: Linker, deleted: bool
) -> None:
    unstaffed_scene(hall)
    assert examine(hall, linker, at(WATCHED)) == 1
    with hall.transaction() as session:
        view = session.exec(select(View).where(View.counter_id == "cc-1")).one()
        if deleted:
            session.delete(view)
        else:
            view.valid_to = at(80)
    later = at(WATCHED + STILL_FRESH.total_seconds() + 60)
    assert examine(hall, linker, later) == 1
    assert findings(hall)[0].withdrawn_at == later


def received(database: Database, step_id: int, moment: datetime) -> None:
    with database.transaction() as session:
        session.get_one(Step, step_id).received_at = moment


def without_segments(database: Database) -> None:
    with database.transaction() as session:
        for segment in session.exec(select(Segment)):
            session.delete(segment)


def test_a_step_that_reached_us_before_it_ended_is_no_finding(hall: Database, linker: Linker) -> None:
    received(hall, unstaffed_scene(hall), at(160 - MARGIN.total_seconds() - 1))
    assert examine(hall, linker, at(WATCHED)) == 0, "the platform's clock is ahead"


def test_a_step_that_reached_us_within_the_margin_is_found(hall: Database, linker: Linker) -> None:
    received(hall, unstaffed_scene(hall), at(160 - MARGIN.total_seconds()))
    assert examine(hall, linker, at(WATCHED)) == 1


def test_nobody_is_accused_when_no_clocks_were_compared(hall: Database, linker: Linker) -> None:
    unstaffed_scene(hall)
    without_segments(hall)
    assert examine(hall, linker, at(WATCHED)) == 0


@pytest.mark.parametrize(("corrected", "withdrawn"), [(False, False), (True, True)])
def test_segments_that_have_expired_withdraw_only_what_was_found_of_an_earlier_version(
    hall: Database, linker: Linker, corrected: bool, withdrawn: bool
) -> None:
    step_id = unstaffed_scene(hall)
    examine(hall, linker, at(WATCHED))
    without_segments(hall)
    with hall.transaction() as session:
        session.get_one(Step, step_id).revision += corrected
        session.exec(select(FootageLink)).one().examined = False
    examine(hall, linker, at(40 * 86_400))
    assert (findings(hall)[0].withdrawn_at is not None) is withdrawn


def test_why_a_step_was_not_judged_is_logged(hall: Database, linker: Linker) -> None:
    step_id = unstaffed_scene(hall)
    received(hall, step_id, at(0))
    with capture_logs() as logs:
        examine(hall, linker, at(WATCHED))
    (told,) = [entry for entry in logs if entry["event"] == "step_not_judged"]
    assert (told["step"], told["doubt"]) == (step_id, "received_before_its_end")
