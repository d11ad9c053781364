"""Puts one fault into a case, and says which cards it has to lead to and since when."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from ingest.simulator.city.cases import CityCase, Event, ExpectedCard
from ingest.simulator.city.catalogue import Row
from ingest.simulator.city.courses import late_cards
from ingest.simulator.city.days import ONE_DAY, at, nth
from ingest.simulator.city.faults import Fault
from ingest.simulator.city.hours import late_in_hours

GRACE_DAYS = 2
"""Working days in which a platform may correct itself."""
_DELIVER_DAYS = 10
_BACK_DATED_DAYS = 3
ENTRY_HOUR = 18
"""At which what is entered late is entered."""
_BETWEEN_ENTRIES = timedelta(seconds=5)


def spoil(case: CityCase, fault: Fault) -> CityCase:
    spoiled = _SPOILERS[fault](case)
    return replace(spoiled, fault=fault.value)


def enter_at_once(cases: Sequence[CityCase], operator: str, *, even_the_last: bool) -> list[CityCase]:
    """Their reviews by one operator within seconds; `even_the_last`: up to the decision, which is fresh, as well."""
    day = max(_told_on(case, "decide") for case in cases)
    begins = at(day, ENTRY_HOUR)
    moments = [begins + _BETWEEN_ENTRIES * number for number in range(len(cases))]
    return [
        _entered(case, operator, moment, even_the_last=even_the_last)
        for case, moment in zip(cases, moments, strict=True)
    ]


def enter_later(case: CityCase, name: str, moment: datetime) -> CityCase:
    """A platform that sends files says when; of one that pushes, its pushes tell."""
    event = case.event(name)
    said = {"entered": moment.isoformat()} if case.course.place.platform.sends_files else {}
    return case.with_event(name, replace(event, row=event.row | said, entered_on=moment.date()))


def _entered(case: CityCase, operator: str, moment: datetime, *, even_the_last: bool) -> CityCase:
    day = moment.date()
    late = ("accept", "review") if even_the_last else ("review",)
    for name in (*late, *(("decide",) if even_the_last else ())):
        old = case.event(name)
        case = case.with_event(name, replace(old, row=old.row | {"operator": operator}))
        case = enter_later(case, name, moment)
    cards = tuple(ExpectedCard(Fault.ENTERED_IN_BATCH, _sent(case, day), name) for name in late)
    return replace(case, fault=Fault.ENTERED_IN_BATCH.value, cards=cards)


def _sent(case: CityCase, day: date) -> date:
    return case.course.place.platform.sends_on(day)


def _told_on(case: CityCase, name: str) -> date:
    event = case.event(name)
    return _sent(case, event.entered_on or event.happened.date())


def _after_grace(case: CityCase, name: str, before: int = 0) -> date:
    """The day since which it is carded what was told with this; `before`: working days for it before the grace."""
    return nth(_told_on(case, name), before + GRACE_DAYS, case.course.place.closed) + ONE_DAY


def _expecting(case: CityCase, cause: str, on: date, link: str = "") -> CityCase:
    return replace(case, cards=(*case.cards, ExpectedCard(cause, on, link)))


def _overdue(case: CityCase) -> CityCase:
    return replace(case, cards=tuple(ExpectedCard(cause, on) for cause, on in late_cards(case.course)))


def _hours_overdue(case: CityCase) -> CityCase:
    return replace(case, cards=tuple(ExpectedCard(cause, on) for cause, on in late_in_hours(case.course)))


def _link_late(case: CityCase) -> CityCase:
    """The review; where that has no limit of its own the decision, which counts from the end of the review."""
    course, link = case.course, "review"
    start, limit = course.accepted, course.item.link(link)
    if limit is None:
        link = "decide"
        start, limit = course.reviewed, course.item.link(link)
        assert limit is not None
    return _expecting(case, "link_late", course.counted(start, limit) + ONE_DAY, link)


def _last_result_overdue(case: CityCase) -> CityCase:
    """Until the last one is told, the case counts as decided by the first."""
    last = case.event("result")
    moment = at(case.course.reviewed, 15)
    said = {"id": f"{case.number}-R0", "decided": moment.isoformat(), "decision": "granted", "document": "许"}
    case = replace(case, events=(*case.events, Event(moment, last.row | said)))
    return _expecting(case, "past_promised", _told_on(case, "decide"))


def _handed_over_late(case: CityCase) -> CityCase:
    return _expecting(case, "handed_over_late", _told_on(case, "delivery"))


def _paused_at_limit(case: CityCase) -> CityCase:
    return _expecting(case, "paused_at_limit", _told_on(case, "suspension"))


def _link_skipped(case: CityCase) -> CityCase:
    return _expecting(_granted(case).without("review"), "link_skipped", _after_grace(case, "decide"), "review")


def _link_reordered(case: CityCase) -> CityCase:
    """Reviewed only when it had been decided."""
    start = case.event("close").happened + timedelta(minutes=3)
    case = _granted(case).with_event("review", _moved(case.event("review"), start))
    return _expecting(case, "link_reordered", _after_grace(case, "review"), "review")


def _moved(event: Event, start: datetime) -> Event:
    end = start + timedelta(minutes=5)
    return Event(end, event.row | {"start": start.isoformat(), "end": end.isoformat()})


def _fee_unlisted(case: CityCase) -> CityCase:
    fee = case.event("fee")
    charged = replace(fee, row=fee.row | {"code": "F9", "name": "加急费", "amount": "200.00"})
    return _expecting(case.with_event("fee", charged), "fee_unlisted", _after_grace(case, "fee"))


def _refused_without_reason(case: CityCase) -> CityCase:
    result = case.event("result")
    said = {name: value for name, value in result.row.items() if name not in ("reason", "document")}
    case = case.with_event("result", replace(result, row=said | {"decision": "refused"}))
    return _expecting(case, "refused_without_reason", _after_grace(case, "result"))


def _data_missing(case: CityCase) -> CityCase:
    return _expecting(case.without("decide", "result"), "data_missing", _after_grace(case, "close"))


def _operator_missing(case: CityCase) -> CityCase:
    review = case.event("review")
    case = case.with_event("review", replace(review, row=review.row | {"operator": ""}))
    return _expecting(case, "data_missing", _after_grace(case, "review"), "review")


def _result_missing(case: CityCase) -> CityCase:
    return _expecting(case.without("result"), "data_missing", _after_grace(case, "close"))


def _delivery_missing(case: CityCase) -> CityCase:
    case = _granted(case).without("delivery")
    return _expecting(case, "data_missing", _after_grace(case, "result", _DELIVER_DAYS))


def _counter_missing(case: CityCase) -> CityCase:
    receipt = case.event("receive")
    case = case.with_event("receive", replace(receipt, row=receipt.row | {"counter": ""}))
    return _expecting(case, "data_missing", _after_grace(case, "receive"), "receive")


def _notice_missing(case: CityCase) -> CityCase:
    """Neither when it begins nor when its end is told."""
    events = tuple(replace(event, row=_without_notice(event.row)) for event in case.events)
    case = replace(case, events=events)
    return _expecting(case, "data_missing", _after_grace(case, "suspension"))


def _without_notice(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "notice_number"}


def _fee_missing(case: CityCase) -> CityCase:
    case = _granted(case).without("fee")
    return _expecting(case, "data_missing", _after_grace(case, "close"))


def _back_dated(case: CityCase) -> CityCase:
    entered = nth(case.course.reviewed, _BACK_DATED_DAYS, case.course.place.closed)
    case = enter_later(case, "review", at(entered, ENTRY_HOUR))
    return _expecting(case, "back_dated", _told_on(case, "review"), "review")


def _granted(case: CityCase) -> CityCase:
    """Who is refused needs no further links."""
    result = case.event("result")
    said = {name: value for name, value in result.row.items() if name != "reason"}
    return case.with_event("result", replace(result, row=said | {"decision": "granted", "document": "许"}))


_SPOILERS: Mapping[Fault, Callable[[CityCase], CityCase]] = {
    Fault.OVERDUE: _overdue,
    Fault.LAST_RESULT_OVERDUE: _last_result_overdue,
    Fault.DEEMED_OVERDUE: _overdue,
    Fault.HOURS_OVERDUE: _hours_overdue,
    Fault.LINK_LATE: _link_late,
    Fault.HANDED_OVER_LATE: _handed_over_late,
    Fault.PAUSED_AT_LIMIT: _paused_at_limit,
    Fault.LINK_SKIPPED: _link_skipped,
    Fault.LINK_REORDERED: _link_reordered,
    Fault.FEE_UNLISTED: _fee_unlisted,
    Fault.REFUSED_WITHOUT_REASON: _refused_without_reason,
    Fault.DATA_MISSING: _data_missing,
    Fault.OPERATOR_MISSING: _operator_missing,
    Fault.RESULT_MISSING: _result_missing,
    Fault.DELIVERY_MISSING: _delivery_missing,
    Fault.COUNTER_MISSING: _counter_missing,
    Fault.NOTICE_MISSING: _notice_missing,
    Fault.FEE_MISSING: _fee_missing,
    Fault.BACK_DATED: _back_dated,
}
