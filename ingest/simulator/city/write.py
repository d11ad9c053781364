"""Writes a city to a folder: what is sent as files of the exchange standard, and the truth beside them."""

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.simulator.city.catalogue import COUNTERS, DEPARTMENTS, DISTRICTS, PLACES, PLATFORMS, Place, Row
from ingest.simulator.city.city import City
from ingest.simulator.city.days import at
from ingest.simulator.city.sending import Arrival

ARRIVALS, TRUTH, FIGURES, CLOSURES, SITE = (
    "arrivals.jsonl",
    "truth.jsonl",
    "figures.jsonl",
    "closures.csv",
    "site.toml",
)
_FOLDER = "arrivals"


def write_city(city: City, folder: Path) -> None:
    """Raises FileExistsError for a folder that has a city already, and what the file system raises."""
    (folder / _FOLDER).mkdir(parents=True)
    for number, arrival in enumerate(city.arrivals):
        (folder / file_of(number, arrival)).write_text(_body(arrival), "utf-8")
    _write_lines(folder / ARRIVALS, (_arrival(number, each) for number, each in enumerate(city.arrivals)))
    _write_lines(folder / TRUTH, _truth(city))
    _write_lines(folder / FIGURES, _figures(city))
    with (folder / CLOSURES).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(_closures())
    (folder / SITE).write_text(site_text(), "utf-8")


def file_of(number: int, arrival: Arrival) -> str:
    """The body of a push, or the file that was dropped; by name in order of arrival."""
    kind = "jsonl" if arrival.sequence is None else "json"
    return f"{_FOLDER}/{number + 1:06}-{arrival.platform.id}.{kind}"


def _body(arrival: Arrival) -> str:
    if arrival.sequence is not None:
        return json.dumps({"sequence": arrival.sequence, "rows": arrival.rows}, ensure_ascii=False)
    lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in arrival.rows)
    return "".join(f"{line}\n" for line in lines)


def _arrival(number: int, arrival: Arrival) -> Row:
    return {"at": arrival.at.isoformat(), "source": arrival.platform.id, "file": file_of(number, arrival)}


def _truth(city: City) -> Iterator[Row]:
    for case in city.cases:
        if case.fault:
            cards = [{"cause": card.cause, "link": card.link, "on": card.on.isoformat()} for card in case.cards]
            source = case.course.place.platform.id
            yield {"fault": case.fault, "source": source, "case": case.number, "cards": cards}
    for number, arrival in enumerate(city.arrivals):
        for mistake in arrival.mistakes:
            said = {"line": mistake.line, "field": mistake.field} if mistake.line else {}
            said |= {"count": mistake.count} if mistake.count else {}
            file = file_of(number, arrival)
            sequence = {} if arrival.sequence is None else {"sequence": arrival.sequence}
            yield {"fault": mistake.fault, "source": arrival.platform.id, "file": file, **sequence, **said}
    for arrival in city.lost:
        yield {"fault": arrival.mistakes[0].fault, "source": arrival.platform.id, "sequence": arrival.sequence}
    for row in city.dropped:
        day = row.day.isoformat()
        yield {"fault": "rows_dropped", "source": row.platform.id, "record": row.record, "day": day}


def _figures(city: City) -> Iterator[Row]:
    for source, days in city.figures.items():
        for day, said in sorted(days.items()):
            counts = {"cases_opened": said.cases_opened, "fees_fen": said.fees_fen, "late": said.late}
            yield {"source": source, "day": day.isoformat(), "records": said.records, **counts}


def _closures() -> Iterator[tuple[str, ...]]:
    yield "hall", "day", "reason", "noted_at"
    for place in PLACES:
        for day in sorted(place.closed):
            yield place.id, day.isoformat(), "台风", at(day, 6).isoformat()


def _write_lines(path: Path, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def site_text() -> str:
    """The configuration by which Hallwatch supervises the city."""
    tables = [_table("district", id=key, name=name, name_en=name_en) for key, (name, name_en) in DISTRICTS.items()]
    tables += [table for place in PLACES for table in _place(place)]
    tables += [_table("source", id=platform.id, name=platform.name) for platform in PLATFORMS]
    return "# The simulated city, written by `hallwatch simulate-city`\n\n" + "\n".join(tables)


def _place(place: Place) -> Iterator[str]:
    yield _table("hall", id=place.id, district=place.district, name=place.name, name_en=place.name_en)
    for number in map(str, range(1, COUNTERS + 1)):
        yield _table("counter", id=f"{place.id}-{number}", hall=place.id, number=number, name=f"{number}号窗口")
    for code, name in DEPARTMENTS.items():
        full_name = DISTRICTS[place.district][0] + name
        yield _table("department", id=f"{place.district}-{code}", district=place.district, name=full_name)


def _table(table: str, **values: str) -> str:
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())
    return "\n".join([f"[[{table}]]", *lines, ""])
