"""On which days the sending of a platform goes wrong, and how rows are garbled."""

import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from ingest.simulator.city.catalogue import PLATFORMS, Period, Platform, Row
from ingest.simulator.city.days import between, is_worked
from ingest.simulator.city.faults import DataFault

Troubles = Mapping[date, DataFault]
_OF_PUSHES = (DataFault.BATCH_LOST, DataFault.BATCH_LATE, DataFault.BATCH_REPEATED, DataFault.NUMBER_REUSED)
_SHARE = 0.2
_APART = timedelta(days=7)
"""So that each is told from the next."""
_CALM_AT_LAST = 5
"""Working days in which what was lost comes after all."""


def plan_troubles(chance: random.Random, period: Period) -> dict[str, Troubles]:
    """By platform."""
    return {platform.id: _of_platform(chance, platform, period) for platform in PLATFORMS}


def _of_platform(chance: random.Random, platform: Platform, period: Period) -> Troubles:
    kinds = (DataFault.BATCH_REPEATED,) if platform.sends_files else _OF_PUSHES
    found: dict[date, DataFault] = {}
    last = period.first
    for day in sending_days(period)[:-_CALM_AT_LAST]:
        if day - last > _APART and chance.random() < _SHARE:
            found[day] = kinds[len(found) % len(kinds)]
            last = day
    return found


def sending_days(period: Period) -> list[date]:
    return [day for day in sorted(between(period.first, period.last)) if is_worked(day)]


Garbled = tuple[Row | str, str]
"""What is sent, and the field that is wrong; empty where it is no object at all."""


def garble(chance: random.Random, row: Row) -> Garbled:
    return chance.choice(_OF_STEPS if row["record"] == "step" else _OF_OTHERS)(row)


def _without_zone(row: Row) -> Garbled:
    return row | {"start": str(row["start"])[:19]}, "start"


def _unknown_kind(row: Row) -> Garbled:
    return row | {"kind": "approve"}, "kind"


def _ends_before_it_begins(row: Row) -> Garbled:
    return row | {"end": "2026-01-01T00:00:00+08:00"}, "end"


def _misspelt(row: Row) -> Garbled:
    return row | {"operater": "?"}, "operater"


def _no_case(row: Row) -> Garbled:
    return {name: value for name, value in row.items() if name != "case"}, "case"


def _cut_off(row: Row) -> Garbled:
    return str(row)[:40], ""


_OF_STEPS: tuple[Callable[[Row], Garbled], ...] = (
    _without_zone,
    _unknown_kind,
    _ends_before_it_begins,
    _misspelt,
    _no_case,
    _cut_off,
)
_OF_OTHERS: tuple[Callable[[Row], Garbled], ...] = (_misspelt, _cut_off)
