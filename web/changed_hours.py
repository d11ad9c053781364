"""Hours that were wrong accused people: whom the hours of now would not accuse is on leave for that time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from correlation.disputes.dispute_log import NO_ABSENCE, Deadlines
from storage.hours import Weekly, opening
from storage.intervals import Span, intersect, merge, subtract
from storage.models import ACCUSING, Absence, Alert, Counter, Cover, CoverKind, DisputeState, Hall
from web import places
from web.declarations import CounterDeclaration, HallDeclaration
from web.i18n import gettext_marker as _

HOURS_CHANGED = _("The hours of now say that nobody had to be there.")
LOOK_BACK = timedelta(days=31)
SLIP = timedelta(days=3)
"""So long after hours were changed, a weekend included, a further change corrects a slip in them."""
_NOBODY = "–"


def put_hall(session: Session, declared: HallDeclaration, by: int | None, now: datetime) -> None:
    """Changed hours hold from now on; absences that may still be disputed end where they lie outside of them.

    What an earlier change withdrew by a slip that this one corrects is judged anew.

    `by`: the user who says so; None: the configuration file.
    """
    before = _weekly(places.hours_in_force(session, declared.id))
    hall = places.put_hall(session, declared, now)
    hours = places.hours_in_force(session, hall.id)
    if _weekly(hours) != before:
        counters = session.exec(select(Counter.id).where(Counter.hall_id == hall.id)).all()
        _excuse_no_more(session, counters, hall, by, now)
        _excuse_outside(session, hours, counters, hall, by, now)


def put_counter(session: Session, declared: CounterDeclaration, by: int | None, now: datetime) -> None:
    """The same of a changed roster. Raises as `places.put_counter`."""
    before = _weekly(places.roster_in_force(session, declared.id))
    places.put_counter(session, declared, now)
    roster = places.roster_in_force(session, declared.id)
    if _weekly(roster) != before and (hall := session.get(Hall, declared.hall)):
        _excuse_no_more(session, [declared.id], hall, by, now)
        _excuse_outside(session, roster, [declared.id], hall, by, now)


def _weekly(rows: Iterable[Weekly]) -> set[tuple[int, str, str]]:
    return {(row.weekday, row.opens, row.closes) for row in rows}


def _excuse_outside(
    session: Session,
    hours: Sequence[Weekly],
    counters: Iterable[str],
    hall: Hall,
    by: int | None,
    now: datetime,
) -> None:
    """Registers leave where absences of the last 31 days lie outside these hours, and judges them anew.

    Only of those that count nothing for good yet: they may still be disputed, or are. Nothing is found by it.
    """
    from analytics.judging import judge_anew  # it knows pictures, which take long to load; hours change seldom
    from analytics.recording import take_turns

    for counter_id, spans in sorted(_accused(session, counters, hall.id, now).items()):
        outside = [closed for span in spans for closed in subtract([span], _open_by(hours, hall, span))]
        if not outside:
            continue
        take_turns(session, counter_id)
        for span in merge(outside):
            _register(session, counter_id, span, by, now)
            judge_anew(session, counter_id, span, now)


def _excuse_no_more(session: Session, counters: Iterable[str], hall: Hall, by: int | None, now: datetime) -> None:
    """Takes back leave of an earlier change, as far as it lies inside the hours of now, and judges its time anew.

    By the hours that held then: what is found is what was withdrawn by the slip. It is over, so nobody is called.
    """
    from analytics.judging import judge_anew
    from analytics.recording import take_turns

    of_hall = places.hours_in_force(session, hall.id)
    slips = select(Cover).where(
        col(Cover.counter_id).in_(counters),
        Cover.kind == CoverKind.LEAVE,
        Cover.who == _NOBODY,
        Cover.reason == HOURS_CHANGED,
        Cover.noted_at > now - SLIP,
        col(Cover.withdrawn_at).is_(None),
    )
    for leave in session.exec(slips.order_by(col(Cover.counter_id), col(Cover.start))).all():
        whole = Span(leave.start, leave.end or now)
        roster = places.roster_in_force(session, leave.counter_id)
        closed = subtract([whole], intersect(_open_by(of_hall, hall, whole), _open_by(roster, hall, whole)))
        if closed == [whole]:
            continue
        take_turns(session, leave.counter_id)
        leave.withdrawn_at, leave.withdrawn_by = now, by
        for span in closed:
            _register(session, leave.counter_id, span, by, now)
        session.flush()
        judge_anew(session, leave.counter_id, whole, now)


def _open_by(hours: Sequence[Weekly], hall: Hall, span: Span) -> tuple[Span, ...]:
    """Where in the span these hours say open, as if they had always held."""
    held = [row.model_copy(update={"valid_from": None, "valid_to": None}) for row in hours]
    return opening(held, ZoneInfo(hall.timezone), span.start, span.end)


def _accused(session: Session, counters: Iterable[str], hall_id: str, now: datetime) -> dict[str, list[Span]]:
    """Of each counter what it is still to be answered for."""
    found: dict[str, list[Span]] = defaultdict(list)
    deadlines = Deadlines(session)
    accusing = select(Absence, Alert).join(Alert, col(Alert.absence_id) == col(Absence.id), isouter=True)
    accusing = accusing.where(
        col(Absence.counter_id).in_(counters),
        col(Absence.kind).in_(ACCUSING),
        Absence.start > now - LOOK_BACK,
        Absence.start < now,
        Absence.ended_by != NO_ABSENCE,
    )
    for absence, alert in session.exec(accusing).all():
        until = deadlines.judged(absence, alert, hall_id).dispute_by
        is_open = absence.dispute is None and (until is None or until > now)
        if is_open or absence.dispute is DisputeState.DISPUTED:
            found[absence.counter_id].append(Span(absence.start, absence.end or now))
    return found


def _register(session: Session, counter_id: str, span: Span, by: int | None, now: datetime) -> None:
    session.add(
        Cover(
            counter_id=counter_id,
            kind=CoverKind.LEAVE,
            who=_NOBODY,
            start=span.start,
            end=span.end,
            reason=HOURS_CHANGED,
            noted_by=by,
            noted_at=now,
        )
    )
    session.flush()
