"""Works months out and publishes them: by the clerk on its days, and by hand.

What is published is counted again and again, too: where something has come out otherwise since, that is the draft of an
erratum, for people to publish.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import or_
from sqlmodel import Session, col, select

from correlation.deadlines.keeping import DeadlineKeeper, waiting
from correlation.deadlines.work_calendar import FOSHAN
from correlation.evaluation import keeping
from correlation.evaluation.addressing import at_address
from correlation.evaluation.formula import Formula, in_force
from correlation.evaluation.going_on import GoOn, nothing_else
from correlation.evaluation.working_out import Period, WorkedOut, work_out
from correlation.evaluation.writing import Overtaken, Pace
from correlation.rulebook import rule_book
from storage.database import Database, StillLocked
from storage.intervals import Span
from storage.models import (
    Absence,
    AbsenceWord,
    Batch,
    Card,
    CardWord,
    EnteredFigure,
    Evaluation,
    EvaluationState,
    Hall,
)
from storage.sayings import Saying
from web.access_log import log_access
from web.errors import Conflict, Forbidden, NotFound
from web.months import Month, day_in, month_of
from web.permissions import Permission
from web.viewer import Viewer

CLERK = "clerk"
"""Who publishes on schedule."""
BACKLOG = 1_000
"""The clerk is reckoning all cases anew: it would be done twice, and by turns, while what is told waits for both."""
DRAFT_EVERY = timedelta(days=1)
LONGEST_WAIT = timedelta(days=2)
"""Then a month is begun whatever waits: it reckons first what it rests on."""
IN_HAND_S = 30.0
"""So long cases are waited for that somebody else writes or reckons: an import may hold its own for many minutes."""
RECOUNT_AFTER = timedelta(hours=1)
"""Of a published month about which people decide one thing after the other."""
_DAY = timedelta(days=1)
_log = structlog.get_logger(__name__)


class Task(NamedTuple):
    month: Month
    publish: bool


class LastDone(NamedTuple):
    state: EvaluationState
    """Published, even where a draft of an erratum is newer."""
    counted_at: datetime


def due(
    now: datetime,
    today: date,
    publish_day: int,
    last: Mapping[str, LastDone],
    first_told: datetime | None = None,
    decided: Collection[str] = (),
) -> Iterator[Task]:
    """The month before is drafted daily, and published by itself from its day on; this one is drafted daily.

    `last` has the newest evaluation of each month; `publish_day` is 0 where people publish. `first_told` is when the
    first batch of cases came: who has just begun is not shown yesterday's nothing, so a draft that knew of half the
    time since then is old. Of the older months that are published one is counted each day, in turn, and at once (but
    once an hour) those in `decided`, of which people have decided something since they were counted.
    """
    this = month_of(today)
    before = this.plus(-1)
    for month in (before, this):
        done = last.get(str(month))
        is_published = done is not None and done.state is EvaluationState.PUBLISHED
        if month == before and publish_day and today.day >= publish_day and not is_published:
            yield Task(month, publish=True)
        elif done is None or now - done.counted_at >= (
            _again_after(str(month), decided) if is_published else _holds_for(done.counted_at, first_told)
        ):
            yield Task(month, publish=False)
    yield from _older(now, {month: done.counted_at for month, done in last.items() if month < str(before)}, decided)


def _older(now: datetime, counted: Mapping[str, datetime], decided: Collection[str]) -> Iterator[Task]:
    chosen = [month for month in sorted(counted) if month in decided and now - counted[month] >= RECOUNT_AFTER]
    if not chosen and counted and now - max(counted.values()) >= DRAFT_EVERY:
        chosen = [min(counted, key=lambda month: (counted[month], month))]
    return (Task(Month.named(month), publish=False) for month in chosen)


def _again_after(month: str, decided: Collection[str]) -> timedelta:
    return RECOUNT_AFTER if month in decided else DRAFT_EVERY


def _holds_for(counted_at: datetime, first_told: datetime | None) -> timedelta:
    if first_told is None:
        return DRAFT_EVERY
    return min(DRAFT_EVERY, max(timedelta(0), counted_at - first_told))


def clerks_day(month: Month, today: date, publish_day: int) -> date | None:
    """From which on the clerk publishes that month; None: people do, as all months older than the one before."""
    is_before = month == month_of(today).plus(-1)
    return today.replace(day=publish_day) if publish_day and is_before else None


class Stopped(Exception):
    """This was asked to stop before it was done; nothing of it is kept."""


class InHand(Exception):
    """Cases are still being written or reckoned, so that nothing is published by itself."""


class Evaluating:
    """The clerk's job."""

    def __init__(
        self,
        database: Database,
        publish_day: int,
        is_stopping: Callable[[], bool] = lambda: False,
        backlog: int = BACKLOG,
        in_hand_s: float = IN_HAND_S,
    ) -> None:
        """`is_stopping`: then what is being counted is given up within a second or so.

        `backlog`: with so many cases that wait to be reckoned no month is begun, unless none was for `LONGEST_WAIT`.

        `in_hand_s`: so long those are waited for that somebody else has in hand; then a draft is kept as they were,
        and nothing is published until the next time.
        """
        self._database = database
        self._publish_day = publish_day
        self._is_stopping = is_stopping
        self._backlog = backlog
        self._in_hand_s = in_hand_s

    def run_once(self, now: datetime) -> int:
        """Does what is due and returns how many months that were."""
        with self._database.transaction() as session:
            zone = site_zone(session)
            today = now.astimezone(ZoneInfo(zone)).date()
            first_told = session.exec(select(Batch.received_at).order_by(col(Batch.id)).limit(1)).first()
            last = _last_done(session, month_of(today))
            newest = max((done.counted_at for done in last.values()), default=first_told)
            if newest is not None and now - newest < LONGEST_WAIT and months_wait(session, now, self._backlog):
                return 0
            decided = _decided_since(session, last, zone)
            tasks = list(due(now, today, self._publish_day, last, first_told, decided))
        done = 0
        try:
            for task in tasks:
                done += self._do(task, now)
        except (Stopped, InHand, Overtaken, Conflict):
            _log.info("evaluation_given_up", month=str(task.month))
        return done

    def _do(self, task: Task, now: datetime) -> int:
        left_out = _nothing_is_left_out if task.publish else _log_left_out
        worked = worked_out(
            self._database, task.month, now, go_on=self._go_on, in_hand_s=self._in_hand_s, left_out=left_out
        )
        if worked is None:
            return 0
        if task.publish and worked.units:
            published = publish(self._database, worked, None, now, pace=Pace(go_on=self._go_on))
            _log.info("evaluation_published", month=published.month, units=len(worked.units))
        else:
            draft = keeping.keep_draft(self._database, worked, Pace(go_on=self._go_on))
            if draft.differs:
                _log.info("erratum_drafted", month=draft.month, number=draft.number)
        return 1

    def _go_on(self) -> None:
        if self._is_stopping():
            raise Stopped


def months_wait(session: Session, now: datetime, backlog: int = BACKLOG) -> bool:
    """Whether so many cases wait to be reckoned that months are begun later."""
    return waiting(session, now, backlog) >= backlog


def _last_done(session: Session, this: Month) -> dict[str, LastDone]:
    """Of this month and the one before, and of all that are published."""
    recent = col(Evaluation.month).in_([str(this.plus(-1)), str(this)])
    published = select(Evaluation.month).where(Evaluation.state == EvaluationState.PUBLISHED)
    kept = select(Evaluation).where(Evaluation.state != EvaluationState.HIDDEN)
    found = session.exec(kept.where(or_(recent, col(Evaluation.month).in_(published))))
    last: dict[str, LastDone] = {}
    for each in found:
        before = last.get(each.month, LastDone(each.state, each.counted_at))
        is_published = EvaluationState.PUBLISHED in (each.state, before.state)
        state = EvaluationState.PUBLISHED if is_published else each.state
        last[each.month] = LastDone(state, max(before.counted_at, each.counted_at))
    return last


def _decided_since(session: Session, last: Mapping[str, LastDone], zone: str) -> set[str]:
    """Published months since whose count somebody said something of their cards or absences, or entered a figure."""
    counted = {month: done.counted_at for month, done in last.items() if done.state is EvaluationState.PUBLISHED}
    if not counted:
        return set()
    oldest = min(counted.values())
    of_cards = select(CardWord.at, Card.raised_at).join(Card).where(CardWord.at > oldest)
    of_absences = select(AbsenceWord.at, Absence.start).join(Absence).where(AbsenceWord.at > oldest)
    said = [*session.exec(of_cards), *session.exec(of_absences)]
    months = ((at, str(month_of(about.astimezone(ZoneInfo(zone)).date()))) for at, about in said)
    entered = session.exec(
        select(EnteredFigure.entered_at, EnteredFigure.month).where(EnteredFigure.entered_at > oldest)
    )
    return {month for at, month in (*months, *entered) if month in counted and at > counted[month]}


def site_zone(session: Session) -> str:
    """In whose days months lie: that of the first hall."""
    return session.exec(select(Hall.timezone).order_by(col(Hall.id))).first() or FOSHAN.key


def period_of(month: Month, zone: str) -> Period:
    last = month.days[-1]
    return Period(str(month), month.first, last, zone, Span(day_in(month.first, zone).start, day_in(last, zone).end))


def _log_left_out(cases: int) -> None:
    _log.warning("evaluation_leaves_out", cases=cases)


def _nothing_is_left_out(cases: int) -> None:
    _log_left_out(cases)
    raise InHand


def worked_out(
    database: Database,
    month: Month,
    now: datetime,
    formula: Formula | None = None,
    go_on: GoOn = nothing_else,
    in_hand_s: float = IN_HAND_S,
    left_out: Callable[[int], None] = _log_left_out,
) -> WorkedOut | None:
    """By the formula in force on its last day, or by another; None where none was, as before the first one.

    What was told and is not reckoned yet is reckoned first: cards that nobody has raised would not count. `go_on` is
    asked again and again, and raises what ends this. Cases that somebody else has in hand are waited for, for about
    `in_hand_s` in all; of how many it was in vain `left_out` is told, and their cards are as they were.
    """
    _reckon_what_waits(database, now, go_on, in_hand_s, left_out)
    with database.transaction() as session:
        chosen = formula or in_force(keeping.formulas(session), month.days[-1])
        if chosen is None:
            return None
        rules = rule_book(session).rules
        return work_out(session, period_of(month, site_zone(session)), chosen, rules, now, go_on)


def _reckon_what_waits(
    database: Database, now: datetime, go_on: GoOn, in_hand_s: float, left_out: Callable[[int], None]
) -> None:
    """The cases, too, that the clerk has in hand at this moment: its transaction is over once they can be locked."""
    keeper = DeadlineKeeper(database)
    while keeper.run_once(now):
        go_on()
    last = DeadlineKeeper(database, portion=1, due=1, portions=1, waits_s=in_hand_s)
    give_up = time.monotonic() + in_hand_s
    try:
        for _ in range(waiting_cases(database, now)):
            if not waiting_cases(database, now):
                return
            last.run_once(now)
            go_on()
            if time.monotonic() > give_up:
                raise StillLocked
    except StillLocked:
        if left := waiting_cases(database, now):
            left_out(left)


def waiting_cases(database: Database, now: datetime) -> int:
    """How many cases were told of, or come to their moment, and are not reckoned yet; counted up to `2 * BACKLOG`."""
    with database.transaction() as session:
        return waiting(session, now, BACKLOG)


def may_publish(viewer: Viewer) -> bool:
    """A month is published for all halls at once."""
    return viewer.may(Permission.PUBLISH) and viewer.halls is None


def publish(
    database: Database,
    worked: WorkedOut,
    publisher: Viewer | None,
    now: datetime,
    erratum: str = "",
    pace: Pace = Pace(),
) -> Evaluation:
    """`publisher`: None is the clerk; whose name stands there is written to the access log.

    Raises Forbidden, and Conflict, which says what to do.
    """
    if publisher is not None and not may_publish(publisher):
        raise Forbidden
    if now < worked.period.span.end:
        raise Conflict(f"{worked.period.month} is not over; it can be worked out, and published when it is.")
    by = publisher.name if publisher else CLERK

    def log(session: Session, made: Evaluation) -> None:
        if publisher is not None:
            log_access(session, publisher, "publish", _subject(made), erratum, now, "")

    try:
        return keeping.publish(database, worked, by, now, erratum, log, pace)
    except (keeping.PublishedAlready, keeping.NothingToCorrect, keeping.NothingDiffers, Overtaken) as error:
        raise Conflict(str(error)) from None


_PUBLISHED_MEANWHILE = Saying("This draft is published already: see what was published meanwhile.")
_NOTHING_LEFT = Saying("What is published comes out the same again: there is nothing left to correct.")
_COUNTED_AGAIN = Saying("This month was counted again since you saw the draft. Look at it once more.")


def publish_drafted(
    database: Database,
    address: int,
    counted_at: datetime,
    publisher: Viewer,
    now: datetime,
    erratum: str,
    client: str,
) -> Evaluation:
    """The draft of an erratum as it was shown, which is the one that was counted then. `client`: its network address.

    Raises Forbidden, NotFound, and Conflict where it is another by now, or published already.
    """
    if not may_publish(publisher):
        raise Forbidden
    try:
        with database.transaction() as session:
            made = keeping.publish_drafted(session, address, counted_at, publisher.name, now, erratum)
            log_access(session, publisher, "publish", _subject(made), erratum, now, client)
            return made
    except keeping.DraftGone:
        raise _no_draft(database, address) from None
    except keeping.CountedAgain:
        raise Conflict(_COUNTED_AGAIN) from None


def _no_draft(database: Database, address: int) -> Conflict | NotFound:
    with database.transaction() as session:
        there = at_address(session, address)
        if there is not None and there.state is EvaluationState.PUBLISHED:
            return Conflict(_PUBLISHED_MEANWHILE)
        return Conflict(_NOTHING_LEFT) if there is not None and there.differs is False else NotFound()


def _subject(made: Evaluation) -> str:
    return f"evaluation:{made.month}/{made.number}"
