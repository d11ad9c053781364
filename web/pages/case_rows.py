"""Cases as a list shows them: six queries for any number of them."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

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


class _Beside(NamedTuple):
    """What else is kept of a case, one row at most of each."""

    deadline: Deadline | None
    hall: Hall | None
    department: Department | None


def case_rows(session: Session, cases: Sequence[Case], show_applicant: bool) -> tuple[CaseRow, ...]:
    ids = [case.id for case in cases if case.id is not None]
    beside = _beside(session, ids)
    progress = _progress(session, ids)
    findings = _findings(session, ids)
    names = ItemNames(session, [case.item_code for case in cases])
    return tuple(
        _row(case, beside[case.id], names, progress.get(case.id), findings.get(case.id, 0), show_applicant)
        for case in cases
        if case.id is not None
    )


def _row(
    case: Case,
    beside: _Beside,
    names: ItemNames,
    progress: _Progress | None,
    findings: int,
    show_applicant: bool,
) -> CaseRow:
    assert case.id is not None
    deadline, hall, department = beside
    return CaseRow(
        id=case.id,
        source=case.source_id,
        number=case.number,
        item=item_of(case, deadline.started_at if deadline else None, names),
        department=_department(department) if department else _called(case.department_name),
        applicant=case.applicant if show_applicant else None,
        channel=case.channel,
        hall=hall_ref(hall) if hall else None,
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


def _beside(session: Session, case_ids: list[int]) -> dict[int | None, _Beside]:
    found = session.exec(
        select(Case.id, Deadline, Hall, Department)
        .outerjoin(Deadline, col(Deadline.case_id) == col(Case.id))
        .outerjoin(Hall, col(Hall.id) == col(Case.hall_id))
        .outerjoin(Department, col(Department.id) == col(Case.department_id))
        .where(col(Case.id).in_(case_ids))
    )
    return {case_id: _Beside(deadline, hall, department) for case_id, deadline, hall, department in found}


def _department(department: Department) -> DepartmentRef:
    return DepartmentRef(department.id, department.name, department.name_en)


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
