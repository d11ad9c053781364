"""`hallwatch counters`"""

from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table
from sqlmodel import col, select

from storage.models import Counter, Hall, View
from storage.views import in_force
from web import places
from web.commands.common import DEFAULT_CONFIG, ConfigOption, UserError, opened, out
from web.declarations import CounterDeclaration
from web.field_problems import FieldProblem

app = typer.Typer(no_args_is_help=True, help="The counters of the halls.\n\nExample: hallwatch counters list --hall cc")


@app.command("list")
def show(
    hall: Annotated[str, typer.Option(help="Only those of this hall.")] = "", config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """List counters and the cameras that see them.

    Example: hallwatch counters list --hall cc
    """
    table = Table("id", "hall", "number", "name", "cameras", box=None)
    query = select(Counter).order_by(col(Counter.hall_id), col(Counter.number))
    if hall:
        query = query.where(Counter.hall_id == hall)
    with opened(config) as services, services.database.transaction() as session:
        for counter in session.exec(query):
            seen_by = select(View.camera_id).where(View.counter_id == counter.id, in_force(services.clock()))
            cameras = ", ".join(sorted(session.exec(seen_by)))
            table.add_row(counter.id, counter.hall_id, counter.number, counter.name, cameras)
    out.print(table)


@app.command("add")
def add(
    counter_id: Annotated[str, typer.Argument(metavar="ID", help="Unique over all halls, e.g. cc-3.")],
    hall: Annotated[str, typer.Option(help="Id of the hall.")],
    number: Annotated[str, typer.Option(help="The number people see above the counter.")],
    name: Annotated[str, typer.Option(help="Chinese.")] = "",
    name_en: Annotated[str, typer.Option(help="English.")] = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Add a counter, or change the one with this id.

    Example: hallwatch counters add cc-3 --hall cc --number 3 --name 3号窗口
    """
    try:
        declared = CounterDeclaration(id=counter_id, hall=hall, number=number, name=name, name_en=name_en)
    except ValidationError as error:
        problems = (FieldProblem.of(detail) for detail in error.errors())
        raise UserError("\n".join(f"{problem.field}: {problem.problem}" for problem in problems)) from None
    with opened(config) as services, services.database.transaction() as session:
        if session.get(Hall, hall) is None:
            known = ", ".join(session.exec(select(Hall.id).order_by(col(Hall.id)))) or "none yet"
            raise UserError(f"There is no hall {hall!r}; there are: {known}.")
        places.put_counter(session, declared)
    out.print(f"Counter {counter_id} is in hall {hall}.", highlight=False)
