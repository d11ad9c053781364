"""Which late steps of other cases one operator entered at the same time, where their platform says when each was.

It is the same whatever way they came: in a push, a file or a view. What was said is looked at, not what holds now, so
that no correction of another case changes a past card.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, literal, select, union_all
from sqlmodel import Session

from correlation.deadlines.observing import AT_ONCE, MOST_BESIDE
from correlation.deadlines.tellings import Told, ToldStep
from storage.bulk import is_among, table_of
from storage.models import IN_HAND, LateEntry

_MOST_WORDS = 4 * MOST_BESIDE
"""Looked at of one moment: few steps of a case are entered late."""
_MOMENTS_A_QUERY = 50


class Moment(NamedTuple):
    """At which an operator entered something."""

    source_id: str
    operator: str
    at: datetime


class _Other(NamedTuple):
    case_number: str
    end: datetime
    batch_id: int


def entered_late(words: Iterable[Told]) -> Iterator[Told]:
    """Those of which the platform says that they were entered well after they had happened."""
    for word in words:
        said = word.said
        if isinstance(said, ToldStep) and said.entered_at is not None and said.entered_at - said.end > IN_HAND:
            yield word


class AtOnce:
    """Of some words that were entered late."""

    def __init__(self, session: Session, late: Sequence[Told]) -> None:
        self._own = _own(session, {word.record[1] for word in late}) if late else {}
        moments = {moment for _, moment in self._own.values()}
        self._others = _others(session, sorted(moments)) if moments else {}

    def beside(self, word: Told) -> tuple[datetime, ...]:
        """When the first late step of each other case ended; of what came after the word nothing was known by then."""
        own = self._own.get((word.record[1], word.batch_id))
        if own is None:
            return ()
        case_number, moment = own
        ends: dict[str, datetime] = {}
        for other in self._others.get(moment, ()):
            if other.case_number != case_number and other.batch_id <= word.batch_id:
                ends[other.case_number] = min(other.end, ends.get(other.case_number, other.end))
        return tuple(sorted(ends.values())[:MOST_BESIDE])


def _own(session: Session, step_ids: Iterable[int]) -> Mapping[tuple[int, int], tuple[str, Moment]]:
    """By step and batch its case, and when who entered it."""
    said = table_of(LateEntry).c
    query = select(said.step_id, said.batch_id, said.case_number, said.source_id, said.operator, said.entered)
    found = session.execute(query.where(is_among(session, said.step_id, list(step_ids))).order_by(said.revision))
    return {(step, batch): (case_number, Moment(*moment)) for step, batch, case_number, *moment in found}


def _others(session: Session, moments: Sequence[Moment]) -> Mapping[Moment, Sequence[_Other]]:
    found: dict[Moment, list[_Other]] = defaultdict(list)
    for first in range(0, len(moments), _MOMENTS_A_QUERY):
        some = moments[first : first + _MOMENTS_A_QUERY]
        queries = [_entered_about(moment, number) for number, moment in enumerate(some)]
        for number, *other in session.execute(union_all(*queries)):
            found[some[number]].append(_Other(*other))
    return found


def _entered_about(moment: Moment, number: int) -> Select[Any]:
    said = table_of(LateEntry).c
    about = (
        select(literal(number).label("moment"), said.case_number, said.end, said.batch_id)
        .where(
            said.operator == moment.operator,
            said.entered.between(moment.at - AT_ONCE, moment.at + AT_ONCE),
            said.source_id == moment.source_id,
        )
        .order_by(said.batch_id, said.step_id)
        .limit(_MOST_WORDS)
        .subquery()
    )
    return select(about)
