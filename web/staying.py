"""What has a history stays: a camera or counter in its hall, whose viewers see all that was recorded there."""

from typing import TypeVar

from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from storage.models import Absence, Camera, Counter, Presence, Segment, View
from storage.sayings import Saying
from web.errors import Conflict

Kind = TypeVar("Kind", Camera, Counter)
_HISTORY: dict[type[Camera] | type[Counter], tuple[Mapped[str], ...]] = {
    Camera: (col(View.camera_id), col(Segment.camera_id)),
    Counter: (col(View.counter_id), col(Presence.counter_id), col(Absence.counter_id)),
}


def check_stays(session: Session, kind: type[Kind], key: str, hall_id: str) -> None:
    """Raises Conflict when the row would take footage, presence or absences to the viewers of another hall."""
    stored = session.get(kind, key)
    if stored is None or stored.hall_id == hall_id:
        return
    if any(session.exec(select(owner).where(owner == key).limit(1)).first() for owner in _HISTORY[kind]):
        raise Conflict(
            Saying(
                "It has views, footage or presence, which the other hall's viewers would see from then on. "
                "Make a new one in the other hall."
            )
        )
