"""The derivation of one card as a table to take along: its days or, of conduct, what it rests on."""

from typing import Annotated

from fastapi import APIRouter, Depends

from correlation.deadlines.derivation import DayRun
from web.pages.card import CardPage, card_page
from web.pages.card_derivations import EvidenceRow
from web.pages.tables import Cell, Moments, Table, add_table

router = APIRouter()

_OF_DAYS = ("first", "last", "state", "first_number", "last_number", "seconds", "skipped", "why", "is_announced")
_COLUMNS = (*_OF_DAYS, "evidence", Moments("at"), "text")


def card_table(page: Annotated[CardPage, Depends(card_page)]) -> Table:
    """Days one after the other of which the same is to be said are one line, as on the page."""
    derivation = page.card.derivation
    days = derivation.limit.days if derivation.limit else ()
    lines = [*map(_of_days, days), *map(_of_evidence, derivation.evidence)]
    return Table(f"card-{page.card.id}", page.zone, _COLUMNS, lines)


def _of_days(run: DayRun) -> list[Cell]:
    first, last = run.numbers or (None, None)
    skipped = run.skipped.value if run.skipped else ""
    days: list[Cell] = [run.first, run.last, run.state.value, first, last, run.seconds]
    return [*days, skipped, run.why, run.is_announced, None, None, None]


def _of_evidence(row: EvidenceRow) -> list[Cell]:
    return [*(None for _ in _OF_DAYS), row.name.value, row.at, row.text]


add_table(router, "/cards/{card_id}", card_table)
