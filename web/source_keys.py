"""A source shows by its own key that it is itself: to push, and to read what became of its rows."""

from typing import Annotated

import structlog
from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlmodel import Session, select

from storage.models import Source
from web import sessions
from web.errors import KeyNeeded, NotFound, WrongKey
from web.places import key_hash
from web.services import ServicesDep

log = structlog.get_logger(__name__)


SCHEME = "sourceKey"
"""What the API's description calls it."""
_bearer = HTTPBearer(
    scheme_name=SCHEME, description="The key of the source, as it was shown once when it was made.", auto_error=False
)


def source_by_key(
    source: str,
    services: ServicesDep,
    authorization: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
) -> Source:
    """Raises KeyNeeded without a key, WrongKey, and NotFound for the key of another source."""
    if authorization is None or not authorization.credentials.strip():
        raise KeyNeeded
    hashed = key_hash(authorization.credentials.strip())
    with services.database.transaction() as session:
        found = session.get(Source, source)
        if found is not None and sessions.equal(hashed, found.key_hash):
            return found
        elsewhere = _is_known(session, hashed)
    log.warning("source_key_refused", source=source if found else "unknown", known_key=elsewhere)
    if elsewhere:
        raise NotFound("This key belongs to another source.")
    raise WrongKey


def _is_known(session: Session, hashed: str) -> bool:
    return session.exec(select(Source.id).where(Source.key_hash == hashed)).first() is not None


SourceByKey = Annotated[Source, Depends(source_by_key)]
