"""What an administrator has learned from a camera by ONVIF, kept until it is saved as a camera of the site.

The password stays on the server meanwhile: sealed, in the session of whoever entered it, for a quarter of an hour.
"""

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import orjson
from pydantic import SecretStr
from sqlmodel import Session, select

from storage.models import WebSession
from storage.secrets import SecretBox, SecretError
from web.declarations import CameraDeclaration
from web.viewer import Viewer

KEPT_FOR = timedelta(minutes=15)


@dataclass(frozen=True)
class FoundCamera:
    """`url` and `sub_url` are empty until streams are chosen."""

    host: str
    """Which was asked with this user and password."""
    name: str
    username: str
    password: str = field(repr=False)
    until: datetime
    url: str = ""
    sub_url: str = ""


def keep(session: Session, viewer: Viewer, secrets: SecretBox, found: FoundCamera) -> None:
    """Instead of what the same session has kept before."""
    row = _session_of(session, viewer)
    row.found_camera = secrets.seal(orjson.dumps(asdict(found)).decode())
    session.add(row)


def kept(session: Session, viewer: Viewer, secrets: SecretBox, now: datetime) -> FoundCamera | None:
    row = _session_of(session, viewer)
    try:
        told = orjson.loads(secrets.open(row.found_camera) or "null")
    except SecretError:  # the key has been changed
        return None
    if told is None:
        return None
    found = FoundCamera(**{**told, "until": datetime.fromisoformat(told["until"])})
    return found if now < found.until else None


def choose(session: Session, viewer: Viewer, secrets: SecretBox, found: FoundCamera, url: str, sub_url: str) -> None:
    keep(session, viewer, secrets, replace(found, url=url, sub_url=sub_url))


def forget(session: Session, viewer: Viewer) -> None:
    row = _session_of(session, viewer)
    row.found_camera = ""
    session.add(row)


def with_its_password(declared: CameraDeclaration, found: FoundCamera | None) -> CameraDeclaration:
    """The kept password for the same user and host alone, and where none is given."""
    hosts = {urlsplit(url).hostname for url in (declared.url, declared.sub_url) if url}
    if found is None or declared.password is not None or not declared.username:
        return declared
    if declared.username != found.username or hosts != {found.host}:
        return declared
    return declared.model_copy(update={"password": SecretStr(found.password)})


def _session_of(session: Session, viewer: Viewer) -> WebSession:
    mine = select(WebSession).where(WebSession.user_id == viewer.user_id, WebSession.csrf == viewer.csrf)
    return session.exec(mine).one()
