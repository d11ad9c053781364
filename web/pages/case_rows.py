"""Cases as a list shows them: nine queries for any number of them."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from storage.models import (
    Case,
    Deadline,
    Department,
    Finding,
    FootageLink,
    Hall,
    Outcome,
    Standing,
    Step,
    StepKind,
)
from web.case_due import ENDED, PAST, due_at
from web.item_names import ItemNames, ItemRef, item_of
from web.pages.places import HallRef, hall_ref


@dataclass(frozen=True)
class DepartmentRef:
    id: str
    """Empty for one that is known only by what the platform calls it."""
    name: str
    name_en: str


@dataclass(frozen=True)
class CaseRow:
    id: int
    source: str
    """The id of the platform that sent it."""
    number: str
    item: ItemRef | None
    department: DepartmentRef | None
    applicant: str | None
    """None where the viewer may not know it."""
    channel: str
    hall: HallRef | None
    opened_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    """By its limits as reckoned, else as its platform says; None while none is known or runs."""
    standing: Standing | None
    """None before its limits are reckoned."""
    provisional: bool
    """A limit of it reaches into a year whose holidays are not announced, and may still move."""
    last_step: StepKind | None
    last_step_name: str
    steps: int
    outcomes: dict[Outcome, int]
    """How many steps have a clip, part of one, none."""
    findings: int

    def is_late(self, now: datetime) -> bool:
        """Still to be done though its limit has passed, or done after that."""
        if self.standing in ENDED:
            return self.standing is Standing.DONE_LATE
        if self.provisional and self.standing not in PAST:
            return False
        return self.due_at is not None and (self.closed_at or now) > self.due_at


@dataclass(frozen=True)
class _Progress:
    last_kind: StepKind
    last_name: str
    steps: int
    outcomes: dict[Outcome, int]


def case_rows(session: Session, cases: Sequence[Case], show_applicant: bool) -> tuple[CaseRow, ...]:
    ids = [case.id for case in cases if case.id is not None]
    halls = _halls(session, cases)
    progress = _progress(session, ids)
    findings = _findings(session, ids)
    departments = _departments(session, cases)
    names = ItemNames(session, [case.item_code for case in cases])
    deadlines = {row.case_id: row for row in session.exec(select(Deadline).where(col(Deadline.case_id).in_(ids)))}
    return tuple(
        _row(
            case,
            deadlines.get(case.id or 0),
            halls.get(case.hall_id or ""),
            names,
            departments.get(case.department_id or "") or _called(case.department_name),
            progress.get(case.id),
            findings.get(case.id, 0),
            show_applicant,
        )
        for case in cases
        if case.id is not None
    )


def _row(
    case: Case,
    deadline: Deadline | None,
    hall: HallRef | None,
    names: ItemNames,
    department: DepartmentRef | None,
    progress: _Progress | None,
    findings: int,
    show_applicant: bool,
) -> CaseRow:
    assert case.id is not None
    return CaseRow(
        id=case.id,
        source=case.source_id,
        number=case.number,
        item=item_of(case, deadline.started_at if deadline else None, names),
        department=department,
        applicant=case.applicant if show_applicant else None,
        channel=case.channel,
        hall=hall,
        opened_at=case.opened_at,
        closed_at=case.closed_at,
        due_at=due_at(case, deadline),
        standing=deadline.standing if deadline else None,
        provisional=deadline.provisional if deadline else False,
        last_step=progress.last_kind if progress else None,
        last_step_name=progress.last_name if progress else "",
        steps=progress.steps if progress else 0,
        outcomes=progress.outcomes if progress else {},
        findings=findings,
    )


def _halls(session: Session, cases: Sequence[Case]) -> dict[str, HallRef]:
    wanted = {case.hall_id for case in cases if case.hall_id}
    return {hall.id: hall_ref(hall) for hall in session.exec(select(Hall).where(col(Hall.id).in_(wanted)))}


def _departments(session: Session, cases: Sequence[Case]) -> dict[str, DepartmentRef]:
    wanted = {case.department_id for case in cases if case.department_id}
    found = session.exec(select(Department).where(col(Department.id).in_(wanted)))
    return {department.id: DepartmentRef(department.id, department.name, department.name_en) for department in found}


def _called(name: str) -> DepartmentRef | None:
    return DepartmentRef("", name, "") if name else None


def _progress(session: Session, case_ids: list[int]) -> dict[int | None, _Progress]:
    rows = session.exec(
        select(Step.case_id, Step.kind, Step.name, FootageLink.outcome)
        .outerjoin(FootageLink, col(FootageLink.step_id) == col(Step.id))
        .where(col(Step.case_id).in_(case_ids))
        .order_by(col(Step.case_id), col(Step.start))
    )
    by_case: dict[int, list[tuple[StepKind, str, Outcome | None]]] = defaultdict(list)
    for case_id, kind, name, outcome in rows:
        by_case[case_id].append((StepKind(kind), name, Outcome(outcome) if outcome else None))
    return {case_id: _summed(steps) for case_id, steps in by_case.items()}


def _summed(steps: list[tuple[StepKind, str, Outcome | None]]) -> _Progress:
    kind, name, _ = steps[-1]
    tally = Tally(outcome for _, _, outcome in steps if outcome is not None)
    return _Progress(kind, name, len(steps), {outcome: tally[outcome] for outcome in Outcome if tally[outcome]})


def _findings(session: Session, case_ids: list[int]) -> dict[int | None, int]:
    rows = session.exec(
        select(Step.case_id, func.count())
        .join(Finding, col(Finding.step_id) == col(Step.id))
        .where(col(Step.case_id).in_(case_ids), col(Finding.withdrawn_at).is_(None))
        .group_by(col(Step.case_id))
    )
    return dict(rows.all())
