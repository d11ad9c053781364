"""What limits rest on beside the records of a case: calendars, catalogues, rules. A change of it reckons them again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, update
from sqlmodel import Session, col

from correlation.deadlines.calendars import HallDays
from storage.bulk import is_among, table_of
from storage.models import (
    Case,
    CatalogueChange,
    Deadline,
    Item,
    ItemVersion,
    ProposalState,
    RecordKind,
    RecordRevision,
    RuleKind,
    RuleVersion,
    Standing,
)
from storage.statutory import announced_years, special_days

STAYS_AFTER = timedelta(days=400)
"""A case that is done and was opened longer ago stays as it was reckoned."""
_OUT_OF_ORDER = timedelta(hours=1)
"""Batches become visible in another order than they came: what is so much older than the newest is looked at again."""
_PREFIX = "limits"
_OF_CASES = (RuleKind.LAW, RuleKind.CARDS)
_WORDS = (
    select(func.count())
    .select_from(RecordRevision)
    .where(col(RecordRevision.record) == RecordKind.ITEM)
    .scalar_subquery()
)
_IS_APPROVED = col(CatalogueChange.state) == ProposalState.APPROVED


def current(session: Session, halls: Mapping[str, HallDays]) -> dict[str, str]:
    """Digests, beside those that links rest on; of catalogues the moment of their newest word, and their number."""
    limits = col(Item.legal_days), col(Item.promised_days), col(Item.joint), col(Item.limits_from)
    items = session.execute(select(col(Item.code), *limits))
    told = session.execute(select(func.max(col(ItemVersion.received_at)), _WORDS)).one()
    decided = select(func.max(col(CatalogueChange.decided_at)), func.count()).where(_IS_APPROVED)
    approved = session.execute(decided).one()
    return {
        **{f"{_PREFIX}:statutory:{year}": _special_days(year) for year in announced_years()},
        **{f"{_PREFIX}:hall:{hall_id}": _digest(days) for hall_id, days in halls.items()},
        **{f"{_PREFIX}:item:{code}": _declared(*said) for code, *said in items},
        **{f"{_PREFIX}:rules:{rules.kind.value}/{rules.version}": _written(rules) for rules in _rules(session)},
        **({f"{_PREFIX}:catalogues": _newest_of(*told)} if told[0] else {}),
        **({f"{_PREFIX}:approved": _newest_of(*approved)} if approved[0] else {}),
    }


def resting_on(session: Session, key: str, before: str, now: datetime) -> Select[Any] | None:
    """Ids of the cases whose limits it may move; `before` is what was remembered of it. None: of no case."""
    _, kind, *name = key.split(":", 2)
    cases = select(col(Case.id)).outerjoin(Deadline, col(Deadline.case_id) == col(Case.id))
    if kind == "statutory":
        cases = cases.where(_touches(int(name[0]), before, now))
    elif kind == "hall":
        cases = cases.where(col(Case.hall_id) == name[0], _may_move(now))
    elif kind == "item":
        cases = cases.where(col(Case.item_code) == name[0], _may_move(now))
    elif kind == "rules":
        of_kind, version = name[0].split("/", 1)
        rules = session.get(RuleVersion, (RuleKind(of_kind), version))
        if rules is None:  # it has just been taken back
            return None
        cases = cases.where(col(Case.opened_at) >= _first_moment(rules.effective), _may_move(now))
    else:
        since = _newest_in(before) - _OUT_OF_ORDER if before else datetime(1970, 1, 1, tzinfo=UTC)
        told = select(col(ItemVersion.code)).where(col(ItemVersion.received_at) >= since)
        approved = select(col(CatalogueChange.code)).where(_IS_APPROVED, col(CatalogueChange.decided_at) >= since)
        cases = cases.where(col(Case.item_code).in_(approved if kind == "approved" else told), _may_move(now))
    return cases


def _newest_of(newest: datetime, words: int) -> str:
    """Of so many: one that becomes visible later than a newer one is another."""
    return f"{newest.isoformat()} {words}"


def _newest_in(remembered: str) -> datetime:
    return datetime.fromisoformat(remembered.partition(" ")[0])


def mark(session: Session, cases: Select[Any], after: int, limit: int, now: datetime) -> Sequence[int]:
    """Makes the first of them whose ids are greater than `after` due to be reckoned again; returns their ids.

    Those of which something is told come before them.
    """
    some = cases.where(col(Case.id) > after).order_by(col(Case.id)).limit(limit)
    # Who reckons a case just now holds it and writes its limits anew: they are there once it is locked here.
    ids = session.execute(some.with_for_update(key_share=True, of=Case)).scalars().all()
    marked = update(Deadline).where(is_among(session, table_of(Deadline).c.case_id, ids)).values(next_at=now)
    session.execute(marked.execution_options(synchronize_session=False))
    return ids


def _touches(year: int, before: str, now: datetime) -> Any:  # noqa: ANN401
    """Cases that a year rests on since it was announced; of one that was before, those that its days may move."""
    changed = sorted({day.partition("=")[0] for day in set(before.split()) ^ set(_special_days(year).split())})
    if not before or not changed:
        return col(Deadline.provisional).is_(True)
    first, last = (date.fromisoformat(f"{year}-{day}") for day in (changed[0], changed[-1]))
    not_before = or_(col(Case.closed_at).is_(None), col(Case.closed_at) >= _first_moment(first))
    return and_(col(Case.opened_at) < _first_moment(last + timedelta(days=2)), not_before, _may_move(now))


@lru_cache
def _special_days(year: int) -> str:
    return special_days(year)


def _may_move(now: datetime) -> Any:  # noqa: ANN401
    done = (Standing.DONE, Standing.DONE_LATE)
    return or_(col(Deadline.standing).not_in(done), col(Case.opened_at) > now - STAYS_AFTER)


def _rules(session: Session) -> Sequence[RuleVersion]:
    """That the site has added."""
    return session.execute(select(RuleVersion).where(col(RuleVersion.kind).in_(_OF_CASES))).scalars().all()


def _written(rules: RuleVersion) -> str:
    return f"{rules.effective} {_digest(json.dumps(rules.content, sort_keys=True))}"


def _first_moment(day: date) -> datetime:
    """Of the day, wherever a hall is."""
    return datetime.combine(day, time(), UTC) - timedelta(hours=14)


def _declared(legal: int | None, promised: int | None, joint: bool, since: date | None) -> str:
    return f"{legal} {promised}{' jointly' if joint else ''}{f' from {since}' if since else ''}"


def _digest(said: HallDays | str) -> str:
    return hashlib.sha256(repr(said).encode()).hexdigest()
