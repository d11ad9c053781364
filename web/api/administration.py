"""What the routes of administration share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from web.access_log import log_access
from web.addresses import client_address
from web.auth import require
from web.errors import Conflict, FieldProblem, NotFound, Unprocessable
from web.permissions import Permission
from web.services import Services, ServicesDep
from web.viewer import Viewer

Admin = Annotated[Viewer, Depends(require(Permission.ADMIN))]
Row = TypeVar("Row", bound=SQLModel)


@dataclass(frozen=True)
class Desk:
    """Where an administrator changes something: one transaction, and a line in the access log for each change."""

    services: Services
    viewer: Viewer
    address: str

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.services.database.transaction() as session:
            yield session

    @contextmanager
    def changing(self, subject: str) -> Iterator[Session]:
        """`subject` is e.g. "hall:cc". Raises Conflict when other rows still stand on what is removed."""
        try:
            with self.services.database.transaction() as session:
                yield session
                session.flush()
                now = self.services.clock()
                log_access(session, self.viewer, "administer", subject, "", now, self.address)
        except IntegrityError:
            raise Conflict(f"{subject} is in use or its values are taken; nothing was changed.") from None


def desk(request: Request, services: ServicesDep, viewer: Admin) -> Desk:
    return Desk(services, viewer, client_address(request))


AdminDesk = Annotated[Desk, Depends(desk)]


def check_id(in_path: str, in_body: str) -> None:
    if in_path != in_body:
        raise Unprocessable(fields=[FieldProblem("id", f"is {in_body!r}, but the address says {in_path!r}")])


def check_exists(session: Session, **references: tuple[type[SQLModel], str | None]) -> None:
    """`hall=(Hall, "cc")`: raises Unprocessable naming every field that refers to nothing."""
    problems = [
        FieldProblem(field, f"there is no {kind.__name__.lower()} `{key}`")
        for field, (kind, key) in references.items()
        if key and session.get(kind, key) is None
    ]
    if problems:
        raise Unprocessable(fields=problems)


def found(session: Session, kind: type[Row], key: object) -> Row:
    row = session.get(kind, key)
    if row is None:
        raise NotFound
    return row


def remove(session: Session, kind: type[SQLModel], key: object) -> None:
    session.delete(found(session, kind, key))
    session.flush()
