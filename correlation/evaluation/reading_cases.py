"""Which cases belong to a month, and whether they were in time by what was known at a moment."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from correlation.deadlines.calendars import CalendarBook, in_turn
from correlation.deadlines.cards import watch
from correlation.deadlines.known import with_rulings
from correlation.deadlines.loading import CaseTold, Catalogues, load_told
from correlation.deadlines.rules import Rules
from correlation.deadlines.told import history
from correlation.evaluation.going_on import GoOn
from correlation.evaluation.places import Place, first_counters
from correlation.evaluation.tally import Mark, Tally
from correlation.evaluation.verdicts import Verdict, verdict
from storage.bulk import is_among, table_of
from storage.intervals import Span
from storage.models import Case, CaseResult, Deadline, MarkKind, Step, StepKind

_BATCH = 400


def count_cases(
    session: Session,
    month: Span,
    rules: Rules,
    early_by: timedelta,
    at: datetime,
    tally: Tally,
    go_on: GoOn,
) -> None:
    """Asks `go_on` again and again, which raises what ends this."""
    calendars = CalendarBook()
    calendars.refresh(session)
    cases = _candidates(session, month)
    for first in range(0, len(cases), _BATCH):
        go_on()
        batch = cases[first : first + _BATCH]
        places, told = _places(session, batch), load_told(session, batch)
        for case, found in _verdicts(session, told, calendars, rules, early_by, at):
            if month.start <= found.at < month.end:
                _count(tally, places[case.id], case, found)


def _count(tally: Tally, place: Place, case: CaseTold, found: Verdict) -> None:
    tally.add(
        place,
        cases=1,
        late=int(found.late is not None),
        promised=int(found.is_promised),
        early=int(found.is_early),
        **_beside(found),
    )
    tally.mark(
        *(
            Mark(kind, case.id, found.at, place, case.number, detail=detail, case_id=case.id)
            for kind, detail in _marked(found)
        )
    )


def _marked(found: Verdict) -> Iterator[tuple[MarkKind, str]]:
    """Each kind with its detail."""
    limit = found.late.value if found.late else ""
    yield (MarkKind.LATE_CASE, limit) if found.late else (MarkKind.IN_TIME, "")
    if found.is_early:
        yield MarkKind.EARLY_CASE, str(found.lead)
    elif found.is_promised:
        yield MarkKind.NOT_EARLY, limit
    if found.limits:
        yield MarkKind.SHORTER, " ".join(map(str, found.limits))


def _beside(found: Verdict) -> dict[str, int]:
    lead = {} if found.lead is None else {f"lead_{found.lead}": 1}
    if found.limits is None:
        return lead
    legal, promised = found.limits
    return lead | {"legal_days": legal, "promised_days": promised, "with_both_limits": 1}


def _verdicts(
    session: Session,
    told: Sequence[CaseTold],
    calendars: CalendarBook,
    rules: Rules,
    early_by: timedelta,
    at: datetime,
) -> Iterator[tuple[CaseTold, Verdict]]:
    catalogues = Catalogues(session, told)
    for case in told:
        known = history(case.told, catalogues.of(case.source_id), in_turn(case.halls, calendars.of))
        watched = watch(with_rulings(known, case.rulings), rules, at)
        found = verdict(watched.now, at, early_by) if watched else None
        if found is not None:
            yield case, found


def _candidates(session: Session, month: Span) -> list[int]:
    """Those that ended in the month, whoever says so, or that came to be late in it; and some more.

    A case that is deemed accepted only then may be late by a limit that had passed before.
    """

    def within(moment: Mapped[Any]) -> ColumnElement[bool]:
        return and_(moment >= month.start, moment < month.end)

    of_result = and_(col(CaseResult.source_id) == col(Case.source_id), col(CaseResult.case_number) == col(Case.number))
    since = (col(Deadline.promised_late_from), col(Deadline.legal_late_from), col(Deadline.deemed_at))
    late = or_(*map(within, since))
    queries = (
        select(Case.id).where(within(col(Case.closed_at))),
        select(Case.id).join(CaseResult, of_result).where(within(col(CaseResult.decided))),
        select(Step.case_id).where(Step.kind == StepKind.DECIDE, within(col(Step.end))),
        select(Deadline.case_id).where(late),
    )
    return sorted({case for query in queries for case in session.exec(query) if case is not None})


def _places(session: Session, cases: Sequence[int]) -> dict[int, Place]:
    counters = first_counters(session, cases)
    wanted = is_among(session, table_of(Case).c.id, cases)
    return {
        case: Place(department or "", hall or "", counters.get(case, ""))
        for case, department, hall in session.exec(select(Case.id, Case.department_id, Case.hall_id).where(wanted))
        if case is not None
    }
