"""What a platform sends, batch after batch, with the mistakes that it makes while sending."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from ingest.simulator.city.cases import CityCase, Event
from ingest.simulator.city.catalogue import ITEMS, PUSH_HOUR, Period, Platform, Row
from ingest.simulator.city.days import at, nth
from ingest.simulator.city.faults import DataFault
from ingest.simulator.city.troubles import Troubles, garble, sending_days

_GARBLED_SHARE, _REPEATED_SHARE = 0.08, 0.08
_ROWS_REPEATED = 3


@dataclass(frozen=True)
class Mistake:
    """Of one arrival. Which of these is set depends on the fault."""

    fault: DataFault
    line: int = 0
    field: str = ""
    count: int = 0


@dataclass(frozen=True)
class Arrival:
    at: datetime
    platform: Platform
    sequence: int | None
    """None: a file."""
    rows: tuple[Row | str, ...]
    mistakes: tuple[Mistake, ...] = ()

    @property
    def is_lost(self) -> bool:
        """It took its number and never comes."""
        return any(mistake.fault is DataFault.BATCH_LOST for mistake in self.mistakes)

    @property
    def good_rows(self) -> Iterator[Row]:
        if any(mistake.fault is DataFault.NUMBER_REUSED for mistake in self.mistakes):
            return
        garbled = {mistake.line for mistake in self.mistakes if mistake.fault is DataFault.ROW_REFUSED}
        for line, row in enumerate(self.rows, start=1):
            if line not in garbled and isinstance(row, dict):
                yield row


def send_all(
    chance: random.Random, platform: Platform, cases: Sequence[CityCase], troubles: Troubles, period: Period
) -> list[Arrival]:
    """In order of arrival."""
    sent = _Sending(chance, platform, troubles, _by_day(platform, cases)).arrivals(sending_days(period))
    return sorted(sent, key=lambda arrival: arrival.at)


def sent_on(platform: Platform, event: Event) -> date:
    return platform.sends_on(event.entered_on or event.happened.date())


_Told = tuple[Event, bool]
"""And whether it is of a case with a fault."""


def _by_day(platform: Platform, cases: Sequence[CityCase]) -> dict[date, list[_Told]]:
    found: dict[date, list[_Told]] = defaultdict(list)
    for case in cases:
        for event in case.events:
            found[sent_on(platform, event)].append((event, bool(case.fault)))
    for told in found.values():
        told.sort(key=lambda one: one[0].happened)
    return found


class _Sending:
    def __init__(
        self, chance: random.Random, platform: Platform, troubles: Troubles, told: dict[date, list[_Told]]
    ) -> None:
        self._chance = chance
        self._platform = platform
        self._troubles = troubles
        self._told = told
        self._sequence = 0
        self._again: dict[date, list[Row]] = defaultdict(list)
        """Rows of batches that were lost."""
        self._before: list[Row] = []
        """Steps of the last batch that came as it should."""

    def arrivals(self, days: Sequence[date]) -> Iterator[Arrival]:
        items: list[Row | str] = [item.row() for item in ITEMS]
        yield self._batch(at(days[0], 8), items)
        for day in days:
            yield from self._of_day(day)

    def _of_day(self, day: date) -> Iterator[Arrival]:
        told, trouble = self._told[day], self._troubles.get(day)
        moment = at(day, PUSH_HOUR)
        if trouble in (DataFault.BATCH_LOST, DataFault.BATCH_LATE):
            # Those whose cards are known to the day go in a batch of their own.
            yield self._batch(moment, [event.row for event, spoiled in told if spoiled])
            yield self._strayed(day, [event.row for event, spoiled in told if not spoiled], trouble)
            self._before = []
            return
        rows = [event.row for event, _ in told]
        if self._platform.sends_files and not rows:
            return
        arrival = self._with_mistakes(self._batch(moment, [*self._again.pop(day, []), *rows]))
        if trouble is DataFault.NUMBER_REUSED and arrival.sequence is not None and arrival.rows:
            mistake = Mistake(DataFault.NUMBER_REUSED)
            yield replace(arrival, at=moment - timedelta(minutes=5), sequence=arrival.sequence - 1, mistakes=(mistake,))
        yield arrival
        if trouble is DataFault.BATCH_REPEATED:
            refused = [
                each for each in arrival.mistakes if each.fault is DataFault.ROW_REFUSED and not arrival.sequence
            ]
            yield replace(arrival, at=moment + timedelta(hours=1), mistakes=(Mistake(trouble), *refused))
        self._before = [row for row in rows if row["record"] == "step"]

    def _strayed(self, day: date, rows: list[Row], trouble: DataFault) -> Arrival:
        """Overtaken, or lost: then its rows come with a later one."""
        moment = at(day, PUSH_HOUR) + timedelta(minutes=1)
        if trouble is DataFault.BATCH_LATE:
            moment = at(nth(day, self._chance.choice([1, 2])), PUSH_HOUR + 1)
        else:
            self._again[nth(day, self._chance.choice([1, 2, 3]))] += rows
        return replace(self._batch(moment, rows), mistakes=(Mistake(trouble),))

    def _batch(self, moment: datetime, rows: Sequence[Row | str]) -> Arrival:
        if self._platform.sends_files:
            return Arrival(moment, self._platform, None, tuple(rows))
        self._sequence += 1
        return Arrival(moment, self._platform, self._sequence, tuple(rows))

    def _with_mistakes(self, arrival: Arrival) -> Arrival:
        rows, mistakes = list(arrival.rows), list(arrival.mistakes)
        if self._before and self._chance.random() < _REPEATED_SHARE:
            repeated = self._before[:_ROWS_REPEATED]
            rows += repeated
            mistakes.append(Mistake(DataFault.ROWS_REPEATED, count=len(repeated)))
        if rows and self._chance.random() < _GARBLED_SHARE:
            place = self._chance.randrange(len(rows))
            row = rows[place]
            assert isinstance(row, dict)
            garbled, field = garble(self._chance, row)
            rows.insert(place, garbled)
            mistakes.append(Mistake(DataFault.ROW_REFUSED, line=place + 1, field=field))
        return replace(arrival, rows=tuple(rows), mistakes=tuple(mistakes))
