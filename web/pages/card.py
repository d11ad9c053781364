"""The page of one card: why it was raised, what was said about it, who was told of it, and the form that answers it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from correlation.deadlines.put_off import PutOffs, put_offs
from correlation.deadlines.work_calendar import WorkCalendar
from storage.models import Matter
from web.addresses import local_path
from web.api import cards as cards_api
from web.api.cards import CardWordRequest, Speaker
from web.contact_persons import ContactPerson, contact_persons
from web.errors import Conflict, Unprocessable
from web.pages.admin.forms import SentForm, text
from web.pages.card_rows import InboxCard, inbox_cards
from web.pages.cards import CardReader
from web.pages.case_rows import DepartmentRef
from web.pages.filters import zone_of
from web.pages.limit_now import LimitNow, limit_now
from web.pages.order_rows import to_address
from web.pages.places import visible_halls
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.told_rows import ToldRow, told_rows
from web.pages.typed import Typed, status_of
from web.row_ids import RowId
from web.scope import scoped_card, scoped_case
from web.services import ServicesDep

router = APIRouter()


@dataclass(frozen=True)
class CardPage:
    now: datetime
    zone: str
    card: InboxCard
    put_off: PutOffs
    """Why its dates have moved since they were told."""
    limit_now: LimitNow | None
    """What it is about, by what is known now; None where there is nothing to compare."""
    contacts: tuple[ContactPerson, ...]
    """The fixed contact persons of its department, who are told of it."""
    told: tuple[ToldRow, ...]
    departments: tuple[DepartmentRef, ...]
    """To address an order to, where that of its case is not known."""


def card_page(card_id: RowId, viewer: CardReader, services: ServicesDep) -> CardPage:
    now = services.clock()
    with services.database.transaction() as session:
        card = scoped_card(session, viewer, card_id)
        case = scoped_case(session, viewer, card.case_id)
        (row,) = inbox_cards(session, viewer, [(card, case)], now)
        zone = row.hall.timezone if row.hall else zone_of(visible_halls(session, viewer), None)
        answered_at = row.log[0].at if row.log else None
        moved = put_offs(session, card, case.hall_id, WorkCalendar(ZoneInfo(zone)), answered_at)
        current = limit_now(session, card, row.derivation.limit, now)
        contacts = contact_persons(session, viewer, case.department_id or "", now)
        told = told_rows(session, Matter.CARD, card_id)
        return CardPage(now, zone, row, moved, current, contacts, told, to_address(session, viewer, case))


add_page(router, "/cards/{card_id}", "card.html", card_page)


@router.post("/cards/{card_id}/say", include_in_schema=False)
def say(card_id: RowId, services: ServicesDep, viewer: Speaker, around: ScreenDep, form: SentForm) -> Response:
    """From the inbox or the page of the card; who errs goes on there."""
    try:
        word = CardWordRequest.model_validate({"act": text(form, "act"), "text": text(form, "text")})
        cards_api.say(card_id, word, services, viewer)
    except (ValidationError, Unprocessable, Conflict) as error:
        again = around.again(Typed.refused("answer", form, error), f"/cards/{card_id}")
        return html(again, "card.html", card_page(card_id, viewer, services), status=status_of(error))
    return RedirectResponse(local_path(text(form, "next"), "/cards"), 303)
