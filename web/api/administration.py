"""What the routes of administration share."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Request
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from storage.database import lock_for_adding
from storage.models import (
    AbsenceRule,
    Camera,
    Counter,
    Department,
    District,
    Hall,
    Item,
    NotifyChannel,
    RetentionRule,
    Source,
)
from storage.sayings import Saying
from web.access_log import log_access
from web.addresses import client_address
from web.auth import require
from web.errors import AlreadyThere, Conflict, NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.i18n import Language, language_for
from web.i18n import gettext_marker as _
from web.in_use import HISTORY, joined, uses_of
from web.permissions import Permission
from web.services import Services, ServicesDep
from web.viewer import Viewer

Admin = Annotated[Viewer, Depends(require(Permission.ADMIN))]
Row = TypeVar("Row", bound=SQLModel)
_MISSING: Mapping[type[SQLModel], str] = {
    District: _("There is no district “%(id)s”."),
    Department: _("There is no department “%(id)s”."),
    Hall: _("There is no hall “%(id)s”."),
    Counter: _("There is no counter “%(id)s”."),
    Camera: _("There is no camera “%(id)s”."),
}
_THERE: Mapping[type[SQLModel], str] = {
    District: _("There is already a district %(id)s; open it to change it."),
    Department: _("There is already a department %(id)s; open it to change it."),
    Hall: _("There is already a hall %(id)s; open it to change it."),
    Counter: _("There is already a counter %(id)s; open it to change it."),
    Camera: _("There is already a camera %(id)s; open it to change it."),
    Item: _("There is already an item %(id)s; open it to change it."),
    Source: _("There is already a source %(id)s; open it to change it."),
    NotifyChannel: _("There is already a channel %(id)s; open it to change it."),
}
_RULE_THERE = Saying("There is already a rule for this; open it to change it.")


class Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def name_en(self) -> str: ...


@dataclass(frozen=True)
class Desk:
    """Where an administrator changes something: one transaction, and a line in the access log for each change."""

    services: Services
    viewer: Viewer
    address: str
    only_new: bool = False
    """Nothing that is there may be changed: a form that adds was sent, or a program's `If-None-Match: *`."""
    language: Language = Language.ZH
    """In which the pages speak."""

    def named(self, place: Named) -> str:
        """Its name in that language, or the one that it has."""
        return (place.name_en if self.language is Language.EN else "") or place.name

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
            name = subject.partition(":")[2]
            said = Saying("“%(name)s” is in use or its values are taken; nothing was changed.", name=name)
            raise Conflict(said) from None

    def check_new(self, session: Session, kind: type[SQLModel], key: str, field: str = "id") -> None:
        """Where only a new one is wanted; the first that a transaction does. Raises AlreadyThere."""
        if not self.only_new:
            return
        lock_for_adding(session, kind)
        if session.get(kind, key) is not None:
            raise AlreadyThere(fields=[FieldProblem(field, Saying(_THERE[kind], id=key))])

    def check_new_rule(
        self,
        session: Session,
        kind: type[AbsenceRule] | type[RetentionRule],
        in_force: Callable[[], Sequence[SQLModel]],
        field: str,
    ) -> None:
        """The same for what has no name but a place that it is for."""
        if not self.only_new:
            return
        lock_for_adding(session, kind)
        if in_force():
            raise AlreadyThere(fields=[FieldProblem(field, _RULE_THERE)])


def desk(request: Request, services: ServicesDep, viewer: Admin) -> Desk:
    only_new = request.method == "PUT" and request.headers.get("If-None-Match", "").strip() == "*"
    return Desk(services, viewer, client_address(request), only_new, language_for(request, viewer.language))


AdminDesk = Annotated[Desk, Depends(desk)]


def check_id(in_path: str, in_body: str, field: str = "id") -> None:
    if in_path != in_body:
        said = Saying("This is “%(id)s”, but the address says “%(other)s”.", id=in_body, other=in_path)
        raise Unprocessable(fields=[FieldProblem(field, said)])


def check_exists(session: Session, **references: tuple[type[SQLModel], str | None]) -> None:
    """`hall=(Hall, "cc")`: raises Unprocessable naming every field that refers to nothing."""
    problems = [
        FieldProblem(field, Saying(_MISSING[kind], id=key))
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
    """Raises Conflict when other rows still stand on it."""
    row = found(session, kind, key)
    session.refresh(row, with_for_update=True)  # whoever begins to use it is waited for, and then seen
    uses = list(uses_of(session, kind, key))
    if uses:
        raise _in_use(key, joined(uses))
    session.delete(row)
    try:
        session.flush()
    except IntegrityError:  # somebody has just begun to use it
        raise _in_use(key, HISTORY) from None


def _in_use(key: object, by: Saying) -> Conflict:
    return Conflict(Saying("“%(name)s” is in use by %(uses)s. Nothing was changed.", name=str(key), uses=by))
