"""Stored presence before and after a span, read in small parts: how far back anything began is not known."""

from collections.abc import Callable, Iterator

from sqlmodel import Session, col, select

from storage.models import Presence

_AT_ONCE = 200


def before(session: Session, row: Presence, lasts: Callable[[Presence], bool]) -> list[Presence]:
    """Newest first: those that join on and last, and the one before, which tells what it was until then."""
    found: list[Presence] = []
    for each in _from(session, row, backwards=True):
        if each.end != (found[-1] if found else row).start:
            break
        found.append(each)
        if not lasts(each):
            break
    return found


def after(session: Session, row: Presence, lasts: Callable[[Presence], bool]) -> list[Presence]:
    """Those that join on and last, and the one that ends it, which tells why."""
    found: list[Presence] = []
    for each in _from(session, row, backwards=False):
        if each.start != (found[-1] if found else row).end:
            break
        found.append(each)
        if not lasts(each):
            break
    return found


def _from(session: Session, row: Presence, *, backwards: bool) -> Iterator[Presence]:
    start = col(Presence.start)
    last: Presence | None = row
    while last is not None:
        further = start < last.start if backwards else start > last.start
        query = select(Presence).where(Presence.counter_id == row.counter_id, further)
        rows = session.exec(query.order_by(start.desc() if backwards else start).limit(_AT_ONCE)).all()
        yield from rows
        last = rows[-1] if len(rows) == _AT_ONCE else None
