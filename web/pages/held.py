"""Which footage is held already, and by whom: for those who may hold."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from storage.intervals import Span, subtract
from storage.models import Hold, User
from web.pages.step_rows import Clip
from web.permissions import Permission
from web.viewer import Viewer


@dataclass(frozen=True)
class HeldBy:
    hold_id: int
    owner: str
    """Empty: it was found locked in the store, and who held it is not known; or it is of a clock that leapt."""
    set_at: datetime
    start: datetime
    end: datetime
    """Exclusive."""


@dataclass(frozen=True)
class Held:
    """Of one span."""

    whole: bool
    """Every moment of it, by whomever."""
    by: tuple[HeldBy, ...]


def held(session: Session, viewer: Viewer, camera_id: str | None, start: datetime, end: datetime) -> Held | None:
    """None where nothing is held, and for whoever may not know. The camera has to be in the viewer's scope."""
    if camera_id is None or not viewer.may(Permission.HOLD):
        return None
    found = session.exec(
        select(Hold, User)
        .outerjoin(User, col(User.id) == col(Hold.owner_id))
        .where(Hold.camera_id == camera_id, col(Hold.lifted_at).is_(None), Hold.start < end, Hold.end > start)
        .order_by(col(Hold.id))
    ).all()
    if not found:
        return None
    free = subtract([Span(start, end)], [Span(hold.start, hold.end) for hold, _ in found])
    return Held(whole=not free, by=tuple(_by(hold, user) for hold, user in found))


def clip_held(session: Session, viewer: Viewer, clip: Clip | None) -> Held | None:
    return held(session, viewer, clip.camera_id, clip.start, clip.end) if clip else None


def _by(hold: Hold, user: User | None) -> HeldBy:
    assert hold.id is not None
    owner = (user.display_name or user.name) if user else ""
    return HeldBy(hold.id, owner, hold.set_at, hold.start, hold.end)
