"""Channels of notifications: for administrators. An address goes in and never comes out."""

from dataclasses import dataclass

from fastapi import APIRouter
from pydantic import BaseModel
from sqlmodel import Session

from storage.models import AlertKind, Audience, Department, District, Hall, NotifyChannel, User
from storage.sayings import Saying
from web import channels
from web.api.addressed import AddressedRoute
from web.api.administration import AdminDesk, check_exists, check_id, found, remove
from web.channels import Channel, put_channel
from web.contact_address import names_a_person
from web.declarations import ChannelDeclaration
from web.errors import Unprocessable
from web.field_problems import FieldProblem
from web.notice import trial
from web.notify_apprise import DeliveryFailed, Reason, send, understands

router = APIRouter(prefix="/api/v1", tags=["channels"], route_class=AddressedRoute)


class ChannelShown(BaseModel):
    name: str
    service: str
    """The kind of its address, e.g. mailtos; empty when it cannot be read with this secret.key."""
    kinds: tuple[AlertKind, ...]
    audience: Audience
    place: str
    """Id of the department, the hall or the district whose cards or alerts it is told of; empty: of every one."""
    place_kind: str
    """department, hall or district, where it has a place."""
    after_minutes: int
    """It gets alerts that last and that nobody has acknowledged for so long; 0: each at once."""
    person: str
    """Sign-in name of the user whose alerts it gets; empty: it gets every hall's."""
    quiet_from: str
    """HH:MM, from when on messages wait; empty: none does."""
    quiet_to: str
    urgent: tuple[AlertKind, ...]
    """Alerts that do not wait."""


@dataclass(frozen=True)
class Trial:
    """Whether the service took a test message."""

    ok: bool
    error: str


@router.get("/channels")
def list_channels(desk: AdminDesk) -> list[ChannelShown]:
    with desk.reading() as session:
        return [_shown(session, channel) for channel in channels.load_channels(session, desk.services.secrets)]


def _shown(session: Session, channel: Channel) -> ChannelShown:
    user = session.get(User, channel.user_id) if channel.user_id else None
    quiet = channel.quiet
    return ChannelShown(
        name=channel.name,
        service=channel.service,
        kinds=channel.kinds,
        audience=channel.audience,
        place=channel.place,
        place_kind=channel.place_kind,
        after_minutes=channel.after_minutes,
        person=user.name if user else "",
        quiet_from=f"{quiet.start:%H:%M}" if quiet else "",
        quiet_to=f"{quiet.end:%H:%M}" if quiet else "",
        urgent=channel.urgent,
    )


@router.put("/channels/{name}")
def set_channel(desk: AdminDesk, name: str, declared: ChannelDeclaration) -> ChannelShown:
    """A new channel is told of what is raised from now on. Without `url` the stored one stays."""
    check_id(name, declared.name, "name")
    if declared.url and (problems := address_problems(declared.url.get_secret_value())):
        raise Unprocessable(fields=problems)
    with desk.changing(f"channel:{name}") as session:
        desk.check_new(session, NotifyChannel, name, "name")
        check_exists(
            session,
            department=(Department, declared.department),
            hall=(Hall, declared.hall),
            district=(District, declared.district),
        )
        row = put_channel(session, declared, desk.services.secrets, desk.services.clock())
        return _shown(session, channels.opened(row, desk.services.secrets))


def address_problems(url: str) -> list[FieldProblem]:
    said = Saying("This is not an address that Apprise understands.")
    return [] if understands(url) else [FieldProblem("url", said)]


@router.delete("/channels/{name}", status_code=204)
def delete_channel(desk: AdminDesk, name: str) -> None:
    """What it has not got yet it will not get."""
    with desk.changing(f"channel:{name}") as session:
        remove(session, NotifyChannel, name)


@router.post("/channels/{name}/test")
def send_test(desk: AdminDesk, name: str) -> Trial:
    """Sends a message that says it is a test; takes up to 15 s when the service does not answer."""
    with desk.changing(f"channel:{name}:test") as session:
        channel = channels.opened(found(session, NotifyChannel, name), desk.services.secrets)
    if names_a_person(channel.url):
        return Trial(ok=False, error=Reason.NO_PERSON)
    try:
        send(channel.url, trial(name, desk.services.settings.web.public_url))
    except DeliveryFailed as error:
        return Trial(ok=False, error=str(error))
    return Trial(ok=True, error="")
