"""The page of one card: why it was raised, what was said about it, and who was told of it."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter

from storage.models import Matter
from web.pages.card_rows import InboxCard, inbox_cards
from web.pages.cards import CardReader
from web.pages.filters import zone_of
from web.pages.places import visible_halls
from web.pages.rendering import add_page
from web.pages.told_rows import ToldRow, told_rows
from web.row_ids import RowId
from web.scope import scoped_card, scoped_case
from web.services import ServicesDep

router = APIRouter()


@dataclass(frozen=True)
class CardPage:
    now: datetime
    zone: str
    card: InboxCard
    told: tuple[ToldRow, ...]


def card_page(card_id: RowId, viewer: CardReader, services: ServicesDep) -> CardPage:
    now = services.clock()
    with services.database.transaction() as session:
        card = scoped_card(session, viewer, card_id)
        case = scoped_case(session, viewer, card.case_id)
        (row,) = inbox_cards(session, viewer, [(card, case)], now)
        zone = row.hall.timezone if row.hall else zone_of(visible_halls(session, viewer), None)
        return CardPage(now, zone, row, told_rows(session, Matter.CARD, card_id))


add_page(router, "/cards/{card_id}", "card.html", card_page)
