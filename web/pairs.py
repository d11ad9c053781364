"""Pairs of counters whose clerks cover each other."""

from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import Counter, CounterPair
from storage.sayings import Saying
from web.declarations import PairDeclaration
from web.errors import Unprocessable
from web.field_problems import FieldProblem


def put_pair(session: Session, declared: PairDeclaration, now: datetime) -> CounterPair:
    """From now on; one that is in force stays as it is. Raises Unprocessable where they are not of one hall."""
    one_id, other_id = declared.counters
    halls = [counter.hall_id if (counter := session.get(Counter, c)) else None for c in declared.counters]
    if None in halls or halls[0] != halls[1]:
        said = Saying("Both must be counters of one hall.")
        raise Unprocessable(fields=[FieldProblem("counters", said)])
    before = pairs_in_force(session, one_id, other_id)
    if before:
        return before[0]
    pair = CounterPair(one_id=one_id, other_id=other_id, valid_from=now)
    session.add(pair)
    session.flush()
    return pair


def end_pair(session: Session, pair: CounterPair, now: datetime) -> None:
    pair.valid_to = now
    session.add(pair)
    session.flush()


def pairs_in_force(session: Session, one_id: str, other_id: str) -> list[CounterPair]:
    query = select(CounterPair).where(CounterPair.one_id == one_id, CounterPair.other_id == other_id)
    return list(session.exec(query.where(col(CounterPair.valid_to).is_(None))))
