"""Supervision orders: the list with what is overdue first, one order with its log, and the forms that speak to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy import ColumnElement, case, true
from sqlmodel import Session, col, select
from starlette.datastructures import FormData

from correlation.supervision.workflow import AWAITED
from storage.models import Case, Matter, OrderState, SupervisionOrder
from web.addresses import local_path
from web.api import orders as orders_api
from web.api.orders import CardIssuer, CaseIssuer, OrderRequest, OrderShown, OrderWordRequest, Speaker
from web.auth import require
from web.errors import Conflict, Unprocessable
from web.pages.admin.forms import SentForm, optional, text
from web.pages.card import card_page
from web.pages.case import case_page
from web.pages.filters import DEFAULT_ZONE, chosen_hall, zone_of
from web.pages.formats import local_iso
from web.pages.open_work import is_open_order
from web.pages.order_rows import OrderRow, order_rows
from web.pages.paging import PAGE_SIZE, cut
from web.pages.places import HallRef, visible_halls
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.scoping import orders_in_scope
from web.pages.tables import AT_ONCE, Cell, Moments, Table, add_table
from web.pages.told_rows import ToldRow, told_rows
from web.pages.typed import Typed, status_of
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_order
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
OrderReader = Annotated[Viewer, Depends(require(Permission.CASES))]
StateFilter = Literal["open", "overdue", "answered", "closed", "withdrawn", "all"]
_LONGEST_SEARCH = 100
_FARTHEST = 1_000_000


@dataclass(frozen=True)
class OrdersPage:
    now: datetime
    zone: str
    """For orders on cases without a hall."""
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    q: str
    state: StateFilter
    orders: tuple[OrderRow, ...]
    next: str


@dataclass(frozen=True)
class OrderPage:
    now: datetime
    zone: str
    order: OrderRow
    told: tuple[ToldRow, ...]


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    viewer: Viewer
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    q: str
    state: StateFilter


def wanted(
    viewer: OrderReader,
    services: ServicesDep,
    hall: str = "",
    q: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = "",
    state: Annotated[StateFilter, Query()] = "open",
) -> Wanted:
    """A hall out of scope is not there."""
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
    return Wanted(viewer, halls, chosen_hall(halls, hall), q.strip(), state)


WantedDep = Annotated[Wanted, Depends(wanted)]


def orders_page(
    wanted: WantedDep, services: ServicesDep, after: Annotated[int, Query(ge=0, le=_FARTHEST)] = 0
) -> OrdersPage:
    """`after`: how many come before."""
    now = services.clock()
    with services.database.transaction() as session:
        shown, more = cut(_orders(session, wanted, now, after, PAGE_SIZE + 1))
        return OrdersPage(
            now=now,
            zone=zone_of(wanted.halls, wanted.hall),
            halls=wanted.halls,
            hall=wanted.hall,
            q=wanted.q,
            state=wanted.state,
            orders=order_rows(session, wanted.viewer, shown, now),
            next=str(after + PAGE_SIZE) if more else "",
        )


def _orders(
    session: Session, wanted: Wanted, now: datetime, offset: int, limit: int
) -> list[tuple[SupervisionOrder, Case]]:
    """What the unit still has to answer comes first, and of that what is overdue for longest."""
    waits = case((col(SupervisionOrder.state).in_(AWAITED), 0), else_=1)
    query = (
        select(SupervisionOrder, Case)
        .join(Case, col(Case.id) == col(SupervisionOrder.case_id))
        .where(orders_in_scope(wanted.viewer), _is_in_state(wanted.state, now))
        .order_by(waits, col(SupervisionOrder.due_by), col(SupervisionOrder.id))
        .offset(offset)
        .limit(limit)
    )
    if wanted.hall:
        query = query.where(Case.hall_id == wanted.hall.id)
    if wanted.q:
        query = query.where(col(Case.number).icontains(wanted.q, autoescape=True))
    return [(order, of) for order, of in session.exec(query)]


def _is_in_state(state: StateFilter, now: datetime) -> ColumnElement[bool]:
    if state == "all":
        return true()
    if state == "open":
        return is_open_order()
    if state == "overdue":
        has_passed = (col(SupervisionOrder.due_by) <= now) & col(SupervisionOrder.provisional).is_(False)
        return col(SupervisionOrder.state).in_(AWAITED) & has_passed
    return col(SupervisionOrder.state) == OrderState(state)


def order_page(order_id: RowId, viewer: OrderReader, services: ServicesDep) -> OrderPage:
    now = services.clock()
    with services.database.transaction() as session:
        order = scoped_order(session, viewer, order_id)
        (row,) = order_rows(session, viewer, [(order, session.get_one(Case, order.case_id))], now)
        zone = row.hall.timezone if row.hall else DEFAULT_ZONE
        return OrderPage(now, zone, row, told_rows(session, Matter.ORDER, order_id))


add_page(router, "/orders", "orders.html", orders_page)
add_page(router, "/orders/{order_id}", "order.html", order_page)


@router.post("/cases/{case_id}/orders", include_in_schema=False)
def issue(
    case_id: RowId, request: Request, services: ServicesDep, viewer: CaseIssuer, around: ScreenDep, form: SentForm
) -> Response:
    """On the page of the case."""
    try:
        return _issued(orders_api.issue(case_id, _order(form), request, services, viewer))
    except (ValidationError, Unprocessable) as error:
        again = around.again(Typed.refused("order", form, error), f"/cases/{case_id}")
        return html(again, "case.html", case_page(case_id, request, viewer, services), status=422)


@router.post("/cards/{card_id}/orders", include_in_schema=False)
def issue_on_card(
    card_id: RowId, request: Request, services: ServicesDep, on: CardIssuer, around: ScreenDep, form: SentForm
) -> Response:
    """On the page of the card, where who errs goes on."""
    try:
        return _issued(orders_api.issue(on.case_id, _order(form, card_id), request, services, on.viewer))
    except (ValidationError, Unprocessable) as error:
        again = around.again(Typed.refused("order", form, error), f"/cards/{card_id}")
        return html(again, "card.html", card_page(card_id, on.viewer, services), status=422)


def _order(form: FormData, card_id: int | None = None) -> OrderRequest:
    said = {"text": text(form, "text"), "days": text(form, "days"), "department": optional(form, "department")}
    return OrderRequest.model_validate({**said, "card": card_id})


def _issued(order: OrderShown) -> Response:
    return RedirectResponse(f"/orders/{order.id}?done=ordered", 303)


@router.post("/orders/{order_id}/say", include_in_schema=False)
def say(
    order_id: RowId, request: Request, services: ServicesDep, viewer: Speaker, around: ScreenDep, form: SentForm
) -> Response:
    values = {"act": text(form, "act"), "text": text(form, "text"), "days": optional(form, "days")}
    try:
        orders_api.say(order_id, OrderWordRequest.model_validate(values), request, services, viewer)
    except (ValidationError, Unprocessable, Conflict) as error:
        again = around.again(Typed.refused("answer", form, error), f"/orders/{order_id}")
        return html(again, "order.html", order_page(order_id, viewer, services), status=status_of(error))
    return RedirectResponse(f"{local_path(text(form, 'next'), f'/orders/{order_id}')}?done=answered", 303)


_COLUMNS = (
    *("id", "case", "item", "hall", "department", "card", "state", "overdue", "answered_late"),
    *(Moments("issued_at"), "issued_by", Moments("due_by"), "text", "log"),
    *("source", "card_kind", "card_cause", "card_link"),
)


def orders_table(wanted: WantedDep, services: ServicesDep) -> Table:
    """Everything that the filters leave."""
    zone = zone_of(wanted.halls, wanted.hall)
    return Table("orders", zone, _COLUMNS, (_cells(row, zone) for row in _exported(services, wanted)))


def _exported(services: Services, wanted: Wanted) -> Iterator[OrderRow]:
    """Some at a time, each in a transaction of its own."""
    now, offset = services.clock(), 0
    while True:
        with services.database.transaction() as session:
            found = _orders(session, wanted, now, offset, AT_ONCE)
            rows = order_rows(session, wanted.viewer, found, now)
        yield from rows
        if len(rows) < AT_ONCE:
            return
        offset += len(rows)


def _cells(row: OrderRow, zone: str) -> list[Cell]:
    log = "\n".join(f"{local_iso(word.at, zone)} {word.by} {word.act}: {word.text}" for word in row.log)
    return [
        *(row.id, row.case_number, row.item.id if row.item else "", row.hall.id if row.hall else ""),
        *(row.department.id, row.card_id, row.state, row.is_overdue, row.was_late),
        *(row.issued_at, row.issued_by, row.due_by, row.text, log, row.source),
        *((row.card.kind, row.card.cause, row.card.link or "") if row.card else ("", "", "")),
    ]


add_table(router, "/orders", orders_table)
