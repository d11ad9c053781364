"""Footage that may not be deleted, whatever retention says. Holds never stop a recording."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from storage.intervals import Span, merge
from storage.models import Camera, Hold

_TOGETHER = timedelta(seconds=1)
"""Segments that were recorded one after the other are no further apart."""


def take_turns(session: Session, camera_id: str) -> None:
    """Who holds a camera's footage and who deletes it wait for each other until the transaction ends.

    Without it a hold that is set while a batch is chosen would come too late and not know it.
    """
    unchanged = update(Camera).where(col(Camera.id) == camera_id).values(name=Camera.name)
    session.execute(unchanged.execution_options(synchronize_session=False))


def hold_once(session: Session, hold: Hold) -> tuple[Hold, bool]:
    """Returns the hold in force of the same holder, span and reason, else this; and whether it is new."""
    take_turns(session, hold.camera_id)
    same = (
        col(getattr(Hold, name)) == getattr(hold, name)
        for name in ("camera_id", "start", "end", "reason", "subject", "owner_id")
    )
    found = session.exec(select(Hold).where(*same, col(Hold.lifted_at).is_(None))).first()
    return (found, False) if found else (set_hold(session, hold), True)


def set_hold(session: Session, hold: Hold) -> Hold:
    """From the end of the transaction on nothing of the span is deleted. What is gone already stays gone."""
    take_turns(session, hold.camera_id)
    session.add(hold)
    session.flush()
    return hold


def hold_as_found(session: Session, camera_id: str, span: Span, now: datetime) -> None:
    """The store holds it and no row says who does, or how many: one hold without an owner for what lies together."""
    take_turns(session, camera_id)
    touching = session.exec(
        select(Hold).where(
            Hold.camera_id == camera_id,
            col(Hold.owner_id).is_(None),
            Hold.subject == "",
            col(Hold.lifted_at).is_(None),
            Hold.start <= span.end + _TOGETHER,
            Hold.end >= span.start - _TOGETHER,
        )
    ).first()
    found = touching or Hold(camera_id=camera_id, start=span.start, end=span.end, reason="", owner_id=None, set_at=now)
    found.start, found.end = min(found.start, span.start), max(found.end, span.end)
    session.add(found)
    session.flush()


def lift_hold(session: Session, hold: Hold, user_id: int | None, now: datetime) -> None:
    """Other holds of the same footage stay. Lifting it again changes nothing.

    `user_id`: None where it ends by itself.
    """
    if hold.lifted_at is None:
        hold.lifted_at, hold.lifted_by = now, user_id
        session.add(hold)
        session.flush()


def held(session: Session, camera_id: str, span: Span) -> list[Span]:
    """What of the span is held, by whomever."""
    found = session.exec(
        select(Hold.start, Hold.end).where(
            Hold.camera_id == camera_id,
            col(Hold.lifted_at).is_(None),
            Hold.start < span.end,
            Hold.end > span.start,
        )
    )
    return merge(Span(start, end) for start, end in found)


def unreleased(session: Session, camera_id: str, span: Span) -> bool:
    """Whether a hold explains that the store holds it: one in force, or lifted and not yet told to the store."""
    found = session.exec(
        select(Hold.id).where(
            Hold.camera_id == camera_id,
            col(Hold.released_at).is_(None),
            Hold.start < span.end,
            Hold.end > span.start,
        )
    )
    return found.first() is not None


def overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(other.start < span.end and span.start < other.end for other in others)
