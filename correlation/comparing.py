"""Compares the stamps of each case's steps with each other, and again whenever one of them changes."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select, update
from sqlmodel import Session, col

from correlation import basis
from correlation.order import MARGIN, Contradiction, Stamp, contradictions
from correlation.raising import raise_finding, withdraw_finding
from storage.database import Database
from storage.models import Case, Finding, FindingKind, Step, StepKind
from storage.models.columns import JsonObject

_BATCH = 400
_BATCHES = 20


def find_steps_out_of_order(database: Database, now: datetime, margin: timedelta = MARGIN) -> int:
    """Raises and withdraws findings; returns how many. Cases with a new, moved or corrected step, a bounded number."""
    changed = 0
    for _ in range(_BATCHES):
        with database.transaction() as session:
            if not session.execute(_uncompared().limit(1)).first():
                break
        with database.transaction() as session:
            basis.lock(session)
            # Whoever writes steps of a case ends by unmarking it: one that is being written now comes again.
            locked = _uncompared().limit(_BATCH).with_for_update(key_share=True, skip_locked=True)
            cases = session.execute(locked).scalars().all()
            changed += _compare(session, cases, now, margin)
        if len(cases) < _BATCH:
            break
    return changed


def _uncompared() -> Select[int | None]:
    return select(col(Case.id)).where(col(Case.stamps_compared).is_(False)).order_by(col(Case.id))


def _compare(session: Session, cases: Sequence[int | None], now: datetime, margin: timedelta) -> int:
    session.execute(update(Case).where(col(Case.id).in_(cases)).values(stamps_compared=True))
    steps = session.execute(select(Step).where(col(Step.case_id).in_(cases))).scalars().all()
    findings = _findings(session, [step.id for step in steps])
    by_case: dict[int, list[Stamp]] = defaultdict(list)
    for step in steps:
        by_case[step.case_id].append(_stamp(step))
    found = {c.step.step_id: c for stamps in by_case.values() for c in contradictions(stamps, margin)}
    return sum(_decide(session, step, findings.get(step.id), found.get(step.id or 0), now, margin) for step in steps)


def _findings(session: Session, steps: Sequence[int | None]) -> dict[int | None, Finding]:
    query = select(Finding).where(col(Finding.kind) == FindingKind.STEP_OUT_OF_ORDER, col(Finding.step_id).in_(steps))
    return {finding.step_id: finding for finding in session.execute(query).scalars()}


def _stamp(step: Step) -> Stamp:
    assert step.id is not None
    return Stamp(step.id, step.source_id, StepKind(step.kind), step.start)


def _decide(
    session: Session,
    step: Step,
    before: Finding | None,
    contradiction: Contradiction | None,
    now: datetime,
    margin: timedelta,
) -> bool:
    if contradiction is None:
        return withdraw_finding(before, now)
    assert step.id is not None
    kind, evidence = FindingKind.STEP_OUT_OF_ORDER, _evidence(contradiction, step.revision, margin)
    return raise_finding(session, before, Finding(kind=kind, step_id=step.id, found_at=now, evidence=evidence))


def _evidence(contradiction: Contradiction, revision: int, margin: timedelta) -> JsonObject:
    step = contradiction.step
    return {
        "source": step.source_id,
        "equal_within_s": margin.total_seconds(),
        "kind": step.kind.value,
        "stamped": step.start.isoformat(),
        "revision": revision,
        "before": [
            {
                "step": later.step_id,
                "kind": later.kind.value,
                "stamped": later.start.isoformat(),
                "seconds_later": (later.start - step.start).total_seconds(),
            }
            for later in contradiction.later
        ],
    }
