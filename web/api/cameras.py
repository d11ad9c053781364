"""Cameras, what they see, and whether they answer: for administrators."""

from fastapi import APIRouter
from pydantic import BaseModel, SecretStr
from sqlalchemy import nulls_first
from sqlmodel import Session, col, select

from storage.models import Camera, CameraStatus, Counter, Hall, View, WatchCursor
from storage.sayings import Saying
from storage.secrets import SecretBox, SecretError
from storage.views import not_over
from web import looks, places
from web.api.addressed import AddressedRoute
from web.api.administration import AdminDesk, check_exists, check_id, found, remove
from web.camera_check import CameraCheck, check_camera
from web.composition import camera_address, with_credentials
from web.declarations import CameraDeclaration, ViewDeclaration
from web.errors import NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.row_ids import RowId

router = APIRouter(prefix="/api/v1", tags=["cameras"], route_class=AddressedRoute)


class CameraShown(BaseModel):
    """A camera as it may be shown: the password goes in and never comes out."""

    id: str
    hall: str
    name: str
    url: str
    sub_url: str
    transport: str
    username: str
    has_password: bool
    audio: bool
    enabled: bool


class ViewShown(ViewDeclaration):
    view_id: int


@router.get("/cameras")
def list_cameras(desk: AdminDesk, hall: str | None = None) -> list[CameraShown]:
    query = select(Camera).order_by(col(Camera.hall_id), col(Camera.id))
    if hall is not None:
        query = query.where(Camera.hall_id == hall)
    with desk.reading() as session:
        rows = session.exec(query).all()
    return [shown(camera, desk.services.secrets) for camera in rows]


def shown(camera: Camera, secrets: SecretBox) -> CameraShown:
    try:
        username = places.user_name(camera, secrets)
    except SecretError:
        username = ""
    return CameraShown(
        **camera.model_dump(exclude={"hall_id", "credentials"}),
        hall=camera.hall_id,
        username=username,
        has_password=bool(camera.credentials),
    )


@router.put("/cameras/{camera_id}")
def put_camera(desk: AdminDesk, camera_id: str, declared: CameraDeclaration) -> CameraShown:
    """Without `password`, the stored one stays as long as `username` and the addresses' host are the same.

    An empty one takes it away. 409 for another hall once it has a view or footage.
    """
    check_id(camera_id, declared.id)
    with desk.changing(f"camera:{camera_id}") as session:
        desk.check_new(session, Camera, camera_id)
        check_exists(session, hall=(Hall, declared.hall))
        camera = places.put_camera(session, declared, desk.services.secrets)
    return shown(camera, desk.services.secrets)


@router.delete("/cameras/{camera_id}", status_code=204)
def delete_camera(desk: AdminDesk, camera_id: str) -> None:
    """409 once it has been recorded: disable it instead, so that its footage keeps its name."""
    with desk.changing(f"camera:{camera_id}") as session:
        for kind in (CameraStatus, WatchCursor):
            row = session.get(kind, camera_id)
            if row:
                session.delete(row)
        session.flush()
        remove(session, Camera, camera_id)


@router.post("/cameras/{camera_id}/check")
def check_stored_camera(desk: AdminDesk, camera_id: str) -> CameraCheck:
    """Opens both streams as the recorder would; takes some seconds when one does not answer."""
    with desk.reading() as session:
        camera = found(session, Camera, camera_id)
    address = camera_address(desk.services, camera)
    return check_camera(address.url, address.sub_url, camera.transport, camera.audio)


@router.post("/camera-check")
def check_new_camera(desk: AdminDesk, declared: CameraDeclaration) -> CameraCheck:
    """The same before the camera is saved."""
    if declared.password is None and declared.username:
        declared = _with_stored_password(desk, declared)
    credentials = declared.credentials()
    url, sub_url = (with_credentials(address, credentials) for address in (declared.url, declared.sub_url))
    return check_camera(url, sub_url, declared.transport, declared.audio)


def _with_stored_password(desk: AdminDesk, declared: CameraDeclaration) -> CameraDeclaration:
    with desk.reading() as session:
        camera = session.get(Camera, declared.id)
    if camera is None or not places.keeps_password(camera, declared, desk.services.secrets):
        return declared
    password = desk.services.secrets.open(camera.credentials).partition(":")[2]
    return declared.model_copy(update={"password": SecretStr(password)})


@router.post("/cameras/{camera_id}/aim", status_code=204)
def renew_aim(desk: AdminDesk, camera_id: str) -> None:
    """The camera's zones fit what it shows now: where it looks from now on is where it should look."""
    with desk.changing(f"camera:{camera_id}") as session:
        found(session, Camera, camera_id)
        looks.renew_aim(session, camera_id, desk.services.clock())


@router.get("/views")
def list_views(desk: AdminDesk, camera: str | None = None, ended: bool = False) -> list[ViewShown]:
    """Those in force and those to come; with `ended` also those that are over. The newest of a pair comes last."""
    query = select(View).order_by(
        col(View.camera_id), col(View.counter_id), nulls_first(col(View.valid_from)), col(View.id)
    )
    if camera is not None:
        query = query.where(View.camera_id == camera)
    if not ended:
        query = query.where(not_over(desk.services.clock()))
    with desk.reading() as session:
        rows = session.exec(query).all()
    return [_view(row) for row in rows]


def _view(row: View) -> ViewShown:
    assert row.id is not None
    return ViewShown(
        view_id=row.id,
        camera=row.camera_id,
        counter=row.counter_id,
        staff_zone=row.staff_zone,
        customer_zone=row.customer_zone,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        whole_zone=row.whole_zone,
        staff_inside=row.staff_inside,
        customer_inside=row.customer_inside,
    )


@router.put("/views")
def put_view(desk: AdminDesk, declared: ViewDeclaration) -> ViewShown:
    """What this camera shows of this counter from `valid_from` to `valid_to`; what was seen before keeps its zones.

    Without `valid_from` a camera's first view holds for all time, and any other from now on. The same zones with
    other dates correct the newest view of the pair. What the pair had before `valid_from` and from `valid_to` on stays.
    """
    with desk.changing(f"view:{declared.camera}/{declared.counter}") as session:
        _check_same_hall(session, declared)
        return _view(looks.put_view(session, declared, desk.services.clock()))


@router.put("/views/{view_id}")
def put_given_view(desk: AdminDesk, view_id: RowId, declared: ViewDeclaration) -> ViewShown:
    """The same of a given view: the same zones with other dates correct this one. 404 if its pair is another.

    Other zones hold from now on, or from `valid_from`; a view that is yet to begin is corrected in its place.
    """
    with desk.changing(f"view:{view_id}") as session:
        _check_same_hall(session, declared)
        return _view(looks.put_view(session, declared, desk.services.clock(), view_id=view_id))


def _check_same_hall(session: Session, declared: ViewDeclaration) -> None:
    check_exists(session, camera=(Camera, declared.camera), counter=(Counter, declared.counter))
    camera, counter = session.get(Camera, declared.camera), session.get(Counter, declared.counter)
    if camera and counter and camera.hall_id != counter.hall_id:
        said = Saying("This counter is in hall “%(hall)s”, not in the camera's.", hall=counter.hall_id)
        raise Unprocessable(fields=[FieldProblem("counter", said)])


@router.delete("/views/{view_id}", status_code=204)
def end_view(desk: AdminDesk, view_id: RowId) -> None:
    """The view ends now; what was seen with it stays. One that was yet to begin is removed."""
    with desk.changing(f"view:{view_id}") as session:
        view = found(session, View, view_id)
        now = desk.services.clock()
        if view.valid_to is not None and view.valid_to <= now:
            raise NotFound
        looks.end_view(session, view, now)
