"""What a platform says that happened, day by day, in the figures that are compared with ours."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from ingest.simulator.city.cases import CityCase
from ingest.simulator.city.catalogue import Row
from ingest.simulator.city.days import ZONE
from ingest.simulator.city.sending import Arrival

_STAMPS = {
    "step": "end",
    "suspension": "start",
    "extension": "approved",
    "fee": "charged",
    "result": "decided",
    "delivery": "delivered",
    "rating": "rated",
}


@dataclass
class Figures:
    records: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    cases_opened: int = 0
    fees_fen: int = 0
    late: int = 0
    """First heard of after the end of the next day."""


def count(cases: Sequence[CityCase]) -> dict[date, Figures]:
    """Of one platform, the newest word of each record."""
    found: dict[date, Figures] = defaultdict(Figures)
    for case in cases:
        newest = {_name(event.row): event.row for event in case.events}
        for row in newest.values():
            of_day = found[day_of(row)]
            of_day.records[str(row["record"])] += 1
            of_day.fees_fen += int(Decimal(str(row.get("amount", 0))) * 100)
        opened = min(str(row["start"]) for row in newest.values() if row["record"] == "step")
        found[datetime.fromisoformat(opened).date()].cases_opened += 1
    return found


def count_late(counted: Mapping[date, Figures], arrivals: Iterable[Arrival]) -> None:
    """By when each record first came; `arrivals` of the same platform, in their order."""
    heard = set()
    for arrival in arrivals:
        for row in arrival.good_rows:
            if row["record"] in _STAMPS and _name(row) not in heard:
                heard.add(_name(row))
                happened = day_of(row)
                counted[happened].late += arrival.at.date() - happened > timedelta(days=1)


def day_of(row: Row) -> date:
    return datetime.fromisoformat(str(row[_STAMPS[str(row["record"])]])).astimezone(ZONE).date()


def _name(row: Row) -> tuple[object, object]:
    return row["record"], row.get("step") or row.get("id")
