"""Works months out and publishes them: by the clerk on its days, and by hand."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import structlog
from sqlmodel import Session, col, select

from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.rules import shipped_rules
from correlation.deadlines.work_calendar import FOSHAN
from correlation.evaluation import keeping
from correlation.evaluation.formula import Formula, in_force
from correlation.evaluation.working_out import Period, WorkedOut, work_out
from storage.database import Database
from storage.intervals import Span
from storage.models import Batch, Evaluation, EvaluationState, Hall
from web.errors import Conflict
from web.months import Month, day_in, month_of

CLERK = "clerk"
"""Who publishes on schedule."""
DRAFT_EVERY = timedelta(days=1)
_DAY = timedelta(days=1)
_log = structlog.get_logger(__name__)


class Task(NamedTuple):
    month: Month
    publish: bool


class LastDone(NamedTuple):
    state: EvaluationState
    counted_at: datetime


def due(
    now: datetime, today: date, publish_day: int, last: Mapping[str, LastDone], first_told: datetime | None = None
) -> Iterator[Task]:
    """The month before is drafted daily until it is published, by itself from its day on; this one is drafted daily.

    `last` has the newest evaluation of each month; `publish_day` is 0 where people publish. `first_told` is when the
    first batch of cases came: who has just begun is not shown yesterday's nothing, so a draft that knew of half the
    time since then is old.
    """
    this = month_of(today)
    before = this.plus(-1)
    for month in (before, this):
        done = last.get(str(month))
        if done is not None and done.state is EvaluationState.PUBLISHED:
            continue
        if month == before and publish_day and today.day >= publish_day:
            yield Task(month, publish=True)
        elif done is None or now - done.counted_at >= _holds_for(done.counted_at, first_told):
            yield Task(month, publish=False)


def _holds_for(counted_at: datetime, first_told: datetime | None) -> timedelta:
    if first_told is None:
        return DRAFT_EVERY
    return min(DRAFT_EVERY, max(timedelta(0), counted_at - first_told))


class Evaluating:
    """The clerk's job."""

    def __init__(self, database: Database, publish_day: int) -> None:
        self._database = database
        self._publish_day = publish_day

    def run_once(self, now: datetime) -> int:
        """Does what is due and returns how many months that were."""
        with self._database.transaction() as session:
            zone = site_zone(session)
            today = now.astimezone(ZoneInfo(zone)).date()
            first_told = session.exec(select(Batch.received_at).order_by(col(Batch.id)).limit(1)).first()
            tasks = list(due(now, today, self._publish_day, _last_done(session, month_of(today)), first_told))
        return sum(self._do(task, now) for task in tasks)

    def _do(self, task: Task, now: datetime) -> int:
        worked = worked_out(self._database, task.month, now)
        if worked is None:
            return 0
        if task.publish and worked.units:
            published = publish(self._database, worked, CLERK, now)
            _log.info("evaluation_published", month=published.month, units=len(worked.units))
        else:
            with self._database.transaction() as session:
                keeping.keep_draft(session, worked)
        return 1


def _last_done(session: Session, this: Month) -> dict[str, LastDone]:
    months = [str(this.plus(-1)), str(this)]
    of_both = select(Evaluation).where(col(Evaluation.month).in_(months))
    # What is published stands last: a draft beside it is one of an erratum.
    found = session.exec(of_both.order_by(col(Evaluation.state) == EvaluationState.PUBLISHED))
    return {each.month: LastDone(each.state, each.counted_at) for each in found}


def site_zone(session: Session) -> str:
    """In whose days months lie: that of the first hall."""
    return session.exec(select(Hall.timezone).order_by(col(Hall.id))).first() or FOSHAN.key


def period_of(month: Month, zone: str) -> Period:
    last = month.days[-1]
    return Period(str(month), month.first, last, zone, Span(day_in(month.first, zone).start, day_in(last, zone).end))


def worked_out(database: Database, month: Month, now: datetime, formula: Formula | None = None) -> WorkedOut | None:
    """By the formula in force on its last day, or by another; None where none was, as before the first one.

    What was told and is not reckoned yet is reckoned first: cards that nobody has raised would not count.
    """
    keeper = DeadlineKeeper(database, shipped_rules())
    while keeper.run_once(now):
        pass
    with database.transaction() as session:
        chosen = formula or in_force(keeping.formulas(session), month.days[-1])
        if chosen is None:
            return None
        return work_out(session, period_of(month, site_zone(session)), chosen, shipped_rules(), now)


def publish(database: Database, worked: WorkedOut, by: str, now: datetime, erratum: str = "") -> Evaluation:
    """Raises Conflict, which says what to do."""
    if now < worked.period.span.end:
        raise Conflict(f"{worked.period.month} is not over; it can be worked out, and published when it is.")
    try:
        with database.transaction() as session:
            return keeping.publish(session, worked, by, now, erratum)
    except (keeping.PublishedAlready, keeping.NothingToCorrect) as error:
        raise Conflict(str(error)) from None
