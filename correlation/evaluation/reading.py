"""What else is counted of a month: cards, ratings, absences and watched time."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from correlation.deadlines.card_log import spoken, subject, words_of
from correlation.deadlines.workflow import counts, state_of
from correlation.disputes.dispute_log import Deadlines
from correlation.disputes.dispute_log import spoken as spoken_of_absence
from correlation.disputes.dispute_log import words_of as words_of_absences
from correlation.disputes.workflow import COUNTS, standing
from correlation.evaluation.behind import WORST_LEVELS
from correlation.evaluation.going_on import GoOn, asking
from correlation.evaluation.places import Directory, Place, first_counters
from correlation.evaluation.tally import Mark, Tally
from storage.hours import hall_hours, off_duty
from storage.intervals import Span, intersect, subtract, total, whole_seconds
from storage.models import (
    ABSENCES,
    Absence,
    AbsenceStanding,
    Alert,
    Card,
    CardKind,
    CardState,
    CardWord,
    Case,
    MarkKind,
    Presence,
    Rating,
    StaffState,
)
from storage.presence_now import lasting_until, watched_to

_NO_ABSENCE = ("withdrawn", "changed")
_ADDED_TO = {
    AbsenceStanding.STANDS: "absent_s",
    AbsenceStanding.UPHELD: "absent_s",
    AbsenceStanding.DISPUTED: "disputed_s",
    AbsenceStanding.OPEN: "open_s",
}
_DAY = timedelta(days=1)
_CARDS_AT_ONCE = 1_000


def count_cards(session: Session, month: Span, at: datetime, tally: Tally, go_on: GoOn) -> None:
    """Those raised in the month, as they stood at the moment."""
    raised = (
        select_rows(Card, Case)
        .join(Case, col(Case.id) == col(Card.case_id))
        .where(Card.raised_at >= month.start, Card.raised_at < month.end)
    )
    found = session.exec(raised).all()
    words = _words(session, [card.id for card, _ in found if card.id is not None])
    counters = first_counters(session, {file.id for _, file in found if file.id is not None})
    for card, file in asking(found, go_on):
        assert card.id is not None
        if card.kind is CardKind.REMINDER:
            _count_reminder(card, file, counters.get(file.id or 0, ""), at, tally)
            continue
        said = spoken(words.get(card.id, ()))
        does_count = counts(subject(card), said, at)
        if not does_count and state_of(said, at) is not CardState.APPEALED:
            continue
        place = Place(file.department_id or "", file.hall_id or "", counters.get(file.id or 0, ""))
        tally.add(place, **{card.kind.value if does_count else "appealed": 1})
        mark = Mark(MarkKind.CARD, card.id, card.raised_at, place, file.number, does_count, card.kind.value, file.id)
        tally.mark(mark)


def _count_reminder(card: Card, file: Case, counter: str, at: datetime, tally: Tally) -> None:
    if card.id is None or at < card.raised_at or (card.withdrawn_at is not None and card.withdrawn_at <= at):
        return
    place = Place(file.department_id or "", file.hall_id or "", counter)
    tally.add(place, reminders=1)
    tally.mark(Mark(MarkKind.REMINDER, card.id, card.raised_at, place, file.number, case_id=file.id))


def _words(session: Session, cards: Sequence[int]) -> dict[int, list[CardWord]]:
    """Some cards at a time: a statement has room for so many."""
    found: dict[int, list[CardWord]] = {}
    for first in range(0, len(cards), _CARDS_AT_ONCE):
        found.update(words_of(session, cards[first : first + _CARDS_AT_ONCE]))
    return found


def count_ratings(session: Session, month: Span, site: Directory, tally: Tally, go_on: GoOn) -> None:
    source = func.coalesce(Rating.case_source_id, Rating.source_id)
    of_case = and_(col(Case.source_id) == source, col(Case.number) == col(Rating.case_number))
    rated = (
        select_rows(Rating, Case)
        .join(Case, of_case, isouter=True)
        .where(Rating.rated >= month.start, Rating.rated < month.end)
    )
    for rating, file in asking(session.exec(rated), go_on):
        assert rating.id is not None
        counter = rating.counter_id or ""
        hall = site.hall_of.get(counter, "") or (file.hall_id if file else "") or ""
        place = Place((file.department_id if file else "") or "", hall, counter)
        tally.add(place, **{f"level_{rating.level}": 1})
        label, detail, case_id = rating.case_number or rating.counter_ref, str(rating.level), file.id if file else None
        for kind in (_low(rating.level), MarkKind.GOOD_RATING):
            tally.mark(Mark(kind, rating.id, rating.rated, place, label, detail=detail, case_id=case_id))


def _low(level: int) -> MarkKind:
    return MarkKind.BAD_RATING if level in WORST_LEVELS else MarkKind.LOW_RATING


def count_absences(
    session: Session, month: Span, at: datetime, site: Directory, owners: Mapping[str, str], tally: Tally, go_on: GoOn
) -> None:
    """What each counts for as it stood at the moment: that somebody has seen its alert is neither here nor there."""
    began = (
        select_rows(Absence, Alert)
        .join(Alert, col(Alert.absence_id) == col(Absence.id), isouter=True)
        .where(Absence.start >= month.start, Absence.start < month.end, col(Absence.ended_by).not_in(_NO_ABSENCE))
        .where(col(Absence.kind).in_(ABSENCES))
    )
    found = session.exec(began).all()
    words = words_of_absences(session, [absence.id for absence, _ in found if absence.id is not None])
    deadlines, until = Deadlines(session), min(at, month.end)
    for absence, alert in asking(found, go_on):
        assert absence.id is not None
        counter = absence.counter_id
        place = Place(owners.get(counter, ""), site.hall_of[counter], counter)
        judged = deadlines.judged(absence, alert, place.hall)
        stands = standing(judged, spoken_of_absence(words[absence.id]), at)
        if stands is AbsenceStanding.WITHDRAWN:
            continue
        seconds = max(0, whole_seconds((min(absence.end or until, until) - absence.start).total_seconds()))
        tally.add(place, **{_ADDED_TO[stands]: seconds})
        tally.mark(
            Mark(
                MarkKind.ABSENCE,
                absence.id,
                absence.start,
                place,
                label=site.counters[counter][0],
                counts=stands in COUNTS,
                detail=str(seconds),
                standing=stands.value,
            )
        )


def count_watched(
    session: Session, month: Span, at: datetime, site: Directory, owners: Mapping[str, str], tally: Tally
) -> None:
    """Opening time of each counter in which it was known whether somebody was there."""
    if at <= month.start:
        return
    until = min(at, month.end)
    hours = hall_hours(session, {hall: ZoneInfo(zone) for hall, zone in site.zone_of.items()})
    seen_to = watched_to(session, site.hall_of, at)
    off = off_duty(session, dict.fromkeys(site.hall_of, Span(month.start, until)))
    for counter, hall in site.hall_of.items():
        spans = [
            Span(start, end or lasting_until(start, seen_to.get(counter), until))
            for start, end in session.exec(
                select_rows(Presence.start, Presence.end).where(
                    Presence.counter_id == counter,
                    Presence.start < until,
                    col(Presence.staff) != StaffState.UNKNOWN,
                    col(Presence.end).is_(None) | (col(Presence.end) > month.start),
                )
            )
        ]
        if spans:
            openings = hours[hall].judged(month.start, until)
            duty = subtract(openings, off.get(counter, ()))
            seconds = whole_seconds(total(intersect(spans, duty)).total_seconds())
            tally.add(Place(owners.get(counter, ""), hall, counter), watched_s=seconds)
