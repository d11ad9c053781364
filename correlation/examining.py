"""Compares steps with what was seen at their counters, as soon as it was seen, and again when that changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, and_, exists, or_, select, update
from sqlmodel import Session, col

from correlation import basis
from correlation.findings import (
    MARGIN,
    Judgement,
    Seen,
    Verdict,
    ended_before_it_was_told,
    judge,
    margin_for,
    window,
)
from correlation.marks import unexamine
from correlation.raising import raise_finding, withdraw_finding
from correlation.sight import Watched, clock_errors, clock_was_wrong, presence_in, presence_of, watched_counters
from correlation.stamps import COARSEST, latest
from storage.database import Database
from storage.intervals import Span, merge
from storage.models import Finding, FindingKind, FootageLink, Presence, Step, View, WatchCursor

DECIDED_AFTER = timedelta(seconds=60)
"""A state is dated back to its first sample, so the newest minute may still change."""
GIVE_UP_AFTER = timedelta(days=1)
"""A step that nobody has watched by then is done with; presence that comes later takes it up again."""
STILL_FRESH = timedelta(hours=2)
"""For so long after it was made, a finding is compared with presence again and again."""

_log = structlog.get_logger(__name__)
_KIND = FindingKind.STEP_WHILE_UNSTAFFED
_CLOCKS_UNKNOWN = "clocks_never_compared"
_BATCH = 500
_AT_ONCE = 4_000
_CURSOR = "presence"
_PRESENCE_AT_ONCE = 5_000


def find_unstaffed_steps(database: Database, now: datetime, margin: timedelta = MARGIN) -> int:
    """Raises and withdraws findings; returns how many. A step is examined once it has a link (see `Linker`)."""
    _take_up_late_presence(database, now, margin)
    with database.transaction() as session:
        found = [
            *session.execute(_fresh_findings(now)).scalars(),
            *session.execute(_unexamined(now).order_by(col(FootageLink.start).desc()).limit(_AT_ONCE)).scalars(),
            *session.execute(_unexamined(now).order_by(col(FootageLink.start)).limit(_AT_ONCE // 4)).scalars(),
        ]
    steps = list(dict.fromkeys(step for step in found if step is not None))
    batches = (steps[first : first + _BATCH] for first in range(0, len(steps), _BATCH))
    return sum(_examine(database, batch, now, margin) for batch in batches)


@dataclass(frozen=True)
class _Case:
    """One step that is compared, and the finding there was, if any."""

    step: Step
    finding: Finding | None
    span: Span
    """In which it happened; longer than its stamps say where they are coarse."""


def _fresh_findings(now: datetime) -> Select[int]:
    return select(col(Finding.step_id)).where(
        col(Finding.kind) == _KIND, col(Finding.withdrawn_at).is_(None), col(Finding.found_at) > now - STILL_FRESH
    )


def _unexamined(now: datetime) -> Select[int | None]:
    """Steps that can be decided: watched past their end, too old to be watched, or nowhere to be seen."""
    watched = (
        exists()
        .where(
            col(View.counter_id) == col(Step.counter_id),
            col(WatchCursor.camera_id) == col(View.camera_id),
            col(WatchCursor.watched_to) > col(Step.end),
        )
        .correlate(Step)
    )
    looked_at = exists().where(col(View.counter_id) == col(Step.counter_id)).correlate(Step)
    return (
        select(col(FootageLink.step_id))
        .join(Step, col(Step.id) == col(FootageLink.step_id))
        .where(
            col(FootageLink.examined).is_(False),
            or_(~looked_at, col(Step.end) < now - GIVE_UP_AFTER, watched),
        )
    )


def _examine(database: Database, steps: Sequence[int], now: datetime, margin: timedelta) -> int:
    if not steps:
        return 0
    with database.transaction() as session:
        basis.lock(session)
        cases = _load(session, steps)
        counters = watched_counters(session, frozenset(c.step.counter_id for c in cases if c.step.counter_id))
        ready = [c for c in cases if _can_be_decided(c.span, _watching(counters, c), now, margin)]
        seen = _presence(session, ready, margin)
        changed = sum(
            _decide(session, case, _watching(counters, case), presence, now, margin)
            for case, presence in zip(ready, seen, strict=True)
        )
        done = [case.step.id for case in ready]
        session.execute(update(FootageLink).where(col(FootageLink.step_id).in_(done)).values(examined=True))
    return changed


def _load(session: Session, steps: Sequence[int]) -> list[_Case]:
    """Locks the steps, so that a correction comes either before or after, never in between."""
    query = (
        select(Step, Finding)
        .outerjoin(Finding, and_(col(Finding.step_id) == col(Step.id), col(Finding.kind) == _KIND))
        .where(col(Step.id).in_(steps))
        .with_for_update(read=True, of=Step)
    )
    return [_Case(step, finding, Span(step.start, latest(step.end))) for step, finding in session.execute(query)]


def _watching(counters: dict[str, Watched], case: _Case) -> Watched:
    return counters.get(case.step.counter_id or "", Watched())


def _presence(session: Session, cases: Sequence[_Case], margin: timedelta) -> list[list[Seen]]:
    return presence_of(session, [(c.step.counter_id or "", window(c.span.start, c.span.end, margin)) for c in cases])


def _can_be_decided(step: Span, watched: Watched, now: datetime, margin: timedelta) -> bool:
    if not watched.at(step.start) or step.end < now - GIVE_UP_AFTER:
        return True
    watched_to = watched.watched_to(step.start)
    return watched_to is not None and watched_to >= step.end + margin + DECIDED_AFTER


def _decide(
    session: Session, case: _Case, watched: Watched, presence: Sequence[Seen], now: datetime, margin: timedelta
) -> bool:
    """Raises, withdraws or leaves the step's finding; returns whether it changed."""
    if case.step.counter_id is None or not watched.at(case.span.start):
        # Also when a view was taken back afterwards: what was seen then was seen of something else.
        return withdraw_finding(case.finding, now)
    judgement = _judged(session, case, watched, presence, margin)
    active = case.finding is not None and case.finding.withdrawn_at is None
    if judgement.verdict is Verdict.UNSTAFFED:
        return _raise(session, case, judgement, now)
    if not active or not judgement.evidence["presence"]:
        # Presence that has expired contradicts nothing.
        return False
    assert case.finding is not None
    if _has_expired(judgement) and case.finding.evidence.get("revision") == case.step.revision:
        return False
    return withdraw_finding(case.finding, now)


def _judged(session: Session, case: _Case, watched: Watched, presence: Sequence[Seen], margin: timedelta) -> Judgement:
    judgement = judge(case.span, presence, watched.watched_to(case.span.start), margin)
    if judgement.verdict is not Verdict.UNSTAFFED:
        return judgement
    return _doubted(session, case, watched, judgement, margin)


def _doubted(session: Session, case: _Case, watched: Watched, first: Judgement, margin: timedelta) -> Judgement:
    """Before it accuses: were the clocks true enough?"""
    assert case.step.counter_id is not None
    step, cameras = case.span, watched.at(case.span.start)
    received_at = case.step.received_at
    if not ended_before_it_was_told(case.step.end, received_at, margin):
        return _undecided(case, first, doubt="received_before_its_end", received_at=received_at.isoformat())
    errors = clock_errors(session, cameras, window(step.start, step.end, margin))
    if not errors:
        return _undecided(case, first, doubt=_CLOCKS_UNKNOWN)
    wider = margin_for(errors, margin)
    wide = window(step.start, step.end, wider)
    if clock_was_wrong(session, cameras, wide):
        return _undecided(case, first, doubt="camera_clock_wrong")
    watched_to = watched.watched_to(step.start)
    judgement = judge(step, presence_in(session, case.step.counter_id, wide), watched_to, wider)
    largest = max((abs(error.total_seconds()) for error in errors), default=0.0)
    return Judgement(judgement.verdict, {**judgement.evidence, "clock_offset_s": largest})


def _undecided(case: _Case, first: Judgement, **why: str) -> Judgement:
    _log.info("step_not_judged", step=case.step.id, **why)
    return Judgement(Verdict.UNKNOWN, {**first.evidence, **why})


def _has_expired(judgement: Judgement) -> bool:
    """Whether nothing is left of what the clocks were compared by."""
    return judgement.evidence.get("doubt") == _CLOCKS_UNKNOWN


def _raise(session: Session, case: _Case, judgement: Judgement, now: datetime) -> bool:
    counter_id, step_id = case.step.counter_id, case.step.id
    assert step_id is not None
    evidence = {**judgement.evidence, "revision": case.step.revision}
    found = Finding(kind=_KIND, step_id=step_id, counter_id=counter_id, found_at=now, evidence=evidence)
    return raise_finding(session, case.finding, found)


def _take_up_late_presence(database: Database, now: datetime, margin: timedelta) -> None:
    """Steps whose counter was seen otherwise, or only now, are examined again."""
    with database.transaction() as session:
        remembered = basis.remembered(session)
        # Ids become visible out of order, so each look begins where the one before the last ended.
        begin, last = (int(part) for part in remembered.get(_CURSOR, "0 0").split())
        query = (
            select(col(Presence.id), col(Presence.counter_id), col(Presence.start), col(Presence.end))
            .where(col(Presence.id) > begin)
            .order_by(col(Presence.id))
            .limit(_PRESENCE_AT_ONCE)
        )
        rows = session.execute(query).all()
    highest = rows[-1][0] if rows else last
    if (begin, last) == (last, highest):
        return
    spans: dict[str, list[Span]] = {}
    for _, counter_id, start, end in rows:
        spans.setdefault(counter_id, []).append(Span(start - COARSEST - margin, max(start, end or now) + margin))
    with database.transaction() as session:
        basis.lock(session)
        for counter_id, found in spans.items():
            for span in merge(found):
                unexamine(session, counter_id, span)
        basis.remember(session, {_CURSOR: f"{last} {highest}"}, remembered)
