"""A month is counted on both databases as it was told, drafted, published and corrected."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlmodel import Session, col, delete, select

from analytics.judging import judge_anew
from analytics.presence import Transition
from analytics.rewriting import rewrite_presence
from correlation.evaluation.behind import ALWAYS, BY_FORMULA
from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import Formula, FormulaProblem
from correlation.evaluation.keeping import (
    NothingDiffers,
    NothingToCorrect,
    PublishedAlready,
    add_formula,
    formulas,
    keep_draft,
    of_month,
    publish,
)
from correlation.evaluation.scoring import evaluate
from correlation.evaluation.working_out import Period
from storage.database import Database
from storage.intervals import Span
from storage.models import (
    Absence,
    Alert,
    CustomerState,
    Department,
    DisputeAct,
    EvaluatedUnit,
    Evaluation,
    EvaluationMark,
    EvaluationState,
    EventKind,
    MarkKind,
    Operator,
    StaffState,
    UnitKind,
)
from tests.correlation.evaluation.city import (
    COUNTED_AT,
    MAY,
    RATINGS,
    a_case_that_nobody_answers,
    a_month,
    appeal,
    dispute,
    local,
    step,
    tell,
    unit,
    worked,
)
from tests.correlation.evaluation.numbers import ADDING, FORMULA

EXPECTED = Counted(
    cases=5,
    late=2,
    promised=5,
    early=2,
    ratings=(1, 0, 1, 1, 1),
    yellow=2,
    red=1,
    steps=10,
    steps_late=0,
    fields=26,
    filled=24,
    reminders=3,
    legal_days=100,
    promised_days=25,
    with_both_limits=5,
    leads=((7, 1), (109, 1), (157, 1)),
    entered=(),
)


@pytest.fixture
def month(database: Database) -> Database:
    a_month(database)
    return database


@pytest.fixture
def sqlite_month(sqlite_database: Database) -> Database:
    a_month(sqlite_database)
    return sqlite_database


def test_each_unit_gets_what_is_its_own(month: Database) -> None:
    found = worked(month)
    assert unit(found, UnitKind.DEPARTMENT, "market").counted == EXPECTED
    assert unit(found, UnitKind.GROUP, "cc/market").counted == EXPECTED
    watched = replace(EXPECTED, absent_s=600, open_s=600, watched_s=36_000)
    assert unit(found, UnitKind.HALL, "cc").counted == watched
    assert unit(found, UnitKind.DISTRICT, "chancheng").counted == watched
    counter = unit(found, UnitKind.COUNTER, "cc-1")
    assert (counter.counted.cases, counter.counted.absent_s, counter.counted.ratings) == (5, 600, EXPECTED.ratings)
    assert sum(EXPECTED.ratings) == len(RATINGS)
    assert counter.name == ("禅城政务服务大厅 · 1", "Chancheng Hall · 1")
    late = [mark.label for mark in found.marks if mark.kind is MarkKind.LATE_CASE]
    assert late == ["C", "D"]
    again = worked(month)
    assert again == found, "the same data at the same moment gives the same"


def test_what_costs_points_of_early_completion_and_of_data_is_marked_one_by_one(month: Database) -> None:
    told = [step("G", 1, "accept", "2026-05-27T10:00", operator="", counter="")]
    tell(month, told, local("2026-05-29T00:00"))
    found = worked(month)
    counted = unit(found, UnitKind.DEPARTMENT, "market").counted

    def marked(kind: MarkKind) -> list[tuple[str, str]]:
        return [(mark.label, mark.detail) for mark in found.marks if mark.kind is kind]

    assert marked(MarkKind.NOT_EARLY) == [("B", ""), ("C", "promised"), ("D", "promised")]
    assert len(marked(MarkKind.NOT_EARLY)) == counted.promised - counted.early
    assert marked(MarkKind.STEP_TOLD_LATE) == [("G", "2026-05-28T16:00:00+00:00")]
    assert counted.steps_late == 1
    missing = marked(MarkKind.FIELDS_MISSING)
    assert missing == [("C", "counter"), ("B", "operator"), ("G", "operator counter")]
    assert sum(len(detail.split()) for _, detail in missing) == counted.fields - counted.filled


def test_each_thing_that_adds_points_and_each_rating_that_does_not_satisfy_is_marked(month: Database) -> None:
    found = worked(month, formula=ADDING)
    counted = unit(found, UnitKind.DEPARTMENT, "market").counted

    def marked(kind: MarkKind) -> list[tuple[str, str]]:
        return sorted((mark.label, mark.detail) for mark in found.marks if mark.kind is kind)

    assert marked(MarkKind.LOW_RATING) == [("A", "3"), ("A", "4")]
    assert marked(MarkKind.GOOD_RATING) == [("A", "5")]
    assert marked(MarkKind.EARLY_CASE) == [("A", "109"), ("E", "157")]
    assert len(marked(MarkKind.EARLY_CASE)) == counted.early
    assert [case for case, _ in marked(MarkKind.IN_TIME)] == ["A", "B", "E"]
    assert len(marked(MarkKind.IN_TIME)) == counted.cases - counted.late
    assert marked(MarkKind.SHORTER) == [(case, "20 5") for case in "ABCDE"]
    days = [detail.split() for _, detail in marked(MarkKind.SHORTER)]
    assert sum(int(legal) for legal, _ in days) == counted.legal_days
    assert sum(int(promised) for _, promised in days) == counted.promised_days
    assert {mark.kind for mark in worked(month).marks} <= ALWAYS, "by a formula that adds nothing"


def test_that_more_is_kept_one_by_one_is_nothing_to_correct_in_a_month_of_before(sqlite_month: Database) -> None:
    found = worked(sqlite_month, formula=ADDING)
    publish(sqlite_month, found, "何敏", COUNTED_AT)
    assert keep_draft(sqlite_month, found).differs is False
    with sqlite_month.transaction() as session:
        session.execute(delete(EvaluationMark).where(col(EvaluationMark.kind).in_(BY_FORMULA)))
    assert keep_draft(sqlite_month, found).differs is True, "one of them is lost"
    with sqlite_month.transaction() as session:
        for kept in session.exec(select(EvaluatedUnit)):
            kept.counted = {name: value for name, value in kept.counted.items() if name != "with_both_limits"}
        session.execute(delete(EvaluationMark).where(col(EvaluationMark.kind).in_(BY_FORMULA)))
    assert keep_draft(sqlite_month, found).differs is False, "nobody had kept any"
    appeal(sqlite_month, "C", COUNTED_AT - timedelta(hours=1))
    assert keep_draft(sqlite_month, worked(sqlite_month, formula=ADDING)).differs is True


def test_a_case_counts_in_one_month_alone(month: Database) -> None:
    june = Period(
        "2026-06", date(2026, 6, 1), date(2026, 6, 30), MAY.zone, Span(MAY.span.end, MAY.span.end + timedelta(30))
    )
    found = unit(worked(month, COUNTED_AT, june), UnitKind.DEPARTMENT, "market")
    assert (found.counted.cases, found.counted.late, found.counted.early) == (1, 0, 1)


def test_a_card_under_appeal_counts_nothing_until_it_is_decided(sqlite_month: Database) -> None:
    appeal(sqlite_month, "C", COUNTED_AT - timedelta(hours=1))
    found = worked(sqlite_month)
    counted = unit(found, UnitKind.DEPARTMENT, "market").counted
    assert (counted.yellow, counted.appealed) == (1, 1)
    marks = [mark for mark in found.marks if mark.kind is MarkKind.CARD and not mark.counts]
    assert [mark.label for mark in marks] == ["C"]
    before = unit(worked(sqlite_month, COUNTED_AT - timedelta(hours=2)), UnitKind.DEPARTMENT, "market")
    assert before.counted.yellow == 2, "at that moment nobody had appealed"


def test_an_absence_counts_once_it_stands_and_not_while_it_is_disputed(sqlite_month: Database) -> None:
    def counted(at: datetime = COUNTED_AT) -> tuple[int, int, int, list[str]]:
        found = worked(sqlite_month, at)
        hall = unit(found, UnitKind.HALL, "cc").counted
        marks = [mark.standing for mark in found.marks if mark.kind is MarkKind.ABSENCE]
        return hall.absent_s, hall.disputed_s, hall.open_s, marks

    assert counted() == (600, 0, 600, ["stands", "open"])
    disputed_at = COUNTED_AT - timedelta(hours=2)
    dispute(sqlite_month, 2, DisputeAct.DISPUTE, 2, disputed_at)
    assert counted() == (600, 600, 0, ["stands", "disputed"])
    assert counted(disputed_at - timedelta(hours=1)) == (600, 0, 600, ["stands", "open"]), "as it stood then"
    late = COUNTED_AT + timedelta(days=60)
    assert counted(late) == (600, 600, 0, ["stands", "disputed"]), "nothing decides by itself"
    dispute(sqlite_month, 2, DisputeAct.UPHOLD, 1, late)
    assert counted(late) == (1200, 0, 0, ["stands", "upheld"])


def test_a_withdrawn_absence_never_counts(sqlite_month: Database) -> None:
    dispute(sqlite_month, 2, DisputeAct.DISPUTE, 2, COUNTED_AT - timedelta(hours=2))
    dispute(sqlite_month, 2, DisputeAct.WITHDRAW, 1, COUNTED_AT - timedelta(hours=1))
    found = worked(sqlite_month)
    assert unit(found, UnitKind.COUNTER, "cc-1").counted == replace(
        unit(found, UnitKind.COUNTER, "cc-1").counted, absent_s=600, disputed_s=0, open_s=0
    )
    assert [mark.subject_id for mark in found.marks if mark.kind is MarkKind.ABSENCE] == [1]


def test_an_absence_whose_footage_was_looked_at_again_counts_once_and_as_it_was_decided(sqlite_month: Database) -> None:
    def counted() -> tuple[int, int, int, list[str]]:
        found = worked(sqlite_month)
        hall = unit(found, UnitKind.HALL, "cc").counted
        marks = [mark.standing for mark in found.marks if mark.kind is MarkKind.ABSENCE]
        return hall.absent_s, hall.disputed_s, hall.open_s, marks

    dispute(sqlite_month, 2, DisputeAct.DISPUTE, 2, COUNTED_AT - timedelta(hours=2))
    _looked_again(sqlite_month, "2026-05-29T10:50", "2026-05-29T11:10", StaffState.UNSTAFFED)
    assert counted() == (600, 1200, 0, ["stands", "disputed"])
    dispute(sqlite_month, 2, DisputeAct.UPHOLD, 1, COUNTED_AT - timedelta(hours=1))
    _looked_again(sqlite_month, "2026-05-29T10:46", "2026-05-29T10:50", StaffState.UNSTAFFED)
    assert counted() == (1800, 0, 0, ["stands", "upheld"]), "nobody has decided on what begins earlier by now"
    _looked_again(sqlite_month, "2026-05-29T10:40", "2026-05-29T10:46", StaffState.UNSTAFFED)
    assert counted() == (1800, 0, 600, ["stands", "open", "upheld"]), "that is ten minutes by itself"


def test_a_dispute_that_is_settled_counts_nothing(sqlite_month: Database) -> None:
    dispute(sqlite_month, 2, DisputeAct.DISPUTE, 2, COUNTED_AT - timedelta(hours=2))
    _looked_again(sqlite_month, "2026-05-29T11:00", "2026-05-29T11:10", StaffState.STAFFED)
    found = worked(sqlite_month)
    hall = unit(found, UnitKind.HALL, "cc").counted
    assert (hall.absent_s, hall.disputed_s, hall.open_s) == (600, 0, 0)
    assert [mark.subject_id for mark in found.marks if mark.kind is MarkKind.ABSENCE] == [1]


def _looked_again(database: Database, start: str, end: str, staff: StaffState) -> None:
    span = Span(local(start), local(end))
    told = Transition("cc-1", span.start, staff, CustomerState.NONE, staff_count=int(staff is StaffState.STAFFED))
    with database.transaction() as session:
        rewrite_presence(session, "cc-1", span, [told], "marker")
        judge_anew(session, "cc-1", span, COUNTED_AT)


def test_that_an_alert_was_seen_makes_nothing_count(sqlite_month: Database) -> None:
    with sqlite_month.transaction() as session:
        for alert in session.exec(select(Alert)):
            alert.acknowledged_at = COUNTED_AT - timedelta(days=1)
    assert unit(worked(sqlite_month), UnitKind.HALL, "cc").counted.open_s == 600


def test_an_absence_is_a_departments_where_only_its_operators_work(sqlite_month: Database) -> None:
    def works(number: int, department: str) -> Operator:
        return Operator(
            source_id="platform",
            reference=f"o{number}",
            operator=f"操作员{number}",
            department_id=department,
            counter_id="cc-1",
            valid_from=MAY.span.start,
            first_received_at=MAY.span.start,
            received_at=MAY.span.start,
        )

    with sqlite_month.transaction() as session:
        session.add(works(1, "market"))
    assert unit(worked(sqlite_month), UnitKind.DEPARTMENT, "market").counted.absent_s == 600
    with sqlite_month.transaction() as session:
        session.add(Department(id="tax", name="税务局"))
        session.flush()
        session.add(works(2, "tax"))
    assert unit(worked(sqlite_month), UnitKind.DEPARTMENT, "market").counted.absent_s == 0, "of two it is of neither"


def stored(session: Session, evaluation: Evaluation) -> list[EvaluatedUnit]:
    return list(session.exec(select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == evaluation.id)))


def test_what_is_published_follows_from_what_is_stored_and_stays(month: Database) -> None:
    found = worked(month)
    keep_draft(month, found)
    keep_draft(month, found)
    with month.transaction() as session:
        assert len(of_month(session, "2026-05")) == 1, "a draft takes the place of the one before"
    published = publish(month, found, "何敏", COUNTED_AT)
    assert (published.number, published.state) == (1, EvaluationState.PUBLISHED)
    with month.transaction() as session:
        formula = Formula.model_validate(published.formula)
        units = stored(session, published)
        assert len(units) == len(found.units)
        for each in units:
            again = evaluate(Counted.from_json(each.counted), formula)
            assert again.total is None if each.points is None else again.total.points == each.points  # type: ignore[union-attr]
        assert len(session.exec(select(EvaluationMark)).all()) == len(found.marks)
        before = [each.model_dump() for each in units]
    with pytest.raises(NothingDiffers):
        publish(month, found, "何敏", COUNTED_AT, erratum="?")
    appeal(month, "C", COUNTED_AT + timedelta(hours=1))
    later = worked(month, COUNTED_AT + timedelta(hours=2))
    with pytest.raises(PublishedAlready, match="erratum"):
        publish(month, later, "何敏", COUNTED_AT)
    second = publish(month, later, "何敏", COUNTED_AT, erratum="C 的黄牌已申诉")
    assert (second.number, second.replaces_id) == (2, published.id)
    with month.transaction() as session:
        assert [each.number for each in of_month(session, "2026-05")] == [2, 1]
        assert [each.model_dump() for each in stored(session, published)] == before


def test_an_erratum_of_nothing_is_refused(sqlite_month: Database) -> None:
    found = worked(sqlite_month)
    with pytest.raises(NothingToCorrect):
        publish(sqlite_month, found, "何敏", COUNTED_AT, erratum="?")
    with sqlite_month.transaction() as session:
        assert of_month(session, "2026-05") == []


def test_a_version_of_the_formula_is_added_once_and_never_changed(sqlite_database: Database) -> None:
    other = FORMULA.model_copy(update={"version": "foshan-1", "effective": date(2026, 6, 1)})
    with sqlite_database.transaction() as session:
        add_formula(session, other, "何敏", COUNTED_AT)
    with sqlite_database.transaction() as session:
        assert formulas(session) == (FORMULA, other)
        for taken in (other, FORMULA):
            with pytest.raises(FormulaProblem, match="version of another name"):
                add_formula(session, taken, "何敏", COUNTED_AT)


def test_an_event_that_is_no_absence_counts_nothing(sqlite_month: Database) -> None:
    before = worked(sqlite_month)
    with sqlite_month.transaction() as session:
        start = session.get_one(Absence, 1).start
        session.add(
            Absence(id=9, counter_id="cc-1", kind=EventKind.LEFT_EARLY, start=start, end=COUNTED_AT, threshold_s=9)
        )
    assert worked(sqlite_month) == before


def test_a_case_that_is_deemed_accepted_counts_in_the_month_in_which_it_came_to_be_late(database: Database) -> None:
    """Its promise had passed in the month before, when it was not accepted yet."""
    a_case_that_nobody_answers(database, "2026-04-24T10:00")
    april = Period(
        "2026-04", date(2026, 4, 1), date(2026, 4, 30), MAY.zone, Span(MAY.span.start - timedelta(30), MAY.span.start)
    )
    counted = [
        [(each.counted.cases, each.counted.late) for each in found.units if each.unit.kind is UnitKind.HALL]
        for found in (worked(database, COUNTED_AT, period) for period in (april, MAY))
    ]
    assert counted == [[(0, 0)], [(1, 1)]]
