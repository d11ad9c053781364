"""Finding cameras in the network and asking them for their streams: for administrators, as the server asks."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, SecretStr

from ingest.video.onvif.addresses import device_url, host_of, is_host_alone
from ingest.video.onvif.discovery import SECONDS, Device, discover, discover_at
from ingest.video.onvif.problems import OnvifProblem
from ingest.video.onvif.profiles import propose
from ingest.video.onvif.reading import DeviceRead, read_device
from storage.sayings import Saying
from web.api.administration import AdminDesk, Desk
from web.declared_values import Strict
from web.errors import Unprocessable
from web.field_problems import FieldProblem

router = APIRouter(prefix="/api/v1", tags=["cameras"])


class Looking(Strict):
    seconds: Annotated[float, Field(ge=0.5, le=30)] = SECONDS
    host: Annotated[str, Field(max_length=253)] = ""
    """Asked alone; empty: everybody in the server's own networks."""


class Asking(Strict):
    address: Annotated[str, Field(min_length=1, max_length=300)]
    """Host, host:port, or the whole address of the device service."""
    username: Annotated[str, Field(max_length=200)] = ""
    password: SecretStr = SecretStr("")


@dataclass(frozen=True)
class CameraRead:
    ok: bool
    trouble: str = ""
    """bad_address, unreachable, silent, not_onvif, refused, clock_off or no_video."""
    error: str = ""
    """In words, with what to do."""
    device: DeviceRead | None = None
    url: str = ""
    """Proposed as main stream."""
    sub_url: str = ""
    """Proposed as sub-stream; empty where none is fit for it."""


@router.post("/camera-discovery")
def find_cameras(desk: AdminDesk, looking: Looking) -> tuple[Device, ...]:
    """The ONVIF cameras that answer; takes `seconds`. What they say of themselves is not proven."""
    note(desk, f"onvif:{_host(looking.host) if looking.host else 'discovery'}")
    if not looking.host:
        return discover(looking.seconds)
    if not is_host_alone(looking.host):
        raise Unprocessable(fields=[FieldProblem("host", Saying("a host alone is wanted, without port and path"))])
    try:
        return discover_at(looking.host, looking.seconds)
    except OSError:
        said = Saying("`%(host)s` is not known here", host=looking.host)
        raise Unprocessable(fields=[FieldProblem("host", said)]) from None


@router.post("/camera-profiles")
def read_camera(desk: AdminDesk, asking: Asking) -> CameraRead:
    """What streams a camera offers, and which of them to take; 20 s at most. The password is not kept."""
    note(desk, f"onvif:{_host(asking.address)}")
    try:
        device = read_device(asking.address, asking.username, asking.password.get_secret_value())
    except OnvifProblem as problem:
        return CameraRead(ok=False, trouble=problem.trouble.value, error=problem.said)
    proposal = propose(device.profiles)
    return CameraRead(
        ok=True,
        device=device,
        url=proposal.main.url if proposal else "",
        sub_url=proposal.sub.url if proposal and proposal.sub else "",
    )


def note(desk: Desk, subject: str) -> None:
    """In the access log, before anything is asked and whatever comes of it."""
    with desk.changing(subject):
        pass


def _host(address: str) -> str:
    """Of the rest no more is logged: passwords are typed into addresses, wherever."""
    try:
        return host_of(device_url(address))
    except OnvifProblem:
        return "?"
