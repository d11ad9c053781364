"""What the links rest on (names, views, footage), kept as digests, so that a change of it relinks."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import CursorResult, insert, select, update
from sqlmodel import Session, col

from storage.database import insert_new
from storage.models import Counter, CounterAlias, Department, Item, LinkBasis, Source, View

_LOCK = "lock"


def lock(session: Session) -> None:
    """Makes those who link wait for each other until the transaction ends, on SQLite every writer."""
    if not _touched(session):
        # Another may add it at this moment: then that one is waited for.
        insert_new(session, LinkBasis, [{"key": _LOCK, "value": ""}])
        _touched(session)


def _touched(session: Session) -> bool:
    changed = session.execute(update(LinkBasis).where(col(LinkBasis.key) == _LOCK).values(value=LinkBasis.value))
    assert isinstance(changed, CursorResult)
    return bool(changed.rowcount)


def current(session: Session) -> dict[str, str]:
    """Digests of each source's names, each counter's views, and the departments."""
    return {
        **{f"source:{key}": value for key, value in _sources(session).items()},
        **{f"counter:{key}": value for key, value in _counters(session).items()},
        "departments": _departments(session),
    }


def remembered(session: Session) -> dict[str, str]:
    query = select(col(LinkBasis.key), col(LinkBasis.value)).where(col(LinkBasis.key) != _LOCK)
    return {key: value for key, value in session.execute(query)}  # noqa: C416  (rows are not pairs to mypy)


def remember(session: Session, values: dict[str, str], known: Iterable[str]) -> None:
    """`known` are the keys that have a row."""
    for key in sorted(values.keys() & set(known)):
        session.execute(update(LinkBasis).where(col(LinkBasis.key) == key).values(value=values[key]))
    new = [{"key": key, "value": values[key]} for key in sorted(values.keys() - set(known))]
    if new:
        session.execute(insert(LinkBasis), new)


def changed(before: dict[str, str], now: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in now.items() if before.get(key) != value}


def _sources(session: Session) -> dict[str, str]:
    aliases: dict[str, list[Any]] = defaultdict(list)
    for source, alias, counter in session.execute(
        select(col(CounterAlias.source_id), col(CounterAlias.alias), col(CounterAlias.counter_id))
    ):
        aliases[source].append([alias, counter])
    counters: dict[str | None, list[Any]] = defaultdict(list)
    for hall, counter, number in session.execute(select(col(Counter.hall_id), col(Counter.id), col(Counter.number))):
        counters[hall].append([counter, number])
        counters[None].append([counter])
    sources = session.execute(select(col(Source.id), col(Source.hall_id))).all()
    return {source: _digest([hall, sorted(aliases[source]), sorted(counters[hall])]) for source, hall in sources}


def _counters(session: Session) -> dict[str, str]:
    views: dict[str, list[Any]] = {counter: [] for (counter,) in session.execute(select(col(Counter.id)))}
    query = select(col(View.counter_id), col(View.camera_id), col(View.valid_from), col(View.valid_to))
    for counter, camera, valid_from, valid_to in session.execute(query):
        views[counter].append([camera, str(valid_from), str(valid_to)])
    return {counter: _digest(sorted(found)) for counter, found in views.items()}


def _departments(session: Session) -> str:
    departments = session.execute(select(col(Department.id), col(Department.name))).all()
    items = session.execute(select(col(Item.code), col(Item.department_id))).all()
    return _digest([sorted(map(list, departments)), sorted([code, of or ""] for code, of in items)])


def _digest(value: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()
