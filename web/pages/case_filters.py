"""Which cases are listed: the filters of the address, and what they ask of the database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from storage.models import Card, CardKind, Case, Deadline, Department, Role, Source, Standing
from web import case_due
from web.auth import require
from web.errors import NotFound
from web.pages.case_items import codes_called, holds
from web.pages.case_order import Sort
from web.pages.case_sources import seen_sources
from web.pages.filters import DayRange, DayRangeDep, chosen_district, chosen_hall, next_midnight, zone_of
from web.pages.open_work import is_unsettled
from web.pages.places import DistrictRef, HallRef, in_district, visible_districts, visible_halls
from web.pages.scoping import cases_in_scope
from web.permissions import Permission
from web.services import ServicesDep
from web.viewer import Viewer

CaseViewer = Annotated[Viewer, Depends(require(Permission.CASES))]
StatusFilter = Literal["", "open", "today", "soon", "overdue", "still", "unknown", "closed", "late"]
CardFilter = Literal["", "any", "yellow", "red"]
Match = Literal["", "part"]
_LONGEST_SEARCH = 100
_LONGEST_CODE = 200


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    viewer: Viewer
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    q: str
    match: Match
    """`part`: what contains the text is wanted, also where it is a whole number."""
    numbered: tuple[int, ...]
    """The cases in scope that have exactly this number; the list is of them alone, if there are any."""
    status: StatusFilter
    channel: str
    department: str
    districts: tuple[DistrictRef, ...]
    district: DistrictRef | None
    source: str
    item: str
    card: CardFilter
    sort: Sort
    days: DayRange

    @property
    def is_number(self) -> bool:
        return bool(self.numbered)

    @property
    def shows_applicant(self) -> bool:
        return self.viewer.may(Permission.APPLICANT)

    def conditions(self, now: datetime) -> list[ColumnElement[bool]]:
        in_days = self.days.contains(col(Case.opened_at), zone_of(self.halls, self.hall))
        conditions = [cases_in_scope(self.viewer), in_days]
        conditions += self._text() + _has_status(self.status, now, zone_of(self.halls, self.hall))
        conditions += [col(Case.hall_id) == self.hall.id] if self.hall else []
        conditions += [col(Case.department_id) == self.department] if self.department else []
        conditions += [in_district(col(Case.hall_id), self.district.id)] if self.district else []
        conditions += [col(Case.source_id) == self.source] if self.source else []
        conditions += [codes_called(self.item.strip())] if self.item.strip() else []
        conditions += [_has_open_card(self.card)] if self.card else []
        conditions += [col(Case.channel) == self.channel] if self.channel else []
        return conditions

    def _text(self) -> list[ColumnElement[bool]]:
        return [col(Case.id).in_(self.numbered)] if self.numbered else _matches(self.viewer, self.q.strip())


def wanted(
    viewer: CaseViewer,
    services: ServicesDep,
    days: DayRangeDep,
    hall: str = "",
    q: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    match: Annotated[Match, Query()] = "",
    status: Annotated[StatusFilter, Query()] = "",
    channel: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    department: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    district: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    source: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    item: Annotated[str, Query(max_length=_LONGEST_CODE)] = "",
    card: Annotated[CardFilter, Query()] = "",
    sort: Annotated[Sort, Query()] = "",
) -> Wanted:
    """A hall, district, department or source out of scope is not there."""
    with services.database.transaction() as session:
        halls, districts = visible_halls(session, viewer), visible_districts(session, viewer)
        _check_department(session, viewer, department)
        if source and not seen_sources(session, viewer, [source]):
            raise NotFound
        numbered = () if match else _numbered(session, viewer, q.strip())
    return Wanted(
        viewer=viewer,
        halls=halls,
        hall=chosen_hall(halls, hall),
        q=q,
        match=match,
        numbered=numbered,
        status=status,
        channel=channel,
        department=department,
        districts=districts,
        district=chosen_district(districts, district),
        source=source,
        item=item.strip(),
        card=card,
        sort=sort,
        days=days,
    )


def _check_department(session: Session, viewer: Viewer, department: str) -> None:
    is_own = viewer.role is not Role.DEPARTMENT or department == viewer.department_id
    if department and (not is_own or session.get(Department, department) is None):
        raise NotFound


WantedDep = Annotated[Wanted, Depends(wanted)]


def _numbered(session: Session, viewer: Viewer, text: str) -> tuple[int, ...]:
    """Found by an index; what contains a text is found by reading all cases."""
    if not text:
        return ()
    every = select(Case.id).where(col(Case.source_id).in_(select(Source.id)), col(Case.number) == text)
    ids = session.exec(every).all()  # apart from the scope, by whose indexes SQLite would read a hall's cases
    found = session.exec(select(Case.id).where(col(Case.id).in_(ids), cases_in_scope(viewer))) if ids else ()
    return tuple(case_id for case_id in found if case_id is not None)


def _matches(viewer: Viewer, text: str) -> list[ColumnElement[bool]]:
    """By number, item or, for those who may know it, applicant: a search must not tell what the page hides."""
    if not text:
        return []
    columns = [col(Case.number), col(Case.item_name), col(Case.item_code)]
    if viewer.may(Permission.APPLICANT):
        columns.append(col(Case.applicant))
    found = (holds(column, text) for column in columns)
    return [or_(*found, codes_called(text))]


def _has_open_card(card: CardFilter) -> ColumnElement[bool]:
    """That nobody has settled yet; a reminder is no card here."""
    kinds = [CardKind.YELLOW, CardKind.RED] if card == "any" else [CardKind(card)]
    return col(Case.id).in_(select(Card.case_id).where(col(Card.kind).in_(kinds), is_unsettled()))


def _has_status(status: StatusFilter, now: datetime, zone: str) -> list[ColumnElement[bool]]:
    closed, due = col(Case.closed_at), case_due.due()
    if status == "today":
        return [case_due.is_pending(), due >= now, due <= next_midnight(now, zone)]
    if status == "soon":
        return [closed.is_(None), col(Deadline.standing) == Standing.DUE_SOON]
    if status == "overdue":
        return [case_due.is_overdue(now)]
    if status == "unknown":
        return [closed.is_(None), case_due.is_unknown(now)]
    if status == "still":
        return [closed.is_(None), col(Deadline.standing).in_(case_due.NOT_RUNNING)]
    if status == "open":
        return [closed.is_(None)]
    if status == "closed":
        return [closed.is_not(None)]
    if status == "late":
        return [case_due.is_late(now)]
    return []
