"""`hallwatch counters`"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated

import typer
from pydantic import ValidationError
from sqlmodel import Session, SQLModel, col, delete, func, select

from storage.bulk import table_of
from storage.models import Counter, CounterAlias, Hall, Roster, View
from storage.models.columns import refers_to
from storage.views import in_force
from web import places
from web.commands.common import DEFAULT_CONFIG, ConfigOption, opened
from web.commands.listing import listing
from web.commands.plain_errors import UserError, out
from web.declarations import CounterDeclaration
from web.errors import Unprocessable
from web.field_problems import FieldProblem

COUNTER = table_of(Counter)
_GOES_WITH_IT = (CounterAlias.__tablename__, Roster.__tablename__)
KnownId = Annotated[str, typer.Argument(metavar="ID", help="As `hallwatch counters list` shows it.")]

app = typer.Typer(no_args_is_help=True, help="The counters of the halls.\n\nExample: hallwatch counters list --hall cc")


@app.command("list")
def show(
    hall: Annotated[str, typer.Option(help="Only those of this hall.")] = "", config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """List counters and the cameras that see them.

    Example: hallwatch counters list --hall cc
    """
    query = select(Counter).order_by(col(Counter.hall_id), col(Counter.number))
    if hall:
        query = query.where(Counter.hall_id == hall)
    with opened(config) as services, services.database.transaction() as session:
        if hall:
            _check_hall(session, hall)
        rows = [_row(session, counter, services.clock()) for counter in session.exec(query)]
    out.print(listing(out, ("id", "hall", "number", "name", "cameras"), rows))


def _row(session: Session, counter: Counter, now: datetime) -> tuple[str, ...]:
    seen_by = select(View.camera_id).where(View.counter_id == counter.id, in_force(now))
    cameras = ", ".join(sorted(session.exec(seen_by)))
    return counter.id, counter.hall_id, counter.number, counter.name, cameras


@app.command("add")
def add(
    counter_id: Annotated[str, typer.Argument(metavar="ID", help="Unique over all halls, e.g. cc-3.")],
    hall: Annotated[str, typer.Option(help="Id of the hall.")],
    number: Annotated[str, typer.Option(help="The number people see above the counter.")],
    name: Annotated[str, typer.Option(help="Chinese.")] = "",
    name_en: Annotated[str, typer.Option(help="English.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Add a counter.

    Example: hallwatch counters add cc-3 --hall cc --number 3 --name 3号窗口
    """
    new = {"id": counter_id, "hall": hall, "number": number, "name": name, "name_en": name_en}
    with opened(config) as services, services.database.transaction() as session:
        if session.get(Counter, counter_id):
            raise UserError(f"There is a counter {counter_id!r}; change it: `hallwatch counters edit {counter_id}`.")
        _put(session, new, services.clock())
    out.print(f"Counter {counter_id} is in hall {hall}.", highlight=False)


@app.command("edit")
def edit(
    counter_id: KnownId,
    hall: Annotated[str | None, typer.Option(help="Id of another hall.")] = None,
    number: Annotated[str | None, typer.Option(help="The number people see above the counter.")] = None,
    name: Annotated[str | None, typer.Option(help="Chinese.")] = None,
    name_en: Annotated[str | None, typer.Option(help="English.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Change a counter; what is not named stays. As an edit by page it lasts until the file says something new.

    Example: hallwatch counters edit cc-3 --number 3A --name-en "Counter 3A"
    """
    options = {"hall": hall, "number": number, "name": name, "name_en": name_en}
    named = {key: value for key, value in options.items() if value is not None}
    if not named:
        raise typer.BadParameter(f"Nothing is named to change; name at least one of {_spelled(options)}.")
    with opened(config) as services, services.database.transaction() as session:
        found = _found(session, counter_id)
        stored = {"id": found.id, "hall": found.hall_id, "number": found.number}
        stored |= {"name": found.name, "name_en": found.name_en}
        _put(session, {"roster": places.rosters(session).get(counter_id, ()), **stored, **named}, services.clock())
    out.print(f"Counter {counter_id} is changed.", highlight=False)


@app.command("remove")
def remove(counter_id: KnownId, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Remove a counter that has no history; one with views, presence or steps stays.

    Example: hallwatch counters remove cc-3
    """
    with opened(config) as services, services.database.transaction() as session:
        found = _found(session, counter_id)
        session.refresh(found, with_for_update=True)  # an import that names it is waited for
        if counter_id in {counter.id for counter in services.settings.counter}:
            raise UserError(f"{config} declares counter {counter_id}; take it out there first.")
        if history := ", ".join(_history(session, counter_id)):
            raise UserError(f"Counter {counter_id} stays, because what happened there needs its name: {history}.")
        for kind in (CounterAlias, Roster):
            session.exec(delete(kind).where(col(kind.counter_id) == counter_id))
        session.delete(found)
    out.print(f"Counter {counter_id} is removed.", highlight=False)


def _put(session: Session, values: Mapping[str, object], now: datetime) -> None:
    try:
        declared = CounterDeclaration.model_validate(values)
    except ValidationError as error:
        raise UserError(_told(FieldProblem.of(detail) for detail in error.errors())) from None
    _check_hall(session, declared.hall)
    try:
        places.put_counter(session, declared, now)
    except Unprocessable as error:
        raise UserError(_told(error.fields)) from None


def _told(problems: Iterable[FieldProblem]) -> str:
    return "\n".join(f"{problem.field}: {problem.problem}" for problem in problems)


def _check_hall(session: Session, hall_id: str) -> None:
    if session.get(Hall, hall_id) is None:
        known = ", ".join(session.exec(select(Hall.id).order_by(col(Hall.id)))) or "none yet"
        raise UserError(f"There is no hall {hall_id!r}; there are: {known}.")


def _spelled(options: Iterable[str]) -> str:
    return ", ".join(f"--{name.replace('_', '-')}" for name in options)


def _found(session: Session, counter_id: str) -> Counter:
    counter = session.get(Counter, counter_id)
    if counter is None:
        raise UserError(f"There is no counter {counter_id!r}; `hallwatch counters list` shows all.")
    return counter


def _history(session: Session, counter_id: str) -> Iterator[str]:
    """What refers to the counter, e.g. "3 view"; what its platforms call it is no history."""
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            if table.name not in _GOES_WITH_IT and refers_to(column, COUNTER):
                count = session.exec(select(func.count()).select_from(table).where(column == counter_id)).one()
                if count:
                    yield f"{count} {table.name.replace('_', ' ')}"
