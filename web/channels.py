"""The channels of notifications, as the configuration file, a page or the API declares them."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import AlertKind, NotifyChannel
from storage.sayings import Saying
from storage.secrets import SecretBox, SecretError
from web.declarations import ChannelDeclaration
from web.errors import Unprocessable
from web.field_problems import FieldProblem


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    url: str = field(repr=False)
    """As Apprise reads it; holds passwords and tokens. Empty: it is sealed with another key."""
    kinds: tuple[AlertKind, ...]
    since: datetime | None = None
    """What was raised before is not for it."""

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
    return Channel(row.name, url, tuple(AlertKind(kind) for kind in row.kinds), row.since)


def put_channel(session: Session, declared: ChannelDeclaration, secrets: SecretBox, now: datetime) -> NotifyChannel:
    """Without an address the stored one stays. Raises Unprocessable for a new channel without one."""
    row = session.get(NotifyChannel, declared.name)
    if row is None:
        if not declared.url:
            raise Unprocessable(fields=[FieldProblem("url", Saying("This is needed."))])
        row = NotifyChannel(name=declared.name, url="", kinds=[], since=now)
    if declared.url:
        row.url = secrets.seal(declared.url.get_secret_value())
    row.kinds = list(declared.kinds)
    session.add(row)
    session.flush()
    return row
