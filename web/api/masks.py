"""Privacy masks: which parts of a camera's picture are hidden in whatever is made of its video. For administrators."""

from fastapi import APIRouter
from sqlalchemy import nulls_first
from sqlmodel import col, or_, select

from storage.models import Camera, PrivacyMask
from web import privacy_masks
from web.api.addressed import AddressedRoute
from web.api.administration import AdminDesk, check_exists, found
from web.declarations import MaskDeclaration
from web.row_ids import RowId

router = APIRouter(prefix="/api/v1", tags=["cameras"], route_class=AddressedRoute)


class MaskShown(MaskDeclaration):
    mask_id: int


@router.get("/masks")
def list_masks(desk: AdminDesk, camera: str | None = None, ended: bool = False) -> list[MaskShown]:
    """Those in force and those to come; with `ended` also those that are over."""
    query = select(PrivacyMask).order_by(
        col(PrivacyMask.camera_id), nulls_first(col(PrivacyMask.valid_from)), col(PrivacyMask.id)
    )
    if camera is not None:
        query = query.where(PrivacyMask.camera_id == camera)
    if not ended:
        end = col(PrivacyMask.valid_to)
        query = query.where(or_(end.is_(None), end > desk.services.clock()))
    with desk.reading() as session:
        rows = session.exec(query).all()
    return [_mask(row) for row in rows]


def _mask(row: PrivacyMask) -> MaskShown:
    assert row.id is not None
    return MaskShown(mask_id=row.id, camera=row.camera_id, **row.model_dump(exclude={"id", "camera_id"}))


@router.post("/masks", status_code=201)
def add_mask(desk: AdminDesk, declared: MaskDeclaration) -> MaskShown:
    """Hidden from now on in everything that is made of the camera's video, also of what was recorded before.

    With `valid_from` only of what was recorded since.
    """
    with desk.changing(f"mask:{declared.camera}") as session:
        check_exists(session, camera=(Camera, declared.camera))
        return _mask(privacy_masks.add_mask(session, declared))


@router.put("/masks/{mask_id}")
def put_mask(desk: AdminDesk, mask_id: RowId, declared: MaskDeclaration) -> MaskShown:
    """The same corners correct dates and reason; others make a new mask, from `valid_from` or now on.

    404 for a mask of another camera, 409 for other corners of one that has ended.
    """
    with desk.changing(f"mask:{mask_id}") as session:
        return _mask(privacy_masks.change_mask(session, mask_id, declared, desk.services.clock()))


@router.delete("/masks/{mask_id}", status_code=204)
def end_mask(desk: AdminDesk, mask_id: RowId) -> None:
    """It ends now; what was recorded before stays hidden. One that was yet to begin is removed."""
    with desk.changing(f"mask:{mask_id}") as session:
        privacy_masks.end_mask(session, found(session, PrivacyMask, mask_id), desk.services.clock())
