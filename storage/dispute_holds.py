"""The footage of a disputed absence: held from the dispute until it is decided, by every camera of the counter."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from storage.holds import lift_hold, set_hold
from storage.intervals import Span, subtract
from storage.models import Absence, Hold, View
from storage.views import in_force

AROUND = timedelta(minutes=5)
"""Held before and after it: who left when is seen there."""
LONGEST = timedelta(days=1)
"""Held ahead of an absence that lasts; it ends when the hall closes at the latest."""


def subject_of(absence_id: int) -> str:
    return f"dispute:{absence_id}"


def hold_footage(session: Session, absence: Absence, by: int, now: datetime) -> None:
    """Nothing of it is deleted before the dispute is decided; what is held for it already is not held twice."""
    assert absence.id is not None
    whole = Span(absence.start - AROUND, (absence.end or now + LONGEST) + AROUND)
    looked = select(View.camera_id).where(View.counter_id == absence.counter_id, in_force(absence.start)).distinct()
    for camera_id in session.exec(looked.order_by(col(View.camera_id))).all():
        if not subtract([whole], _held_for(session, absence.id, camera_id)):
            continue
        set_hold(
            session,
            Hold(
                camera_id=camera_id,
                start=whole.start,
                end=whole.end,
                reason="",
                subject=subject_of(absence.id),
                owner_id=by,
                set_at=now,
            ),
        )


def free_footage(session: Session, absence_id: int, by: int | None, now: datetime) -> None:
    """Holds that people have set for themselves stay."""
    held = select(Hold).where(Hold.subject == subject_of(absence_id), col(Hold.lifted_at).is_(None))
    for hold in session.exec(held.order_by(col(Hold.camera_id))).all():
        lift_hold(session, hold, by, now)


def _held_for(session: Session, absence_id: int, camera_id: str) -> list[Span]:
    held = select(Hold.start, Hold.end).where(
        Hold.subject == subject_of(absence_id), Hold.camera_id == camera_id, col(Hold.lifted_at).is_(None)
    )
    return [Span(start, end) for start, end in session.exec(held)]
