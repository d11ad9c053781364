"""Hours that were wrong accused people: whom the hours of now would not accuse is on leave for that time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import reduce
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, or_, select

from correlation.disputes.dispute_log import NO_ABSENCE, Deadlines
from storage.hours import Weekly, hours_of, opening
from storage.intervals import Span, intersect, merge, subtract
from storage.models import ACCUSING, Absence, Alert, Counter, Cover, CoverKind, DisputeState, Hall, Roster
from web import places
from web.declarations import CounterDeclaration, HallDeclaration
from web.i18n import gettext_marker as _

HOURS_CHANGED = _("The hours of now say that nobody had to be there.")
LOOK_BACK = timedelta(days=31)
SLIP = timedelta(days=3)
"""So long after hours were changed, a weekend included, a further change corrects a slip in them."""
_NOBODY = "–"


def take_turns_of(session: Session, halls: Iterable[str], counters: Iterable[str]) -> None:
    """For whoever changes several in one transaction: the turns of all these counters, before any is changed.

    One change after the other would take them in the order of the changes, and who writes what is seen takes them in
    the order of their ids: each of the two would wait for the other.
    """
    known = select(Counter.id).where(or_(col(Counter.hall_id).in_(halls), col(Counter.id).in_(counters)))
    _take_turns(session, session.exec(known).all())


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
        _excuse_anew(session, hours, counters, hall, by, now)


def put_counter(session: Session, declared: CounterDeclaration, by: int | None, now: datetime) -> None:
    """The same of a changed roster. Raises as `places.put_counter`."""
    before = _weekly(places.roster_in_force(session, declared.id))
    places.put_counter(session, declared, now)
    roster = places.roster_in_force(session, declared.id)
    if _weekly(roster) != before and (hall := session.get(Hall, declared.hall)):
        _excuse_anew(session, roster, [declared.id], hall, by, now)


def _weekly(rows: Iterable[Weekly]) -> set[tuple[int, str, str]]:
    return {(row.weekday, row.opens, row.closes) for row in rows}


def _take_turns(session: Session, counters: Iterable[str]) -> None:
    from analytics.recording import take_turns  # it knows pictures, which take long to load; hours change seldom

    for counter_id in sorted(counters):
        take_turns(session, counter_id)


def _excuse_anew(
    session: Session, hours: Sequence[Weekly], counters: Sequence[str], hall: Hall, by: int | None, now: datetime
) -> None:
    """First what an earlier change excused, then what this one does, in the turns of the counters concerned."""
    slips = [leave.counter_id for leave, _left in _slips(session, counters, hall, now)]
    concerned = {*slips, *_outside(session, hours, counters, hall, now)}
    _take_turns(session, concerned)
    _excuse_no_more(session, concerned, hall, by, now)
    _excuse_outside(session, hours, concerned, hall, by, now)


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
    from analytics.judging import judge_anew

    for counter_id, spans in sorted(_outside(session, hours, counters, hall, now).items()):
        for span in spans:
            _register(session, counter_id, span, by, now)
            judge_anew(session, counter_id, span, now)


def _outside(
    session: Session, hours: Sequence[Weekly], counters: Iterable[str], hall: Hall, now: datetime
) -> dict[str, list[Span]]:
    """Of each counter concerned what is still to be answered for, and lies outside of these hours."""
    accused = _accused(session, counters, hall.id, now)
    found = {
        counter_id: merge(closed for span in spans for closed in subtract([span], _open_by(hours, hall, span)))
        for counter_id, spans in accused.items()
    }
    return {counter_id: spans for counter_id, spans in found.items() if spans}


def _excuse_no_more(session: Session, counters: Iterable[str], hall: Hall, by: int | None, now: datetime) -> None:
    """Takes back leave of an earlier change, as far as that change was a slip, and judges its time anew.

    By the hours that held then: what is found is what was withdrawn by the slip. It is over, so nobody is called.
    What is left of the leave stands as it was noted first.
    """
    from analytics.judging import judge_anew

    for leave, left in _slips(session, counters, hall, now):
        leave.withdrawn_at, leave.withdrawn_by = now, by
        for span in left:
            _register(session, leave.counter_id, span, leave.noted_by, leave.noted_at)
        session.flush()
        judge_anew(session, leave.counter_id, Span(leave.start, leave.end or now), now)


def _slips(session: Session, counters: Iterable[str], hall: Hall, now: datetime) -> Iterator[tuple[Cover, list[Span]]]:
    """Leave by changed hours that the hours of now, and those before that change, say was none; what stays of it."""
    of_hall = places.hours_in_force(session, hall.id)
    hours_ever = hours_of(session, [hall.id]).get(hall.id, [])
    lately = select(Cover).where(
        col(Cover.counter_id).in_(counters),
        Cover.kind == CoverKind.LEAVE,
        Cover.who == _NOBODY,
        Cover.reason == HOURS_CHANGED,
        Cover.noted_at > now - SLIP,
        col(Cover.withdrawn_at).is_(None),
    )
    lately = lately.order_by(col(Cover.counter_id), col(Cover.start)).execution_options(populate_existing=True)
    for leave in session.exec(lately).all():
        whole = Span(leave.start, leave.end or now)
        roster_ever = session.exec(select(Roster).where(Roster.counter_id == leave.counter_id)).all()
        roster = [row for row in roster_ever if row.valid_to is None]
        is_open = intersect(_open_by(of_hall, hall, whole), _open_by(roster, hall, whole))
        was_open = _said_open([_before(leave.noted_at, rows) for rows in (hours_ever, roster_ever)], hall, whole)
        left = subtract([whole], intersect(is_open, was_open))
        if left != [whole]:
            yield leave, left


def _before(change: datetime, rows: Iterable[Weekly]) -> list[Weekly]:
    """Those that were in force until then, or beyond."""
    begun = [row for row in rows if row.valid_from is None or row.valid_from < change]
    return [row for row in begun if row.valid_to is None or row.valid_to >= change]


def _said_open(said: Iterable[Sequence[Weekly]], hall: Hall, span: Span) -> list[Span]:
    """Where all hours that there were say open; where there were none at all nobody had said that it is."""
    opened = [_open_by(hours, hall, span) for hours in said if hours]
    return reduce(intersect, opened, [span]) if opened else []


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
    for absence, alert in session.exec(accusing.execution_options(populate_existing=True)).all():
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
