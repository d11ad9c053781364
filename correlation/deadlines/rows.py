"""What a stored row of the exchange standard says of its case, or of the limits of an item. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from correlation.deadlines.facts import Extension, Limit, Suspension
from correlation.deadlines.observing import Telling
from correlation.deadlines.tellings import Said, ToldDelivery, ToldFee, ToldResult, ToldStep
from correlation.deadlines.told import ItemLimits
from storage.at_counter import BY_COUNTER
from storage.models import Decision, LimitUnit, RecordKind, StepKind, SuspensionReason

Row = Mapping[str, Any]
"""As JSON has it."""


def item_limits(said: Row) -> ItemLimits:
    """Of an entry, which may leave out what is usual."""
    unit = LimitUnit(said.get("limit_unit", LimitUnit.DAYS))
    legal, promised = said.get("legal_limit"), said.get("promised_limit")
    links, fees = said.get("links", ()), said.get("fees", ())
    return ItemLimits(
        legal=None if legal is None else Limit(legal, unit),
        promised=None if promised is None else Limit(promised, unit),
        is_joint=said.get("joint", False),
        fee_codes=frozenset(fee["code"] for fee in fees if fee.get("code")),
        fee_names=frozenset(fee["name"] for fee in fees if fee["name"]),
        charges=any(Decimal(fee.get("amount") or 0) > 0 for fee in fees),
        links=tuple((StepKind(link["kind"]), _limit_of(link)) for link in links),
    )


def _limit_of(link: Row) -> Limit | None:
    amount = link.get("limit")
    return None if amount is None else Limit(amount, LimitUnit(link.get("unit", LimitUnit.DAYS)))


def moment_of(row: Row, field: str) -> datetime | None:
    return datetime.fromisoformat(row[field]) if row.get(field) else None


def _step(row: Row) -> ToldStep:
    start = datetime.fromisoformat(row["start"])
    return ToldStep(
        StepKind(row["kind"]),
        start,
        moment_of(row, "end") or start,
        row.get("item", ""),
        moment_of(row, "due"),
        moment_of(row, "closed"),
        entered_at=moment_of(row, "entered"),
        is_joint=row.get("joint", False),
        lacks=_lacks(row),
    )


_NOTHING: frozenset[Telling] = frozenset()
_OPERATOR, _COUNTER = frozenset({Telling.OPERATOR}), frozenset({Telling.COUNTER})


def _lacks(row: Row) -> frozenset[Telling]:
    operator = _NOTHING if row.get("operator") else _OPERATOR
    is_by_counter = row.get("channel", "").lower() in BY_COUNTER
    return operator | _COUNTER if is_by_counter and not row.get("counter") else operator


def _suspension(row: Row) -> Suspension:
    start = datetime.fromisoformat(row["start"])
    return Suspension(SuspensionReason(row["reason"]), start, moment_of(row, "end"), row.get("notice_number", ""))


def _extension(row: Row) -> Extension:
    return Extension(datetime.fromisoformat(row["approved"]), int(row["days"]))


def _result(row: Row) -> ToldResult:
    reasoned = bool(row.get("reason") or row.get("document"))
    return ToldResult(datetime.fromisoformat(row["decided"]), Decision(row["decision"]), reasoned)


READERS: Mapping[RecordKind, Callable[[Row], Said]] = {
    RecordKind.STEP: _step,
    RecordKind.SUSPENSION: _suspension,
    RecordKind.EXTENSION: _extension,
    RecordKind.RESULT: _result,
    RecordKind.FEE: lambda row: ToldFee(
        datetime.fromisoformat(row["charged"]), row.get("code", ""), row.get("name", "")
    ),
    RecordKind.DELIVERY: lambda row: ToldDelivery(datetime.fromisoformat(row["delivered"])),
}
"""The kinds of records that tell of a case; what they leave open may be left out."""
