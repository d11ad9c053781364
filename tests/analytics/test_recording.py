from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from analytics.absence import FoundAbsence
from analytics.health import FaultChange
from analytics.presence import Transition
from analytics.recording import (
    MAX_EVIDENCE,
    lasting_faults,
    raise_fault_alerts,
    read_cursors,
    resumed_presence,
    write_absences,
    write_cursors,
    write_faults,
    write_transitions,
)
from analytics.rule import Rule
from analytics.runs import COVERED, Excuse, PresenceSpan
from analytics.seen import written_presence
from storage.database import Database
from storage.intervals import Span
from storage.models import (
    Absence,
    Alert,
    AlertState,
    CameraFault,
    CustomerState,
    EventKind,
    FaultKind,
    Presence,
    StaffState,
)
from tests.analytics.scenes import at
from tests.sample import CAMERA, HALL, a_hall

STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
WAITING, NOBODY = CustomerState.WAITING, CustomerState.NONE


def change(seconds: float, staff: StaffState, customer: CustomerState = NOBODY) -> Transition:
    return Transition("cc-1", at(seconds), staff, customer, 0.9)


def all_presence(session: Session) -> list[Presence]:
    return list(session.exec(select(Presence).order_by(col(Presence.start))))


def an_absence(end: float | None = None, ended_by: str = "", waiting: bool = False) -> FoundAbsence:
    ended = None if end is None else at(end)
    return FoundAbsence(at(0), at(300), ended, ended_by, timedelta(seconds=300), waiting, Rule())


def test_presence_rows_follow_one_another_without_hole_or_overlap(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        write_transitions(session, [change(0, STAFFED), change(5, UNSTAFFED), change(9, STAFFED)], "ssd")
    with database.transaction() as session:
        found = all_presence(session)
        assert [(row.start, row.end) for row in found] == [(at(0), at(5)), (at(5), at(9)), (at(9), None)]
        assert {row.source for row in found} == {"ssd"}


def test_the_pictures_behind_a_state_are_kept_and_are_part_of_the_evidence(database: Database) -> None:
    frames = tuple((CAMERA, at(second).isoformat()) for second in range(3))
    with database.transaction() as session:
        a_hall(session)
        write_transitions(session, [replace(change(0, UNSTAFFED), frames=frames)], "ssd")
    with database.transaction() as session:
        resumed = resumed_presence(session, "cc-1", Rule())
        assert resumed is not None
        assert (resumed.state.frames, resumed.history[-1].frames) == (frames, frames), "also after a restart"
        assert written_presence(session, "cc-1", Span(at(0), at(9)))[0].frames == frames
        write_absences(session, HALL, "cc-1", [replace(an_absence(), spans=resumed.history)], at(300))
        (row,) = session.exec(select(Absence)).all()
        assert row.evidence["spans"][0]["frames"] == [list(frame) for frame in frames]


def test_a_change_dated_at_the_open_rows_start_replaces_it(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        write_transitions(session, [change(0, STAFFED, CustomerState.UNKNOWN), change(0, STAFFED)], "ssd")
        (row,) = all_presence(session)
        assert (row.customer, row.end) == (NOBODY, None)


def test_resuming_knows_the_unstaffed_time_up_to_now(database: Database) -> None:
    history = [change(0, UNSTAFFED), change(5, UNKNOWN), change(9, UNSTAFFED), change(20, UNSTAFFED, WAITING)]
    with database.transaction() as session:
        a_hall(session)
        write_transitions(session, history, "ssd")
        resumed = resumed_presence(session, "cc-1", Rule())
        assert resumed is not None
        assert (resumed.state.at, resumed.state.customer) == (at(20), WAITING)
        assert [span.start for span in resumed.history] == [at(5), at(9), at(20)]
        assert resumed_presence(session, "cc-2", Rule()) is None


def test_an_absence_is_written_once_and_its_alert_is_resolved_with_it(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        for now in (300, 310, 320):
            write_absences(session, HALL, "cc-1", [an_absence()], at(now))
        write_absences(session, HALL, "cc-1", [an_absence(400, "returned", waiting=True)], at(401))
        (row,), (alert,) = session.exec(select(Absence)).all(), session.exec(select(Alert)).all()
        assert (row.end, row.ended_by) == (at(400), "returned")
        assert row.judged_at == at(401), "from then on there is time to dispute it"
        assert row.evidence["due"] == at(300).isoformat()
        assert (alert.raised_at, alert.state, alert.resolved_at) == (at(300), AlertState.RESOLVED, at(401))


def resting_on(*spans: tuple[float, float], end: float | None = None) -> FoundAbsence:
    parts = tuple(PresenceSpan(at(start), at(stop), UNSTAFFED, NOBODY, 0.9) for start, stop in spans)
    return replace(an_absence(end, "returned" if end else ""), spans=parts)


def evidence(session: Session) -> list[tuple[str, str]]:
    (row,) = session.exec(select(Absence)).all()
    return [(sample["from"], sample["to"]) for sample in row.evidence["spans"]]


def test_the_evidence_of_an_absence_grows_with_it_and_is_whole_at_its_end(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        write_absences(session, HALL, "cc-1", [resting_on((0, 300))], at(300))
    with database.transaction() as session:
        write_absences(session, HALL, "cc-1", [resting_on((0, 400), (400, 700))], at(700))
        assert evidence(session) == [(at(s).isoformat(), at(e).isoformat()) for s, e in ((0, 400), (400, 700))]
    with database.transaction() as session:
        write_absences(session, HALL, "cc-1", [resting_on((0, 400), (400, 900), end=900)], at(901))
    with database.transaction() as session:
        assert evidence(session)[-1] == (at(400).isoformat(), at(900).isoformat())


def test_the_evidence_of_a_long_absence_keeps_how_it_began_and_how_it_went_on(sqlite_database: Database) -> None:
    spans = [(float(start), float(start + 10)) for start in range(0, 5000, 10)]
    with sqlite_database.transaction() as session:
        a_hall(session)
        write_absences(session, HALL, "cc-1", [resting_on(*spans, end=5000)], at(5000))
        kept = evidence(session)
        assert len(kept) == MAX_EVIDENCE
        assert (kept[0][0], kept[-1][1]) == (at(0).isoformat(), at(5000).isoformat())
        assert session.exec(select(Absence)).one().evidence["left_out"] == 500 - MAX_EVIDENCE


def test_an_absence_that_is_one_by_the_changed_rule_too_goes_on(sqlite_database: Database) -> None:
    longer = replace(an_absence(), due=at(600), threshold=timedelta(seconds=600), rule=Rule(timedelta(seconds=600)))
    with sqlite_database.transaction() as session:
        a_hall(session)
        write_absences(session, HALL, "cc-1", [an_absence()], at(300))
        write_absences(session, HALL, "cc-1", [], at(400))
        write_absences(session, HALL, "cc-1", [longer], at(600))
        (row,) = session.exec(select(Absence))
        (alert,) = session.exec(select(Alert))
        assert (row.end, row.ended_by, row.threshold_s, row.judged_at) == (None, "", 600, None)
        assert (alert.state, alert.resolved_at) == (AlertState.RAISED, None)
        write_absences(session, HALL, "cc-1", [replace(longer, end=at(900), ended_by="returned")], at(900))
        assert (row.end, row.ended_by, alert.state) == (at(900), "returned", AlertState.RESOLVED)


def test_an_absence_that_has_ended_otherwise_does_not_go_on(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        write_absences(session, HALL, "cc-1", [an_absence(end=350, ended_by="unknown")], at(350))
        write_absences(session, HALL, "cc-1", [an_absence()], at(400))
        (row,) = session.exec(select(Absence))
        assert (row.end, row.ended_by) == (at(350), "unknown")


def test_an_absence_that_is_not_found_any_more_ends(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        write_absences(session, HALL, "cc-1", [an_absence()], at(300))
        write_absences(session, HALL, "cc-1", [], at(350))
        (row,) = session.exec(select(Absence)).all()
        assert (row.end, row.ended_by) == (at(350), "changed")


@pytest.mark.parametrize(
    ("excused", "ended_by", "state"),
    [
        ((250, 999), "withdrawn", AlertState.WITHDRAWN),
        ((300, 999), "changed", AlertState.RESOLVED),
        ((-99, 0), "changed", AlertState.RESOLVED),
    ],
    ids=["before it was due", "from then on", "until it began"],
)
def test_one_that_was_excused_before_it_was_due_has_been_none(
    sqlite_database: Database, excused: tuple[int, int], ended_by: str, state: AlertState
) -> None:
    excuse = Excuse(Span(at(excused[0]), at(excused[1])), COVERED)
    with sqlite_database.transaction() as session:
        a_hall(session)
        write_absences(session, HALL, "cc-1", [an_absence()], at(300))
        write_absences(session, HALL, "cc-1", [], at(350), excuses=[excuse])
        (row,), (alert,) = session.exec(select(Absence)).all(), session.exec(select(Alert)).all()
        assert (row.ended_by, alert.state) == (ended_by, state)
        assert row.end == (at(0) if ended_by == "withdrawn" else at(350))


def test_a_crowd_is_held_against_nobody_and_not_excused(sqlite_database: Database) -> None:
    crowd = replace(an_absence(), kind=EventKind.CROWD)
    with sqlite_database.transaction() as session:
        a_hall(session)
        write_absences(session, HALL, "cc-1", [crowd], at(300))
        write_absences(session, HALL, "cc-1", [], at(350), excuses=[Excuse(Span(at(0), at(999)), COVERED)])
        assert session.exec(select(Absence)).one().ended_by == "changed"


def test_an_absence_found_after_the_fact_calls_nobody(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        write_absences(session, HALL, "cc-1", [an_absence(400, "returned")], at(4000))
        assert [alert.state for alert in session.exec(select(Alert))] == [AlertState.RESOLVED]


def test_a_fault_has_one_alert_that_ends_with_it(database: Database) -> None:
    began, ended = (FaultChange(CAMERA, FaultKind.NO_SIGNAL, at(t), began=t == 0) for t in (0, 60))
    with database.transaction() as session:
        a_hall(session)
        write_faults(session, [began, began])
        for now in (5, 6):
            raise_fault_alerts(session, {CAMERA: HALL}, (), at(now))
        assert lasting_faults(session, CAMERA) == {FaultKind.NO_SIGNAL}
        write_faults(session, [ended])
        (fault,), (alert,) = session.exec(select(CameraFault)).all(), session.exec(select(Alert)).all()
        assert (fault.start, fault.end) == (at(0), at(60))
        assert (alert.fault_id, alert.state) == (fault.id, AlertState.RESOLVED)
        assert lasting_faults(session, CAMERA) == set()


def test_a_hall_may_be_dark_while_it_is_closed(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        write_faults(session, [FaultChange(CAMERA, FaultKind.DARK, at(0), began=True)])
        raise_fault_alerts(session, {CAMERA: HALL}, (), at(5))
        assert session.exec(select(Alert)).all() == []
        raise_fault_alerts(session, {CAMERA: HALL}, {HALL}, at(9))
        assert len(session.exec(select(Alert)).all()) == 1


def test_a_cursor_never_goes_back(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        for seconds in (10, 5):
            write_cursors(session, {CAMERA: at(seconds)})
    with database.transaction() as session:
        assert read_cursors(session) == {CAMERA: at(10)}
