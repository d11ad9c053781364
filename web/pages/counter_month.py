"""One month of one counter: a strip of hours for each day, and where the time of each day went."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends

from analytics.figures import Ledger
from storage.intervals import Span
from web.months import Month, day_in, month_of
from web.pages.counter_day import DayViewer, figures_table
from web.pages.counter_figures import TimeSpent, seen_at, time_spent, watched_since
from web.pages.months import asked_month, clock_hours, local_day
from web.pages.places import CounterRef, counters_by_id
from web.pages.rendering import add_page
from web.pages.tables import Table, add_table
from web.scope import scoped_counter
from web.services import ServicesDep

router = APIRouter()


@dataclass(frozen=True)
class CounterDay:
    day: date
    spent: TimeSpent
    hours: dict[int, TimeSpent]
    """By the number that the hall's clock shows; where clocks are set one may be missing."""


@dataclass(frozen=True)
class CounterMonthPage:
    now: datetime
    counter: CounterRef
    month: str
    before: str
    after: str
    """The month after this one, if it has begun; else nothing."""
    begun: datetime | None
    """When it was watched for the first time, if some or all of what is shown lies before that."""
    spent: TimeSpent
    hours: tuple[int, ...]
    """From the first to the last that was open on any day, as far as the month has passed."""
    days: tuple[CounterDay, ...]


def counter_month_page(counter: str, viewer: DayViewer, services: ServicesDep, month: str = "") -> CounterMonthPage:
    """Raises NotFound for a counter out of scope, Unprocessable for what is no month."""
    now = services.clock()
    with services.database.transaction() as session:
        scoped_counter(session, viewer, counter)
        place = counters_by_id(session, [counter])[counter]
        zone = place.hall.timezone
        newest = month_of(local_day(now, zone))
        shown = asked_month(month, newest)
        whole = _span_of(shown, zone)
        seen = seen_at(session, place, whole, now)
        since = watched_since(session, counter)
    hours = [[(hour, span) for hour, span in clock_hours(day, zone)] for day in shown.days]
    ledger = Ledger(whole, seen, now)
    by_hour = iter(time_spent(ledger, [span for of_day in hours for _, span in of_day]))
    by_day = time_spent(ledger, [day_in(day, zone) for day in shown.days])
    days = tuple(
        CounterDay(day, spent, {hour: next(by_hour) for hour, _ in of_day})
        for day, spent, of_day in zip(shown.days, by_day, hours, strict=True)
    )
    after = shown.plus(1)
    return CounterMonthPage(
        now=now,
        counter=place,
        month=str(shown),
        before=str(shown.plus(-1)),
        after=str(after) if after <= newest else "",
        begun=since if since and whole.start < since else None,
        spent=time_spent(ledger, [whole])[0],
        hours=_open_hours(days),
        days=days,
    )


def _span_of(month: Month, zone: str) -> Span:
    return Span(day_in(month.days[0], zone).start, day_in(month.days[-1], zone).end)


def _open_hours(days: tuple[CounterDay, ...]) -> tuple[int, ...]:
    hours = sorted({hour for day in days for hour, spent in day.hours.items() if spent.open_s})
    return tuple(range(hours[0], hours[-1] + 1)) if hours else ()


add_page(router, "/counters/{counter}/month", "counter_month.html", counter_month_page)


def counter_month_table(
    page: Annotated[CounterMonthPage, Depends(counter_month_page)], by: Literal["day", "hour"] = "day"
) -> Table:
    """A line for each day, or each hour, as far as the month has come."""
    lines = [spent for day in page.days for spent in ((day.spent,) if by == "day" else day.hours.values())]
    begun = [spent for spent in lines if spent.start < page.now]
    return figures_table(f"{page.counter.id}_{page.month}", begun, page.counter.hall.timezone)


add_table(router, "/counters/{counter}/month", counter_month_table)
