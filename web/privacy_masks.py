"""Writes what of a camera's picture is hidden, and when. What was hidden stays so, unless its dates are said anew."""

from datetime import datetime

from sqlmodel import Session, col, or_, select

from storage.models import PrivacyMask
from storage.sayings import Saying
from web.declarations import MaskDeclaration
from web.errors import Conflict, NotFound, Unprocessable
from web.field_problems import FieldProblem

_ENDED = Saying("This mask has ended already; draw another one.")


def add_mask(session: Session, declared: MaskDeclaration) -> PrivacyMask:
    """Without `valid_from` it hides in all footage that there is: what may not be seen may not be seen of last week."""
    return _write(session, PrivacyMask(camera_id=declared.camera), declared, declared.valid_from)


def put_mask(session: Session, declared: MaskDeclaration, now: datetime) -> PrivacyMask:
    """As the configuration file says: its reason tells a mask from the camera's others."""
    left = masks_left(session, declared.camera, declared.reason, now)
    if not left:
        return add_mask(session, declared)
    assert left[-1].id is not None
    return change_mask(session, left[-1].id, declared, now)


def masks_left(session: Session, camera_id: str, reason: str, now: datetime) -> list[PrivacyMask]:
    """Those of this reason that are not over, in the order in which they were drawn."""
    of_it = select(PrivacyMask).where(PrivacyMask.camera_id == camera_id, PrivacyMask.reason == reason)
    lasting = or_(col(PrivacyMask.valid_to).is_(None), col(PrivacyMask.valid_to) > now)
    return list(session.exec(of_it.where(lasting).order_by(col(PrivacyMask.id))))


def change_mask(session: Session, mask_id: int, declared: MaskDeclaration, now: datetime) -> PrivacyMask:
    """The same corners correct the mask's dates and reason. Others make another mask that begins when this one ends.

    That is `valid_from`, else now. Raises NotFound for another camera's, Conflict for one that has ended.
    """
    mask = session.get(PrivacyMask, mask_id)
    if mask is None or mask.camera_id != declared.camera:
        raise NotFound
    if mask.polygon == declared.polygon:
        return _write(session, mask, declared, declared.valid_from or mask.valid_from)
    if is_over(mask, now):
        raise Conflict(_ENDED)
    start = declared.valid_from or now
    if mask.valid_from is not None and mask.valid_from >= min(start, now):
        return _write(session, mask, declared, declared.valid_from or mask.valid_from)
    mask.valid_to = start
    session.add(mask)
    return _write(session, PrivacyMask(camera_id=declared.camera), declared, start)


def end_mask(session: Session, mask: PrivacyMask, now: datetime) -> None:
    """What was recorded before stays hidden; one that was yet to begin is gone. Raises Conflict if it is over."""
    if is_over(mask, now):
        raise Conflict(_ENDED)
    if mask.valid_from is not None and mask.valid_from >= now:
        session.delete(mask)
    else:
        mask.valid_to = now
        session.add(mask)
    session.flush()


def is_over(mask: PrivacyMask, now: datetime) -> bool:
    return mask.valid_to is not None and mask.valid_to <= now


def _write(session: Session, mask: PrivacyMask, declared: MaskDeclaration, start: datetime | None) -> PrivacyMask:
    if start and declared.valid_to and declared.valid_to <= start:
        raise Unprocessable(fields=[FieldProblem("valid_to", Saying("This is not after the beginning."))])
    mask.polygon, mask.reason = declared.polygon, declared.reason
    mask.valid_from, mask.valid_to = start, declared.valid_to
    session.add(mask)
    session.flush()
    return mask
