"""`hallwatch simulate-city`"""

from pathlib import Path
from typing import Annotated

import typer

from web.commands.plain_errors import UserError, out


def simulate_city(
    folder: Annotated[Path, typer.Argument(help="A new folder; gets what is sent and the truth about it.")],
    seed: Annotated[int, typer.Option(help="The same seed and number of cases give the same files.")] = 1,
    cases: Annotated[int, typer.Option(help="How many cases in the year.", min=1)] = 2_000,
) -> None:
    """Write a year of cases of five districts and the city itself, with faults of all kinds and the truth about them.

    Example: hallwatch simulate-city city --seed 7 --cases 20000
    """
    from ingest.simulator.city.city import make_city
    from ingest.simulator.city.write import write_city

    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty; name a new folder.")
    city = make_city(seed, cases)
    write_city(city, folder)
    faulty = sum(bool(case.fault) for case in city.cases)
    out.print(f"{len(city.cases)} cases, {faulty} of them with a fault, in {len(city.arrivals)} batches and files.")
