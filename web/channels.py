"""The channels of notifications, as the configuration file, a page or the API declares them."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import AlertKind, Audience, NotifyChannel, User
from storage.sayings import Saying
from storage.secrets import SecretBox, SecretError
from web.contact_address import names_a_person
from web.declarations import ChannelDeclaration
from web.errors import Unprocessable
from web.field_problems import FieldProblem
from web.quiet import QuietHours, quiet_hours


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    url: str = field(repr=False)
    """As Apprise reads it; holds passwords and tokens. Empty: it is sealed with another key."""
    kinds: tuple[AlertKind, ...]
    since: datetime | None = None
    """What was raised before is not for it."""
    audience: Audience = Audience.ALERTS
    place: str = ""
    """Id of the department, the hall or the district whose cards or alerts it is told of; empty: of every one."""
    place_kind: str = ""
    """department, hall or district, where it has a place."""
    after_minutes: int = 0
    """It gets alerts that last and that nobody has acknowledged for so long; 0: each at once."""
    user_id: int | None = None
    """Whose it is: it gets the alerts that this user may see."""
    quiet: QuietHours | None = None
    urgent: tuple[AlertKind, ...] = ()
    """What does not wait for their end."""

    @property
    def service(self) -> str:
        """What kind of address it is, e.g. mailtos; nothing of the rest may be shown."""
        scheme, sign, _rest = self.url.partition("://")
        return scheme if sign else ""


def load_channels(session: Session, secrets: SecretBox) -> list[Channel]:
    return [opened(row, secrets) for row in session.exec(select(NotifyChannel).order_by(col(NotifyChannel.name)))]


def opened(row: NotifyChannel, secrets: SecretBox) -> Channel:
    try:
        url = secrets.open(row.url)
    except SecretError:
        url = ""
    kinds = tuple(AlertKind(kind) for kind in row.kinds)
    places = {"department": row.department_id, "hall": row.hall_id, "district": row.district_id}
    place_kind, place = next(((kind, place) for kind, place in places.items() if place), ("", ""))
    return Channel(
        row.name,
        url,
        kinds,
        row.since,
        row.audience,
        place,
        place_kind,
        row.after_minutes,
        user_id=row.user_id,
        quiet=quiet_hours(row.quiet_from, row.quiet_to),
        urgent=tuple(AlertKind(kind) for kind in row.urgent),
    )


def put_channel(session: Session, declared: ChannelDeclaration, secrets: SecretBox, now: datetime) -> NotifyChannel:
    """Without an address the stored one stays. Raises Unprocessable for a new channel without one, and for one that
    nobody can be reached by."""
    row = session.get(NotifyChannel, declared.name)
    if row is None:
        if not declared.url:
            raise Unprocessable(fields=[FieldProblem("url", Saying("This is needed."))])
        row = NotifyChannel(name=declared.name, url="", kinds=[], since=now)
    if declared.url:
        row.url = secrets.seal(declared.url.get_secret_value())
    before = _reader(row)
    row.kinds, row.audience = list(declared.kinds), declared.audience
    row.department_id, row.hall_id, row.district_id = declared.department, declared.hall, declared.district
    row.user_id, row.after_minutes = _user_id(session, declared.person), declared.after_minutes
    row.quiet_from, row.quiet_to, row.urgent = declared.quiet_from, declared.quiet_to, list(declared.urgent)
    if before != _reader(row):
        row.since = now  # whoever reads it now is told of what comes
    _check_reach(opened(row, secrets))
    session.add(row)
    session.flush()
    return row


def _reader(row: NotifyChannel) -> tuple[object, ...]:
    return row.audience, row.department_id, row.hall_id, row.district_id, row.user_id


def _user_id(session: Session, name: str | None) -> int | None:
    if not name:
        return None
    found = session.exec(select(User.id).where(User.name == name)).first()
    if found is None:
        raise Unprocessable(fields=[FieldProblem("person", Saying("There is no user %(name)s.", name=name))])
    return found


def _check_reach(channel: Channel) -> None:
    of_persons = names_a_person(channel.url)
    is_for_them = channel.audience in (Audience.CONTACT, Audience.ALERTS) and channel.user_id is None
    if of_persons and not is_for_them:
        raise Unprocessable(
            fields=[FieldProblem("url", Saying("Only messages to contact persons have {mail} or {phone}."))]
        )
    if channel.audience is Audience.CONTACT and channel.url and not of_persons and not channel.place:
        raise Unprocessable(fields=[FieldProblem("department", _WHOSE)])


_WHOSE = Saying("Name a department, or write {mail} or {phone} of the contact persons on record into the address.")
