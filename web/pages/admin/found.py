"""The page that finds cameras in the network and fills in the form of a new one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import select

from ingest.video.onvif.discovery import Device
from ingest.video.onvif.profiles import Profile
from ingest.video.onvif.reading import DeviceRead
from ingest.video.rtsp.addresses import without_credentials
from storage.models import Camera
from storage.sayings import Saying
from web import found_cameras
from web.api import onvif as api
from web.api.administration import AdminDesk, Desk
from web.declarations import CameraDeclaration
from web.found_cameras import KEPT_FOR, FoundCamera
from web.i18n import gettext_marker as _
from web.pages.admin.forms import Field, SentForm, text
from web.pages.rendering import ScreenDep, add_page, html

router = APIRouter()
TEMPLATE = "find_cameras.html"
_RTSP_PORT = 554
_OLD = _("What the camera told has been forgotten meanwhile. List its streams once more.")


@dataclass(frozen=True)
class FoundDevice:
    device: Device
    cameras: tuple[str, ...]
    """Ids of the site's cameras at the same host."""


@dataclass(frozen=True)
class OfferedStream:
    profile: Profile
    cameras: tuple[str, ...]
    """Ids of the site's cameras that record or show exactly this stream."""


@dataclass(frozen=True)
class FindPage:
    looked: bool
    devices: tuple[FoundDevice, ...]
    address: str
    """Of the device that is asked for its streams, as entered."""
    username: str
    problem: str
    device: DeviceRead | None
    streams: tuple[OfferedStream, ...]
    main: str
    """The address proposed as main stream."""
    sub: str


def find_page(desk: AdminDesk, look: bool = False, address: Annotated[str, Query(max_length=300)] = "") -> FindPage:
    """`look` looks for cameras for three seconds; `address` is entered already in the form that asks one of them."""
    found = api.find_cameras(desk, api.Looking()) if look else ()
    known = _cameras(desk) if found else ()
    marked = tuple(FoundDevice(device, _at(known, device.host)) for device in found)
    return FindPage(look, marked, address, "", "", None, (), "", "")


add_page(router, "/admin/cameras/find", TEMPLATE, find_page)


@router.post("/admin/cameras/find", include_in_schema=False)
def list_streams(desk: AdminDesk, around: ScreenDep, form: SentForm) -> Response:
    """Asks one camera; takes some seconds, 20 at most."""
    shown = without_credentials(text(form, "address"))
    page = replace(find_page(desk), address=shown, username=text(form, "username"))
    try:
        asking = api.Asking(
            address=text(form, "address"), username=page.username, password=str(form.get("password", ""))
        )
    except ValidationError:
        return html(around, TEMPLATE, replace(page, problem=_("Enter the address of a camera.")))
    read = api.read_camera(desk, asking)
    if read.device is None:
        return html(around, TEMPLATE, replace(page, problem=read.error))
    _keep(desk, read.device, asking)
    known = _cameras(desk)
    streams = tuple(OfferedStream(profile, _showing(known, profile.url)) for profile in read.device.profiles)
    page = replace(page, device=read.device, streams=streams, main=read.url, sub=read.sub_url)
    return html(around, TEMPLATE, page)


def _keep(desk: Desk, device: DeviceRead, asking: api.Asking) -> None:
    found = FoundCamera(
        host=device.host,
        name=f"{device.manufacturer} {device.model}".strip(),
        username=asking.username,
        password=asking.password.get_secret_value(),
        until=desk.services.clock() + KEPT_FOR,
    )
    with desk.services.database.transaction() as session:
        found_cameras.keep(session, desk.viewer, desk.services.secrets, found)


@router.post("/admin/cameras/found", include_in_schema=False)
def take_streams(desk: AdminDesk, around: ScreenDep, form: SentForm) -> Response:
    """Leads to the form of a new camera, filled in with what has been chosen."""
    services = desk.services
    with services.database.transaction() as session:
        found = found_cameras.kept(session, desk.viewer, services.secrets, services.clock())
        if found:
            main, sub = text(form, "url"), text(form, "sub_url")
            found_cameras.choose(session, desk.viewer, services.secrets, found, main, "" if sub == main else sub)
    if found is None:
        return html(around, TEMPLATE, replace(find_page(desk), problem=_OLD))
    return RedirectResponse("/admin/cameras?new=true&found=true#form", 303)


def kept_camera(desk: Desk) -> FoundCamera | None:
    """What this session has chosen and not saved yet."""
    services = desk.services
    with services.database.transaction() as session:
        return found_cameras.kept(session, desk.viewer, services.secrets, services.clock())


def filled_in(fields: Iterable[Field], found: FoundCamera | None) -> tuple[Field, ...]:
    """The form of a new camera with what was found; the password is never among it."""
    if found is None:
        return tuple(fields)
    values = {"name": found.name, "url": found.url, "sub_url": found.sub_url, "username": found.username}
    return tuple(replace(field, value=values.get(field.name, field.value)) for field in fields)


def password_hint(found: FoundCamera | None) -> str:
    if found is None or not found.username:
        return ""
    return Saying("Leave empty to use the one that has just listed the streams of %(host)s.", host=found.host)


def with_its_password(desk: Desk, declared: CameraDeclaration) -> CameraDeclaration:
    return found_cameras.with_its_password(declared, kept_camera(desk))


def forget(desk: Desk) -> None:
    with desk.services.database.transaction() as session:
        found_cameras.forget(session, desk.viewer)


def _at(known: Sequence[Camera], host: str) -> tuple[str, ...]:
    return tuple(camera.id for camera in known if host in {urlsplit(url).hostname for url in _urls(camera)})


def _showing(known: Sequence[Camera], url: str) -> tuple[str, ...]:
    return tuple(camera.id for camera in known if url and _same(url) in map(_same, _urls(camera)))


def _cameras(desk: Desk) -> Sequence[Camera]:
    with desk.reading() as session:
        return session.exec(select(Camera).order_by(Camera.id)).all()


def _urls(camera: Camera) -> tuple[str, ...]:
    return tuple(filter(None, (camera.url, camera.sub_url)))


def _same(url: str) -> tuple[str, int, str, str]:
    """Addresses of the same stream are equal, whether or not they name the usual port."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _RTSP_PORT, parts.path, parts.query
