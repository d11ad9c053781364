"""Filters of the list of cases under a name: one's own, or offered to others of the same halls."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from pydantic import AfterValidator, Field
from sqlmodel import Session, col, delete, select

from storage.database import lock_for_adding
from storage.models import DefaultView, Department, Role, SavedView, Scope, User
from storage.sayings import Saying
from web.declared_values import Strict
from web.errors import NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.pages.case_sources import seen_sources
from web.pages.places import visible_districts
from web.viewer import Viewer

FILTERS = (
    "q",
    "match",
    "status",
    "card",
    "channel",
    "item",
    "department",
    "district",
    "hall",
    "source",
    "from",
    "to",
    "sort",
)
"""With the order, which is kept as they are."""
MOST_VIEWS = 50
_NAMES_SOMEBODY = Saying("A shared view has no search text, which may name a person. Take it away, or keep the view.")
_THERE = Saying("A view of yours has this name already. Choose another one.")
_TOO_MANY = Saying("There are %(most)s views of yours already. Remove one first.", most=MOST_VIEWS)


def filters_of(query: str) -> str:
    """What of an address are filters, in their order; what is empty, a page or a notice is none."""
    said = dict(parse_qsl(query.removeprefix("?")))
    return urlencode([(name, said[name]) for name in FILTERS if said.get(name)])


Name = Annotated[str, Field(min_length=1, max_length=60)]


class NameRequest(Strict):
    name: Name


class ViewRequest(Strict):
    name: Name
    query: Annotated[str, Field(max_length=1000), AfterValidator(filters_of)]
    """As in the address of the list."""
    shared: bool = False
    default: bool = False
    """The list opens with it."""


@dataclass(frozen=True)
class ViewRow:
    id: int
    name: str
    query: str
    shared: bool
    is_own: bool
    is_default: bool
    by: str


def leads_somewhere(
    query: str, viewer: Viewer, districts: Collection[str], sources: Collection[str] = frozenset()
) -> bool:
    """Its hall, its district and its source are among what the viewer sees; `districts` and `sources` are those."""
    said = dict(parse_qsl(query))
    hall, district, source = said.get("hall"), said.get("district"), said.get("source")
    sees_place = (hall is None or viewer.may_see_hall(hall)) and (district is None or district in districts)
    return sees_place and (source is None or source in sources)


def is_offered(query: str, owner_halls: Collection[str] | None, viewer: Viewer) -> bool:
    """Whether a shared view that leads somewhere is of use to them: its place is theirs, or they have halls in common
    with its owner; no department is led to another's cases. None: the owner sees every hall."""
    said = dict(parse_qsl(query))
    if viewer.role is Role.DEPARTMENT and said.get("department", viewer.department_id) != viewer.department_id:
        return False
    if said.keys() & {"hall", "district"}:
        return True
    return viewer.halls is None or owner_halls is None or bool(viewer.halls & set(owner_halls))


def views_of(session: Session, viewer: Viewer) -> tuple[ViewRow, ...]:
    """One's own first, then those that are offered, by name."""
    default = session.get(DefaultView, viewer.user_id)
    found = session.exec(
        select(SavedView, User)
        .join(User, col(User.id) == col(SavedView.owner_id))
        .where((col(SavedView.owner_id) == viewer.user_id) | col(SavedView.shared))
        .order_by(col(SavedView.owner_id) != viewer.user_id, col(SavedView.name), col(SavedView.id))
    ).all()
    halls = _halls_of(session, [user for _, user in found])
    seen = _seen(session, viewer, [view.query for view, _ in found])
    return tuple(
        ViewRow(
            id=view.id or 0,
            name=view.name,
            query=view.query,
            shared=view.shared,
            is_own=view.owner_id == viewer.user_id,
            is_default=default is not None
            and default.view_id == view.id
            and leads_somewhere(view.query, viewer, *seen),
            by=owner.display_name or owner.name,
        )
        for view, owner in found
        if view.owner_id == viewer.user_id
        or (
            owner.active
            and leads_somewhere(view.query, viewer, *seen)
            and is_offered(view.query, halls.get(owner.id or 0), viewer)
        )
    )


def _seen(session: Session, viewer: Viewer, queries: Iterable[str]) -> tuple[set[str], set[str]]:
    """Districts, if the queries name any, and the sources that they name."""
    said = [pair for query in queries for pair in parse_qsl(query)]
    districts = visible_districts(session, viewer) if any(name == "district" for name, _ in said) else ()
    named = {value for name, value in said if name == "source"}
    return {district.id for district in districts}, seen_sources(session, viewer, named)


def _halls_of(session: Session, owners: Sequence[User]) -> dict[int, set[str] | None]:
    """None: every hall."""
    found: dict[int, set[str] | None] = {
        owner.id or 0: None if owner.all_halls or owner.role is Role.ADMIN else set() for owner in owners
    }
    if limited := {owner_id: halls for owner_id, halls in found.items() if halls is not None}:
        for scope in session.exec(select(Scope).where(col(Scope.user_id).in_(limited))):
            limited[scope.user_id].add(scope.hall_id)
    return found


def save(session: Session, wanted: ViewRequest, viewer: Viewer, now: datetime) -> SavedView:
    """In the place of one's own of the same name. Has to be the first that the transaction does."""
    lock_for_adding(session, SavedView)
    _check(session, wanted, viewer)
    of_owner = select(SavedView).where(SavedView.owner_id == viewer.user_id)
    view = session.exec(of_owner.where(SavedView.name == wanted.name)).first()
    if view is None:
        if len(session.exec(of_owner).all()) >= MOST_VIEWS:
            raise Unprocessable(fields=[FieldProblem("name", _TOO_MANY)])
        view = SavedView(owner_id=viewer.user_id, name=wanted.name, query="", saved_at=now)
    view.query, view.shared, view.saved_at = wanted.query, wanted.shared, now
    session.add(view)
    session.flush()
    if wanted.default:
        set_default(session, viewer, view.id)
    return view


def _check(session: Session, wanted: ViewRequest, viewer: Viewer) -> None:
    """What is out of scope is not there."""
    said = dict(parse_qsl(wanted.query))
    if wanted.shared and "q" in said:
        raise Unprocessable(fields=[FieldProblem("shared", _NAMES_SOMEBODY)])
    if not leads_somewhere(wanted.query, viewer, *_seen(session, viewer, [wanted.query])):
        raise NotFound
    if "department" in said and session.get(Department, said["department"]) is None:
        raise NotFound


def rename(session: Session, viewer: Viewer, view_id: int, name: str) -> None:
    """One's own; who has it as default keeps it. Has to be the first that the transaction does."""
    lock_for_adding(session, SavedView)
    view = _own(session, viewer, view_id)
    same = select(SavedView.id).where(SavedView.owner_id == viewer.user_id, SavedView.name == name)
    if session.exec(same.where(SavedView.id != view_id)).first() is not None:
        raise Unprocessable(fields=[FieldProblem("name", _THERE)])
    view.name = name
    session.add(view)


def remove(session: Session, viewer: Viewer, view_id: int) -> None:
    """One's own; for whoever had it as default the list opens with everything again."""
    view = _own(session, viewer, view_id)
    session.execute(delete(DefaultView).where(col(DefaultView.view_id) == view_id))
    session.delete(view)


def _own(session: Session, viewer: Viewer, view_id: int) -> SavedView:
    view = session.get(SavedView, view_id)
    if view is None or view.owner_id != viewer.user_id:
        raise NotFound
    return view


def set_default(session: Session, viewer: Viewer, view_id: int | None) -> None:
    """None: the list opens with everything. Raises NotFound for one that is not offered."""
    if view_id is not None and view_id not in {view.id for view in views_of(session, viewer)}:
        raise NotFound
    session.execute(delete(DefaultView).where(col(DefaultView.user_id) == viewer.user_id))
    if view_id is not None:
        session.add(DefaultView(user_id=viewer.user_id, view_id=view_id))


def default_query(views: Iterable[ViewRow]) -> str:
    """Empty: there is none, or it is not offered any more."""
    return next((view.query for view in views if view.is_default), "")
