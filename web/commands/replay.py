"""`hallwatch replay`"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import typer
from sqlmodel import Session, col, select

from correlation.deadlines.replaying import Difference, Differs, Portion, count_cases, replay_all
from correlation.rulebook import rule_book
from storage.models import District, Hall
from web.commands.common import DEFAULT_CONFIG, Bar, ConfigOption, moment, opened, progress_bar, say
from web.commands.plain_errors import UserError
from web.pages.filters import DEFAULT_ZONE
from web.pages.words import word

LISTED = 1_000
_SAID = {
    Differs.LACKING: "was to be raised, and is not kept",
    Differs.UNFOUNDED: "is kept, and was not to be raised",
    Differs.WITHDRAWN: "is kept as withdrawn, and was not to be by then",
    Differs.STANDING: "is kept as not withdrawn, and was to be by then",
}


def replay(
    at: Annotated[str, typer.Option(help="The moment, ISO 8601; without a zone local time; else now.")] = "",
    district: Annotated[str, typer.Option(help="Only cases that are in halls of this district.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Replay the cards of all cases as of a moment, from what was known by then, and compare them with those kept.

    Changes nothing. Exit code 1 if any card differs.

    Example: hallwatch replay --at 2026-03-10T09:00
    """
    with opened(config) as services:
        with services.database.transaction() as session:
            halls = _halls(session, district) if district else None
            zone = _zone(session, halls)
            until = moment("--at", at, zone) if at else services.clock()
            rules, total = rule_book(session).rules, count_cases(session, halls)
        with progress_bar("Cases") as bar:
            portions = list(_watched(replay_all(services.database, rules, [until], halls), bar, total))
    cases, cards = sum(each.cases for each in portions), sum(each.cards for each in portions)
    differences = [difference for each in portions for difference in each.differences]
    if as_json:
        found = {"at": until, "cases": cases, "cards": cards, "differing": len(differences)}
        typer.echo(
            orjson.dumps(found | {"differences": [*map(_row, differences[:LISTED])]}, option=orjson.OPT_INDENT_2)
        )
    else:
        for difference in differences[:LISTED]:
            say(_line(difference, zone))
        if len(differences) > LISTED:
            say(f"And {len(differences) - LISTED:,} more.")
        said = f"{len(differences):,} differ" if differences else "all as they are kept"
        say(f"{cases:,} cases had {cards:,} cards at {until.astimezone(zone):%Y-%m-%d %H:%M}: {said}.")
    if differences:
        raise typer.Exit(1)


def _watched(portions: Iterator[Portion], bar: Bar, total: int) -> Iterator[Portion]:
    done = 0
    for portion in portions:
        done += portion.cases
        bar.update(done, max(total, done))  # some may have come since they were counted
        yield portion


def _halls(session: Session, district: str) -> Sequence[str]:
    if session.get(District, district) is None:
        known = ", ".join(session.exec(select(District.id).order_by(col(District.id)))) or "none yet"
        raise UserError(f"There is no district {district!r}; there are: {known}.")
    return session.exec(select(Hall.id).where(Hall.district_id == district)).all()


def _zone(session: Session, halls: Sequence[str] | None) -> ZoneInfo:
    """That of the halls where they have one in common."""
    query = select(Hall.timezone).distinct()
    zones = session.exec(query if halls is None else query.where(col(Hall.id).in_(halls))).all()
    return ZoneInfo(zones[0] if len(zones) == 1 else DEFAULT_ZONE)


def _row(difference: Difference) -> dict[str, Any]:
    card = difference.card
    return {
        "source": difference.source_id,
        "case": difference.number,
        "differs": difference.differs,
        "kind": card.kind,
        "clock": card.clock,
        "link": card.link or "",
        "about": card.about,
        "raised_at": card.raised_at,
        "waiting": difference.is_waiting,
    }


def _line(difference: Difference, zone: ZoneInfo) -> str:
    card = difference.card
    link = f" ({word(card.link)})" if card.link else ""
    waits = "; the case waits to be reckoned anew" if difference.is_waiting else ""
    what = f"{word(card.kind)}, {word(card.clock)}{link}, {_time(card.raised_at, zone)}"
    return f"{difference.source_id} {difference.number}: {what}: {_SAID[difference.differs]}{waits}"


def _time(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
