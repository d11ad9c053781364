"""Server-side sessions: the cookie carries a random token, the table only its SHA-256."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from storage.models import Role, Scope, User, WebSession
from web.viewer import Viewer

COOKIE = "hallwatch_session"
LIFETIME = timedelta(hours=12)
_TOKEN_BYTES = 32


@dataclass(frozen=True)
class OpenedSession:
    token: str
    csrf: str
    expires_at: datetime


def open_session(session: Session, user_id: int, now: datetime) -> OpenedSession:
    opened = OpenedSession(secrets.token_urlsafe(_TOKEN_BYTES), secrets.token_urlsafe(_TOKEN_BYTES), now + LIFETIME)
    session.exec(delete(WebSession).where(col(WebSession.expires_at) <= now))
    session.add(
        WebSession(
            id=_digest(opened.token),
            user_id=user_id,
            csrf=opened.csrf,
            created_at=now,
            expires_at=opened.expires_at,
        )
    )
    return opened


def close_session(session: Session, token: str) -> None:
    session.exec(delete(WebSession).where(col(WebSession.id) == _digest(token)))


def close_all(session: Session, user_id: int) -> None:
    """Signs a user out everywhere: after a new password, another role or being disabled."""
    session.exec(delete(WebSession).where(col(WebSession.user_id) == user_id))


def viewer_of(session: Session, token: str, now: datetime) -> Viewer | None:
    """Who holds this token; None if it is unknown or expired or its user is disabled."""
    found = session.exec(
        select(WebSession, User)
        .join(User, col(User.id) == col(WebSession.user_id))
        .where(WebSession.id == _digest(token), WebSession.expires_at > now, col(User.active).is_(True))
    ).first()
    if found is None:
        return None
    web_session, user = found
    return _viewer(session, user, web_session.csrf)


def viewer_without_session(session: Session, user_id: int) -> Viewer | None:
    """The same for who gets messages while signed out; None while the user is disabled."""
    user = session.get(User, user_id)
    return _viewer(session, user, "") if user is not None and user.active else None


def _viewer(session: Session, user: User, csrf: str) -> Viewer:
    assert user.id is not None
    return Viewer(
        user_id=user.id,
        name=user.name,
        display_name=user.display_name or user.name,
        role=user.role,
        halls=_halls(session, user),
        department_id=user.department_id if user.role is Role.DEPARTMENT else None,
        language=user.language,
        csrf=csrf,
    )


def _halls(session: Session, user: User) -> frozenset[str] | None:
    if user.all_halls or user.role is Role.ADMIN:
        return None
    return frozenset(session.exec(select(Scope.hall_id).where(Scope.user_id == user.id)))


def equal(left: str, right: str) -> bool:
    """Compares without telling by its duration where the two differ."""
    return bool(right) and hmac.compare_digest(left.encode(), right.encode())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
