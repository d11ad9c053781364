"""Judges stored presence anew, by the rules, views and hours that held then.

Every function works inside the caller's transaction.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from sqlmodel import Session, col, select

from analytics.again import only
from analytics.covers import covered_by
from analytics.plan import WatchPlan, load_plan
from analytics.recording import take_turns
from analytics.rewriting import rejudge
from storage.intervals import Span
from storage.models import AbsenceRule, PrivacyMask, View, ZoneRule


def judge_all_that_rests_on(session: Session, counter_id: str, span: Span, now: datetime) -> None:
    """What follows from the counter's presence in the span: there, and at the counters that its clerk covers."""
    _judge(session, [(counter_id, span), *covered_by(session, counter_id, span)], now)


def judge_those_covered(session: Session, counter_id: str, spans: Iterable[Span], now: datetime) -> None:
    """The same without the counter itself, of spans that have passed."""
    _judge(session, [pair for span in spans for pair in covered_by(session, counter_id, span)], now)


def _judge(session: Session, judged: Sequence[tuple[str, Span]], now: datetime) -> None:
    for counter_id in sorted({counter_id for counter_id, _ in judged}):
        take_turns(session, counter_id)
    for counter_id, span in judged:
        judge_anew(session, counter_id, span, now)


def judge_anew(session: Session, counter_id: str, span: Span, now: datetime) -> None:
    """Makes the absences and events of a span what follows from its presence, each part by the rule that held in it.

    To be called in the counter's turn (`take_turns`).
    """
    edges = [span.start, *(m for m in changes_of_plan(session, counter_id) if span.start < m < span.end), span.end]
    for start, end in pairwise(edges):
        if counter := plan_then(session, counter_id, start).counters.get(counter_id):
            rejudge(session, counter, Span(start, end), now)


def plan_then(session: Session, counter_id: str, at: datetime) -> WatchPlan:
    """Who looked at the counter then, and by which rule it is judged."""
    return only(load_plan(session, at, past=True), counter_id)


def changes_of_plan(session: Session, counter_id: str) -> list[datetime]:
    views = session.exec(select(View.valid_from, View.valid_to).where(View.counter_id == counter_id))
    rules = session.exec(select(AbsenceRule.valid_from, AbsenceRule.valid_to))
    inside = session.exec(select(ZoneRule.valid_from, ZoneRule.valid_to))
    looking = select(View.camera_id).where(View.counter_id == counter_id)
    masks = session.exec(
        select(PrivacyMask.valid_from, PrivacyMask.valid_to).where(col(PrivacyMask.camera_id).in_(looking))
    )
    every = [*views, *rules, *inside, *masks]
    moments: Collection[datetime | None] = {moment for pair in every for moment in pair}
    return sorted(moment for moment in moments if moment is not None)
