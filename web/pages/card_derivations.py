"""Why a card was raised, as it was written down with it: its limit, and every day that counts or does not."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from correlation.deadlines.clocks import Basis
from correlation.deadlines.conduct import Evidence
from correlation.deadlines.derivation import Day, Skipped, runs
from correlation.deadlines.rules import Conduct
from correlation.deadlines.work_calendar import DayState
from storage.models import ClockName, LimitUnit, StepKind
from web.pages.case_limits import LimitRow

_MOMENT = timedelta(microseconds=1)


_MOMENTS = frozenset(
    {
        Evidence.HAPPENED,
        Evidence.SAID_BEFORE,
        Evidence.KNOWN,
        Evidence.LAST_MOMENT,
        Evidence.HEARD_BEFORE,
        Evidence.ENTERED,
    }
)


@dataclass(frozen=True)
class EvidenceRow:
    name: Evidence
    text: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class CardDerivation:
    limit: LimitRow | None
    """None of conduct."""
    evidence: tuple[EvidenceRow, ...]
    """Of conduct: what it rests on."""
    law: str
    calendar: str
    """Their versions."""
    source: str
    """Of conduct: what the rule rests on."""
    counted: int
    """Days; of a limit in hours, those with any working time."""
    left_out: dict[Skipped, int]
    """Days that do not count, by reason."""
    rules: str
    """Version of the rules for cards."""
    rests_on: str
    """What that version rests on; empty for cards of before this was kept."""
    conduct: Conduct | None
    """Of conduct: the numbers of that version; None where it is not kept here any more."""

    def moment(self, name: str) -> datetime | None:
        """Of the evidence of that name; None where there is none."""
        return next((row.at for row in self.evidence if row.name == name), None)

    def text(self, name: str) -> str:
        """As `moment`; empty where there is none."""
        return next((row.text for row in self.evidence if row.name == name), "")


def derivation_of(kept: Mapping[str, Any], numbers: Mapping[str, Conduct]) -> CardDerivation:
    """`numbers`: of conduct, by the version of the rules."""
    versions = {"law": kept["law"], "calendar": kept["calendar"], "rules": kept["cards"]}
    versions["rests_on"] = kept.get("rests_on", "")
    if kept["clock"] == ClockName.CONDUCT:
        evidence = tuple(_evidence(Evidence(name), value) for name, value in kept["evidence"])
        conduct = numbers.get(kept["cards"])
        return CardDerivation(
            None, evidence, source=kept["source"], counted=0, left_out={}, conduct=conduct, **versions
        )
    days = tuple(_day(each) for each in kept["days"])
    left_out = Counter(day.skipped for day in days if day.skipped is not None)
    return CardDerivation(
        limit=_limit(kept, days),
        evidence=(),
        source="",
        counted=sum(day.skipped is None for day in days),
        left_out={reason: left_out[reason] for reason in Skipped if left_out[reason]},
        conduct=None,
        **versions,
    )


def _evidence(name: Evidence, value: str | int) -> EvidenceRow:
    if name in _MOMENTS:
        return EvidenceRow(name, at=datetime.fromisoformat(str(value)))
    return EvidenceRow(name, text=str(value))


def _limit(kept: Mapping[str, Any], days: tuple[Day, ...]) -> LimitRow:
    limit, late_from, ended_at = kept["limit"], _moment(kept["late_from"]), _moment(kept["ended_at"])
    in_hours = limit is not None and limit["unit"] == LimitUnit.HOURS
    remaining = kept["remaining"]
    return LimitRow(
        clock=ClockName(kept["clock"]),
        link=StepKind(kept["link"]) if kept["link"] else None,
        basis=Basis(kept["basis"]),
        started_at=datetime.fromisoformat(kept["start"]),
        amount=limit["amount"] if limit else None,
        unit=LimitUnit.HOURS if in_hours else LimitUnit.DAYS,
        last_at=late_from - _MOMENT if late_from else None,
        days_left=None if in_hours else remaining,
        seconds_left=remaining if in_hours else None,
        provisional=kept["provisional"],
        ended_at=ended_at,
        ended_late=ended_at is not None and late_from is not None and ended_at >= late_from,
        days=runs(days),
        law=kept["law"],
        calendar=kept["calendar"],
        is_joint=kept["data"]["is_joint"],
    )


def _day(kept: Mapping[str, Any]) -> Day:
    counted = kept.get("counted")
    return Day(
        day=date.fromisoformat(kept["day"]),
        state=DayState(kept["state"]),
        counted=timedelta(seconds=counted) if isinstance(counted, float) else counted,
        skipped=Skipped(kept["skipped"]) if "skipped" in kept else None,
        why=kept.get("why", ""),
        is_announced=kept.get("is_announced", True),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
