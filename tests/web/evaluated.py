"""Evaluations of a month as they are kept: two departments, two halls with a group each, and a counter."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import Formula
from correlation.evaluation.keeping import unit_values
from correlation.evaluation.places import Unit
from correlation.evaluation.scoring import evaluate
from correlation.evaluation.working_out import WorkedUnit, ranks_of
from storage.bulk import insert_many, table_of
from storage.models import EvaluatedUnit, Evaluation, EvaluationMark, EvaluationState, MarkKind, UnitKind
from tests.correlation.evaluation.numbers import FORMULA, SOME

GOOD = replace(SOME, cases=400, late=0, promised=400, early=200, yellow=0, red=0)
FEW = Counted(cases=4, late=1, steps=4, fields=12, filled=12)
IDLE = Counted(ratings=(0, 0, 0, 0, 1))


def an_evaluation(
    session: Session,
    at: datetime,
    departments: tuple[str, str],
    *,
    month: str = "2026-02",
    number: int = 1,
    formula: Formula = FORMULA,
    state: EvaluationState = EvaluationState.PUBLISHED,
    **more: Any,
) -> int:
    """The first department has its cases in hall cc, the second in hall nh. Returns its id."""
    evaluation = Evaluation(
        month=month,
        number=number,
        state=state,
        zone="Asia/Shanghai",
        start=at - timedelta(days=30),
        end=at,
        counted_at=at,
        formula=formula.model_dump(mode="json"),
        **{"published_at": at, "published_by": "何敏", **more} if state is EvaluationState.PUBLISHED else more,
    )
    session.add(evaluation)
    session.flush()
    assert evaluation.id is not None
    evaluation.address = evaluation.id
    first, second = departments
    counted = {
        (Unit(UnitKind.DEPARTMENT, first), (first, "", "")): SOME,
        (Unit(UnitKind.DEPARTMENT, second), (second, "", "")): GOOD,
        (Unit(UnitKind.DISTRICT, "chancheng"), ("", "chancheng", "")): SOME,
        (Unit(UnitKind.HALL, "cc"), ("", "chancheng", "cc")): SOME,
        (Unit(UnitKind.HALL, "nh"), ("", "nanhai", "nh")): FEW,
        (Unit(UnitKind.GROUP, f"cc/{first}"), (first, "chancheng", "cc")): SOME,
        (Unit(UnitKind.GROUP, f"nh/{second}"), (second, "nanhai", "nh")): FEW,
        (Unit(UnitKind.COUNTER, "cc-1"), ("", "chancheng", "cc")): IDLE,
    }
    ranks = ranks_of({unit: evaluate(each, formula).total for (unit, _), each in counted.items()})
    units = [
        WorkedUnit(
            unit, (f"单位{unit.key}", f"Unit {unit.key}"), *place, each, evaluate(each, formula), ranks.get(unit)
        )
        for (unit, place), each in counted.items()
    ]
    insert_many(
        session, table_of(EvaluatedUnit), [{"evaluation_id": evaluation.id, **unit_values(each)} for each in units]
    )
    places = ({"hall_id": "cc", "department_id": first}, {"hall_id": "nh", "department_id": second})
    for number_of, place in enumerate(places, start=1):
        of_case: dict[str, Any] = {
            "evaluation_id": evaluation.id,
            "subject_id": number_of,
            "case_id": number_of,
            "at": at,
            **place,
        }
        session.add(
            EvaluationMark(kind=MarkKind.LATE_CASE, label=f"2026-{number_of}", counts=True, detail="legal", **of_case)
        )
        session.add(
            EvaluationMark(kind=MarkKind.CARD, label=f"2026-{number_of}", counts=False, detail="red", **of_case)
        )
    absence: dict[str, Any] = {
        "subject_id": 1,
        "label": "1",
        "counts": False,
        "detail": "600",
        "hall_id": "cc",
        "counter_id": "cc-1",
    }
    session.add(EvaluationMark(evaluation_id=evaluation.id, kind=MarkKind.ABSENCE, at=at, **absence))
    session.flush()
    return evaluation.id
