"""What has a history stays: a camera or counter in its hall, whose viewers see all that was recorded there, and the
limits of an item with cases."""

from typing import TypeVar

from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from storage.models import Absence, Camera, Case, Counter, Item, Presence, Segment, View
from storage.sayings import Saying
from web.declared_items import ItemDeclaration
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


_IN_CATALOGUE = Saying(
    "There are cases of this item: its limits are changed in the catalogue, where a second person approves."
)


def check_no_cases(session: Session, code: str) -> None:
    """Raises Conflict where there are cases of the item."""
    if session.exec(select(Case.id).where(Case.item_code == code).limit(1)).first() is not None:
        raise Conflict(_IN_CATALOGUE)


def check_limits_stay(session: Session, declared: ItemDeclaration, *, is_new_allowed: bool) -> None:
    """Declared limits have no history: changing them would change what was said of cases on past days.

    Raises Conflict. `is_new_allowed`: an item that was not declared at all may have cases.
    """
    before = session.get(Item, declared.code)
    if before is None and is_new_allowed:
        return
    was = (before.legal_days, before.promised_days, before.joint) if before else (None, None, False)
    if was != (declared.legal_days, declared.promised_days, declared.joint):
        check_no_cases(session, declared.code)
