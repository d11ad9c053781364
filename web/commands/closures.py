"""`hallwatch closures`"""

from datetime import date, datetime
from typing import Annotated

import typer
from sqlmodel import Session, col, select

from storage.models import Closure, Hall
from web.closing import EARLIEST, LATEST, judge_days
from web.commands.common import DEFAULT_CONFIG, ConfigOption, opened, say, who_runs_this
from web.commands.listing import listing
from web.commands.plain_errors import UserError, out

app = typer.Typer(
    no_args_is_help=True,
    help="Days on which a hall is closed by itself; they do not count against limits.\n\n"
    "Example: hallwatch closures list --hall cc",
)
DayArgument = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="In the hall's zone, e.g. 2026-09-23.")]
HallArgument = Annotated[str, typer.Argument(metavar="HALL", help="Id of the hall.")]


@app.command("list")
def show(
    hall: Annotated[str, typer.Option(help="Only those of this hall.")] = "", config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """List them; those that were withdrawn are left out.

    Example: hallwatch closures list --hall cc
    """
    query = select(Closure).where(col(Closure.withdrawn_at).is_(None)).order_by(col(Closure.hall_id), col(Closure.day))
    with opened(config) as services, services.database.transaction() as session:
        if hall:
            _check_hall(session, hall)
            query = query.where(Closure.hall_id == hall)
        rows = [
            (closure.hall_id, f"{closure.day}", closure.reason, f"{closure.noted_at:%Y-%m-%d %H:%M} UTC")
            for closure in session.exec(query)
        ]
    out.print(listing(out, ("hall", "day", "reason", "noted"), rows))


@app.command("add")
def add(
    hall: HallArgument,
    day: DayArgument,
    reason: Annotated[str, typer.Argument(help="What people read beside the day, e.g. 台风.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Note that a hall is closed on a day: nobody is absent then, and its cases are reckoned anew within a minute.

    Example: hallwatch closures add cc 2026-09-23 台风
    """
    with opened(config) as services, services.database.transaction() as session:
        _check_hall(session, hall)
        if not reason.strip():
            raise UserError("Say why the hall is closed: who reads a deadline wants to know.")
        if not EARLIEST <= day.date() <= LATEST:
            raise UserError(f"DAY: {day.date()} lies outside {EARLIEST.year}–{LATEST.year}; write e.g. 2026-09-23.")
        if _closure(session, hall, day.date()) is not None:
            raise UserError(f"Hall {hall} is closed on {day.date()} already.")
        now, who = services.clock(), who_runs_this()
        closure = Closure(hall_id=hall, day=day.date(), reason=reason.strip(), noted_at=now, noted_by=who)
        session.add(closure)
        session.flush()
        judge_days(session, [closure], now)
    say(f"Hall {hall} is closed on {day.date()}.")


@app.command("remove")
def remove(hall: HallArgument, day: DayArgument, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Withdraw a closure: from now on the day counts. What it did until now stays on record.

    Example: hallwatch closures remove cc 2026-09-23
    """
    with opened(config) as services, services.database.transaction() as session:
        _check_hall(session, hall)
        closure = _closure(session, hall, day.date())
        if closure is None:
            raise UserError(f"Hall {hall} has no closure on {day.date()}; `hallwatch closures list` shows all.")
        now = services.clock()
        closure.withdrawn_at, closure.withdrawn_by = now, who_runs_this()
        session.flush()
        judge_days(session, [closure], now)
    say(f"Hall {hall} is open on {day.date()}.")


def _closure(session: Session, hall: str, day: date) -> Closure | None:
    there = select(Closure).where(Closure.hall_id == hall, Closure.day == day, col(Closure.withdrawn_at).is_(None))
    return session.exec(there).first()


def _check_hall(session: Session, hall: str) -> None:
    if session.get(Hall, hall) is None:
        known = ", ".join(session.exec(select(Hall.id).order_by(col(Hall.id)))) or "none yet"
        raise UserError(f"There is no hall {hall!r}; there are: {known}.")
