"""`hallwatch deadlines`"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session, col, select

from correlation.deadlines.cards import RaisedCard
from correlation.deadlines.clocks import Clock
from correlation.deadlines.derivation import DayRun, Derivation, runs
from correlation.deadlines.explaining import Explained, explain
from correlation.deadlines.work_calendar import DayState
from correlation.rulebook import rule_book
from storage.models import Case, Hall, LimitUnit
from web.commands.common import DEFAULT_CONFIG, ConfigOption, opened, say
from web.commands.plain_errors import UserError
from web.pages.filters import DEFAULT_ZONE
from web.pages.words import reason_word, word

_MOMENT = timedelta(microseconds=1)


def deadlines(
    case: Annotated[str, typer.Argument(help="Number of the case, as its platform numbers it.")],
    source: Annotated[str, typer.Option(help="Id of its platform, where several have a case of this number.")] = "",
    at: Annotated[str, typer.Option(help="As it was at this moment, ISO 8601; without a zone the hall's time.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Explain the limits of a case in words: every day that counts or does not, and why, and its cards.

    Example: hallwatch deadlines 2026-001 --at 2026-03-10T09:00
    """
    with opened(config) as services, services.database.transaction() as session:
        found = _case(session, case, source)
        zone = _zone(session, found)
        moment = _moment(at, zone) if at else services.clock()
        assert found.id is not None
        explained = explain(session, found.id, rule_book(session).rules, moment)
        say(f"Case {found.number} of {found.source_id}, as it was known at {_time(moment, zone)}")
        for line in _lines(explained, zone) if explained else ("Nothing had been told of it.",):
            say(line)


def _case(session: Session, number: str, source: str) -> Case:
    query = select(Case).where(Case.number == number).order_by(col(Case.source_id))
    found = session.exec(query.where(Case.source_id == source) if source else query).all()
    if not found:
        raise UserError(f"There is no case {number!r}" + (f" of source {source!r}." if source else "."))
    if len(found) > 1:
        sources = ", ".join(case.source_id for case in found)
        raise UserError(f"Several platforms have a case {number!r}; name one with --source: {sources}.")
    return found[0]


def _zone(session: Session, case: Case) -> ZoneInfo:
    hall = session.get(Hall, case.hall_id) if case.hall_id else None
    return ZoneInfo(hall.timezone if hall else DEFAULT_ZONE)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"--at {text!r} is no time; write for example 2026-03-10T09:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _lines(explained: Explained, zone: ZoneInfo) -> Iterator[str]:
    yield f"{word(explained.standing)}."
    if explained.stamps_contradict:
        yield "In doubt: its steps are stamped in an order that cannot be. Which stamp is wrong nobody knows."
    for limit in explained.limits:
        yield ""
        yield from _limit(limit, zone)
    if explained.cards:
        yield ""
        yield from (_card(card, zone) for card in explained.cards)
    if explained.next_at:
        yield ""
        yield f"If nothing else is told, the next thing happens at {_time(explained.next_at, zone)}."


def _limit(limit: Derivation, zone: ZoneInfo) -> Iterator[str]:
    clock = limit.clock
    yield f"{word(clock.name)}{f' ({word(clock.link)})' if clock.link else ''}: {_until(clock, zone)}"
    began = f"  {word(clock.start.basis)}"
    yield began if clock.limit is None else f"{began}, {_time(clock.start.moment, zone)}"
    if clock.ended_at:
        yield f"  Ended {_time(clock.ended_at, zone)}, {'late' if clock.ended_late else 'in time'}"
    yield from (f"  {_days(run)}" for run in runs(limit.days))
    yield f"  By {limit.law}, {limit.calendar}"


def _until(clock: Clock, zone: ZoneInfo) -> str:
    amount = ""
    if clock.limit:
        unit = "working hours" if clock.limit.unit is LimitUnit.HOURS else "working days"
        amount = f"{clock.limit.amount} {unit}, "
    if clock.out.late_from is None:
        left = clock.out.remaining
        return f"{amount}stopped with {left if isinstance(left, timedelta) else f'{left} days'} left"
    last = clock.out.late_from - _MOMENT
    provisional = " (provisional: holidays are not announced yet)" if clock.out.provisional else ""
    return f"{amount}until {_time(last, zone)}{provisional}"


def _days(run: DayRun) -> str:
    span = f"{run.first:%Y-%m-%d %a}" + (f" – {run.last:%Y-%m-%d %a}" if run.last != run.first else "")
    return f"{span:<33} {_said(run)}{'' if run.is_announced else ' (not announced)'}"


def _said(run: DayRun) -> str:
    if run.skipped is not None:
        return f"not counted: {word(run.skipped)}" + (f" ({reason_word(run.why)})" if run.why else "")
    make_up = ", a make-up day" if run.state is DayState.MAKE_UP else ""
    if run.numbers is None:
        return f"{timedelta(seconds=run.seconds or 0)}{make_up}"
    first, last = run.numbers
    return (f"day {first}" if first == last else f"days {first}–{last}") + make_up


def _card(card: RaisedCard, zone: ZoneInfo) -> str:
    said = f"{_time(card.raised_at, zone)}  {word(card.kind)}: {word(card.cause)}"
    if card.correct_by:
        said += f"; to be corrected by {_time(card.correct_by - _MOMENT, zone)}"
    return said + (f"; withdrawn {_time(card.withdrawn_at, zone)}" if card.withdrawn_at else "")


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
