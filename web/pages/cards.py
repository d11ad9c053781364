"""The inbox of cards: whom they wait for, why they were raised, and what was said."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from storage.models import Card, CardCause, CardKind, CardState, Case, Department, Role
from web.auth import require
from web.pages.card_rows import InboxCard, inbox_cards
from web.pages.case_rows import DepartmentRef
from web.pages.filters import DayRange, DayRangeDep, chosen_hall, zone_of
from web.pages.formats import local_iso
from web.pages.open_work import is_open_card
from web.pages.paging import PAGE_SIZE, Cursor, after, cut, parse_cursor
from web.pages.places import HallRef, visible_halls
from web.pages.rendering import add_page
from web.pages.scoping import cases_in_scope
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.permissions import Permission
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter()
CardReader = Annotated[Viewer, Depends(require(Permission.CASES))]
KindFilter = Literal["", "reminder", "yellow", "red"]
StateFilter = Literal[
    "open",
    "unexplained",
    "raised",
    "explained",
    "upheld",
    "appealed",
    "confirmed",
    "corrected",
    "closed",
    "withdrawn",
    "all",
]
_LONGEST_SEARCH = 100
_Found = tuple[Card, Case]


@dataclass(frozen=True)
class CardsPage:
    now: datetime
    zone: str
    """For cards of cases without a hall."""
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    departments: tuple[DepartmentRef, ...]
    """That have cards in scope; empty for a department, which sees its own alone."""
    department: str
    q: str
    state: StateFilter
    kind: KindFilter
    cause: CardCause | None
    causes: tuple[CardCause, ...]
    """That there are."""
    days: DayRange
    """On which the cards were raised."""
    cards: tuple[InboxCard, ...]
    next: str


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    viewer: Viewer
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    department: str
    q: str
    state: StateFilter
    kind: KindFilter
    cause: CardCause | None
    days: DayRange


def wanted(
    viewer: CardReader,
    services: ServicesDep,
    days: DayRangeDep,
    hall: str = "",
    department: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    q: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    state: Annotated[StateFilter, Query()] = "open",
    kind: Annotated[KindFilter, Query()] = "",
    cause: Annotated[CardCause | Literal[""], Query()] = "",
) -> Wanted:
    """A hall out of scope is not there."""
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
    return Wanted(viewer, halls, chosen_hall(halls, hall), department, q.strip(), state, kind, cause or None, days)


WantedDep = Annotated[Wanted, Depends(wanted)]


def cards_page(wanted: WantedDep, services: ServicesDep, after: str = "") -> CardsPage:
    now = services.clock()
    with services.database.transaction() as session:
        shown, more = cut(_cards(session, wanted, now, parse_cursor(after), PAGE_SIZE + 1))
        last = shown[-1][0] if more else None
        return CardsPage(
            now=now,
            zone=zone_of(wanted.halls, wanted.hall),
            halls=wanted.halls,
            hall=wanted.hall,
            departments=_departments(session, wanted.viewer),
            department=wanted.department,
            q=wanted.q,
            state=wanted.state,
            kind=wanted.kind,
            cause=wanted.cause,
            causes=tuple(CardCause),
            days=wanted.days,
            cards=inbox_cards(session, wanted.viewer, shown, now),
            next=str(Cursor(last.raised_at, last.id or 0)) if last else "",
        )


def _cards(session: Session, wanted: Wanted, now: datetime, cursor: Cursor | None, limit: int) -> list[_Found]:
    """The newest first."""
    query = (
        select(Card, Case)
        .join(Case, col(Case.id) == col(Card.case_id))
        .where(cases_in_scope(wanted.viewer), _is_in_state(wanted.state, now))
        .where(wanted.days.contains(col(Card.raised_at), zone_of(wanted.halls, wanted.hall)))
        .where(after(cursor, col(Card.raised_at), col(Card.id)))
        .order_by(col(Card.raised_at).desc(), col(Card.id).desc())
        .limit(limit)
    )
    if wanted.hall:
        query = query.where(Case.hall_id == wanted.hall.id)
    if wanted.department:
        query = query.where(Case.department_id == wanted.department)
    if wanted.kind:
        query = query.where(Card.kind == CardKind(wanted.kind))
    if wanted.cause:
        query = query.where(Card.cause == wanted.cause)
    if wanted.q:
        query = query.where(col(Case.number).icontains(wanted.q, autoescape=True))
    return [(card, case) for card, case in session.exec(query)]


def _is_in_state(state: StateFilter, now: datetime) -> ColumnElement[bool]:
    withdrawn = col(Card.withdrawn_at).is_not(None)
    if state == "all":
        return col(Card.id).is_not(None)
    if state == "withdrawn":
        return withdrawn
    if state == "open":
        return is_open_card(now)
    if state == "unexplained":
        return ~withdrawn & (col(Card.state) == CardState.RAISED) & (col(Card.explain_by) <= now)
    return ~withdrawn & (col(Card.state) == CardState(state))


def _departments(session: Session, viewer: Viewer) -> tuple[DepartmentRef, ...]:
    if viewer.role is Role.DEPARTMENT:
        return ()
    carded = select(Case.department_id).join(Card, col(Card.case_id) == col(Case.id)).where(cases_in_scope(viewer))
    found = session.exec(select(Department).where(col(Department.id).in_(carded)).order_by(col(Department.id)))
    return tuple(DepartmentRef(each.id, each.name, each.name_en) for each in found)


add_page(router, "/cards", "cards.html", cards_page)


_COLUMNS = (
    *("id", "case", "item", "department", "hall", "kind", "cause", "link", "state", "counts"),
    *map(Moments, ("raised_at", "late_from", "explain_by", "correct_by", "withdrawn_at", "since")),
    *("limit", "unit", "days_counted", "days_left_out", "law", "rules", "calendar", "evidence", "log", "source"),
)


def cards_table(wanted: WantedDep, services: ServicesDep) -> Table:
    """Everything that the filters leave."""
    now, zone = services.clock(), zone_of(wanted.halls, wanted.hall)

    def read(session: Session, at: Cursor | None, limit: int) -> tuple[InboxCard, ...]:
        return inbox_cards(session, wanted.viewer, _cards(session, wanted, now, at, limit), now)

    rows = read_on(services.database, read, lambda row: Cursor(row.raised_at, row.id))
    return Table("cards", zone, _COLUMNS, (_cells(row, zone) for row in rows))


def _cells(row: InboxCard, zone: str) -> list[Cell]:
    derivation, limit = row.derivation, row.derivation.limit
    department = (row.department.id or row.department.name) if row.department else ""
    return [
        *(row.id, row.case_number, row.item.id if row.item else "", department, row.hall.id if row.hall else ""),
        *(row.kind, row.cause, row.link or "", row.state, row.counts),
        *(row.raised_at, row.late_from, row.explain_by, row.correct_by, row.withdrawn_at),
        *((limit.started_at, limit.amount, limit.unit) if limit else (None, None, "")),
        derivation.counted,
        "; ".join(f"{reason} {days}" for reason, days in derivation.left_out.items()),
        *(derivation.law, derivation.rules, derivation.calendar),
        "; ".join(f"{each.name} {local_iso(each.at, zone) if each.at else each.text}" for each in derivation.evidence),
        "\n".join(f"{local_iso(word.at, zone)} {word.by} {word.act}: {word.text}" for word in row.log),
        row.source,
    ]


add_table(router, "/cards", cards_table)
