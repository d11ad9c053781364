"""The board for a screen in the hall: which counters are open now. It names no person and shows no picture."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter

from storage.models import Hall
from web.counter_open import CounterState, state_of
from web.errors import NotFound
from web.pages.board_queries import CounterNow, counters_now
from web.pages.places import HallRef, hall_ref
from web.pages.rendering import add_page
from web.public.limits import VisitorDep
from web.services import ServicesDep

router = APIRouter()


@dataclass(frozen=True)
class CounterOpen:
    id: str
    number: str
    name: str
    name_en: str
    state: CounterState


@dataclass(frozen=True)
class HallBoardPage:
    now: datetime
    hall: HallRef
    counters: tuple[CounterOpen, ...]
    open: int
    """How many of them are open."""


def hall_board_page(hall: str, visitor: VisitorDep, services: ServicesDep) -> HallBoardPage:
    now = services.clock()
    with services.database.transaction() as session:
        found = session.get(Hall, hall)
        if found is None:
            raise NotFound
        ref = hall_ref(found)
        counters = tuple(map(_open, counters_now(session, (ref,), now)))
    return HallBoardPage(now, ref, counters, sum(counter.state is CounterState.OPEN for counter in counters))


def _open(now: CounterNow) -> CounterOpen:
    counter = now.counter
    return CounterOpen(counter.id, counter.number, counter.name, counter.name_en, state_of(now.staff, is_open=now.open))


add_page(router, "/public/halls/{hall}/board", "public/board.html", hall_board_page)
