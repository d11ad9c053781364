"""What a message about cards has to know of each of them. Nothing of it is about the applicant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from correlation.deadlines.calendars import CalendarBook
from correlation.deadlines.conduct import Evidence
from correlation.deadlines.counting import counted
from correlation.deadlines.observing import Telling
from correlation.deadlines.work_calendar import WorkCalendar
from storage.models import Card, CardCause, CardKind, Case, ClockName, Hall, LimitUnit, News, StepKind, Told
from web.item_names import ItemRef, in_both, items_of

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class CardSubject:
    card_id: int
    news: News
    kind: CardKind
    cause: CardCause
    case_number: str
    item: tuple[str, str]
    """Chinese, English; empty where nobody has told it."""
    link: StepKind | None
    clock: ClockName
    amount: int | None
    """Of the limit; None where the platform reckons it itself."""
    unit: LimitUnit
    late_from: datetime
    """When the limit passed; of conduct, when it happened."""
    last_at: datetime
    """The last moment in time."""
    days_late: int
    """Working days since, today included; 0 while it is in time or on its last day."""
    lacking: Telling | None
    """What nobody has told, where that is why."""
    explain_by: datetime | None
    correct_by: datetime | None
    """Last moments, as `last_at`."""
    timezone: str

    @property
    def page(self) -> str:
        return f"/cards/{self.card_id}"


def card_subjects(
    session: Session, facts: Sequence[Told], calendars: CalendarBook, now: datetime
) -> tuple[CardSubject, ...]:
    """In the order of the facts."""
    wanted = {fact.matter_id for fact in facts}
    query = select(Card, Case).join(Case, col(Case.id) == col(Card.case_id)).where(col(Card.id).in_(wanted))
    found = {card.id: (card, case) for card, case in session.exec(query)}
    items = items_of(session, [case for _, case in found.values()])
    zones = {hall.id: hall.timezone for hall in session.exec(select(Hall))}
    return tuple(
        _subject(fact.news, card, case, items[case.id or 0], zones, _newest(calendars, case), now)
        for fact in facts
        for card, case in [found[fact.matter_id]]
    )


def _newest(calendars: CalendarBook, case: Case) -> WorkCalendar:
    return calendars.of(case.hall_id)[-1][1]


def _subject(
    news: News,
    card: Card,
    case: Case,
    item: ItemRef | None,
    zones: dict[str, str],
    calendar: WorkCalendar,
    now: datetime,
) -> CardSubject:
    limit: dict[str, Any] = card.derivation.get("limit") or {}
    return CardSubject(
        card_id=card.id or 0,
        news=news,
        kind=card.kind,
        cause=card.cause,
        case_number=case.number,
        item=in_both(item),
        link=StepKind(card.link) if card.link else None,
        clock=card.clock,
        amount=limit.get("amount"),
        unit=LimitUnit(limit.get("unit", LimitUnit.DAYS)),
        late_from=card.late_from,
        last_at=card.late_from - _MOMENT,
        days_late=0 if card.clock is ClockName.CONDUCT else days_late(card.late_from, calendar, now),
        lacking=_lacking(card),
        explain_by=card.explain_by - _MOMENT if card.explain_by else None,
        correct_by=card.correct_by - _MOMENT if card.correct_by else None,
        timezone=zones.get(case.hall_id or "", calendar.zone.key),
    )


def _lacking(card: Card) -> Telling | None:
    evidence = card.derivation.get("evidence", ())
    return next((Telling(value) for name, value in evidence if name == Evidence.LACKING), None)


def days_late(late_from: datetime, calendar: WorkCalendar, now: datetime) -> int:
    last, today = calendar.day_of(late_from - _MOMENT), calendar.day_of(now)
    return counted(calendar, last, today, ()) if today > last else 0
