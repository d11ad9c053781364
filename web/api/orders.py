"""Supervision orders: issued on a case or one of its cards, answered, returned, closed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from correlation.deadlines.workflow import Party
from correlation.supervision.order_log import SayingRefused, due_on
from correlation.supervision.order_log import say as append
from correlation.supervision.workflow import MOVES, Refusal
from storage.models import Case, Department, OrderAct, OrderState, SupervisionOrder
from storage.sayings import Saying
from web.access_log import log_access
from web.addresses import client_address
from web.api.administration import check_exists
from web.api.cards import LONGEST_WORD
from web.auth import require
from web.declared_values import Id, Strict
from web.errors import Conflict, Forbidden, NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_card, scoped_case, scoped_order
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["orders"])
Issuer = Annotated[Viewer, Depends(require(Permission.ORDER))]
Speaker = Annotated[Viewer, Depends(require(Permission.ANSWER_ORDERS, Permission.ORDER))]
LONGEST_DAYS = 60
Days = Annotated[int, Field(ge=1, le=LONGEST_DAYS)]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_WORD)]
_SPEAKS_FOR: Mapping[Party, Permission] = {
    Party.DEPARTMENT: Permission.ANSWER_ORDERS,
    Party.SUPERVISOR: Permission.ORDER,
}
_REFUSED: Mapping[Refusal, Saying] = {
    Refusal.TOO_EARLY: Saying("This would be said before what it answers. Check the server's clock."),
    Refusal.OUT_OF_TURN: Saying("This cannot be said of the order as it stands now: see what was said meanwhile."),
    Refusal.OWN_ANSWER: Saying("Nobody decides on what they have said themselves. Leave it to somebody else."),
    Refusal.NO_DEADLINE: Saying("What is returned needs a new deadline: say within how many working days."),
}


class OrderRequest(Strict):
    text: Text
    """What has to be done."""
    days: Days
    """Working days, from tomorrow on."""
    department: Id | None = None
    """The unit that has to answer; not said: the department of the case."""
    card: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """The card that it is about, one of the case."""


class OrderWordRequest(Strict):
    act: OrderAct
    text: Text
    """What was done, or why."""
    days: Days | None = None
    """Working days until the new deadline of what is returned."""


class OrderShown(BaseModel):
    id: int
    case_id: int
    card_id: int | None
    department_id: str
    state: OrderState
    due_by: datetime
    """First moment that is too late."""
    provisional: bool
    """A year on the way is not announced: it may still move."""


def issuer_on(case_id: RowId, viewer: Issuer, services: ServicesDep) -> Viewer:
    """Before anything of the request is looked at: a case out of scope is not there."""
    with services.database.transaction() as session:
        scoped_case(session, viewer, case_id)
    return viewer


CaseIssuer = Annotated[Viewer, Depends(issuer_on)]


class OnCard(NamedTuple):
    viewer: Viewer
    case_id: int


def issuer_on_card(card_id: RowId, viewer: Issuer, services: ServicesDep) -> OnCard:
    """As `issuer_on`, of a card's case."""
    with services.database.transaction() as session:
        return OnCard(viewer, scoped_card(session, viewer, card_id).case_id)


CardIssuer = Annotated[OnCard, Depends(issuer_on_card)]


@router.post("/cases/{case_id}/orders")
def issue(
    case_id: RowId, wanted: OrderRequest, request: Request, services: ServicesDep, viewer: CaseIssuer
) -> OrderShown:
    """The unit that it is addressed to is told, and answers within the working days."""
    now = services.clock()
    with services.database.transaction() as session:
        case = scoped_case(session, viewer, case_id)
        check_exists(session, department=(Department, wanted.department))
        if wanted.card is not None and scoped_card(session, viewer, wanted.card).case_id != case_id:
            raise NotFound
        due = due_on(session, case_id, now, wanted.days)
        order = SupervisionOrder(
            case_id=case_id,
            card_id=wanted.card,
            department_id=wanted.department or _department(case),
            text=wanted.text,
            issued_by=viewer.user_id,
            issued_at=now,
            first_days=wanted.days,
            first_due_by=due.by,
            first_provisional=due.provisional,
            due_by=due.by,
            provisional=due.provisional,
        )
        session.add(order)
        session.flush()
        log_access(session, viewer, "order", f"order:{order.id} case:{case_id}", "", now, client_address(request))
        return _shown(order)


@router.post("/orders/{order_id}/words")
def say(
    order_id: RowId, wanted: OrderWordRequest, request: Request, services: ServicesDep, viewer: Speaker
) -> OrderShown:
    """Appends to the log of the order. 409 where it cannot be said of the order as it stands."""
    now = services.clock()
    with services.database.transaction() as session:
        scoped_order(session, viewer, order_id)
        if MOVES[wanted.act].party not in parties_of(viewer):
            raise Forbidden
        try:
            order = append(session, order_id, wanted.act, wanted.text, viewer.user_id, now, wanted.days)
        except SayingRefused as refused:
            raise _refused(refused.why) from None
        action = f"order_{wanted.act.value}"
        log_access(session, viewer, action, f"order:{order_id} case:{order.case_id}", "", now, client_address(request))
        return _shown(order)


def _refused(why: Refusal) -> Exception:
    if why is Refusal.NO_DEADLINE:
        return Unprocessable(fields=[FieldProblem("days", _REFUSED[why])])
    return Conflict(_REFUSED[why])


def _department(case: Case) -> str:
    if case.department_id is None:
        said = Saying("The department of this case is not known here; say which one has to answer.")
        raise Unprocessable(fields=[FieldProblem("department", said)])
    return case.department_id


def parties_of(viewer: Viewer) -> frozenset[Party]:
    """For whom somebody may speak."""
    return frozenset(party for party, permission in _SPEAKS_FOR.items() if viewer.may(permission))


def _shown(order: SupervisionOrder) -> OrderShown:
    return OrderShown(**order.model_dump(include=set(OrderShown.model_fields)))
