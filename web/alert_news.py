"""Messages about alerts: which are due, whether they are news still, and what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, false, true
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, exists, or_, select

from analytics.absence import WITHDRAWN
from correlation.evaluation.places import departments_at_counters
from storage.bulk import is_among, table_of
from storage.database import Database, insert_new
from storage.intervals import Span
from storage.models import (
    Absence,
    Alert,
    AlertKind,
    AlertState,
    Audience,
    Camera,
    CameraFault,
    Counter,
    Delivery,
    DeliveryState,
    DisputeState,
    Hall,
    Node,
    Source,
    StoreTest,
)
from web.alert_groups import group_alerts
from web.channels import Channel
from web.contact_address import names_a_person
from web.counter_contacts import LATELY, CounterContacts, counter_contacts, counters_of
from web.news import Step
from web.notice import Notice, Subject, notice
from web.permissions import Permission
from web.scope import alerts_in_scope
from web.sessions import viewer_without_session

MAX_AGE = timedelta(hours=1)
"""An older alert is not news: after a long outage nobody is flooded."""
MAX_ATTEMPTS = 10
NOBODY_THERE = frozenset((AlertKind.ABSENCE, AlertKind.UNATTENDED, AlertKind.NEVER_STAFFED))
"""Of the same counter at the same time they tell of the same."""
_PARTS = "state=all&part_of="
_UNANSWERED: tuple[ColumnElement[bool], ...] = (
    col(Alert.state) == AlertState.RAISED,
    ~exists().where(
        col(Absence.id) == col(Alert.absence_id),
        col(Absence.dispute).in_([DisputeState.DISPUTED, DisputeState.WITHDRAWN]),
    ),
)
"""It lasts, nobody has acknowledged it, and it counts: what is over or under dispute needs nobody higher up."""
_NEW: dict[str, object] = {"state": DeliveryState.PENDING, "attempts": 0, "last_error": ""}


class AlertDesk:
    def enrol(self, database: Database, channels: Sequence[Channel], now: datetime) -> None:
        group_alerts(database, now)
        with database.transaction() as session:
            for channel in channels:
                if channel.audience is Audience.ALERTS:
                    _enrol(session, channel, now)

    def step(self, session: Session, delivery: Delivery, now: datetime) -> Step:
        alert = session.get_one(Alert, delivery.alert_id)
        if _is_withdrawn(session, alert):
            return Step.WITHDRAWN
        if delivery.after_minutes and not _is_unanswered(session, alert):
            return Step.ANSWERED
        due_at = alert.raised_at + timedelta(minutes=delivery.after_minutes)
        return next_step(delivery.attempts, max(due_at, delivery.waited_to or due_at), now)

    def notice(self, session: Session, delivery: Delivery, public_url: str, now: datetime) -> Notice:
        subject = _subject(session, session.get_one(Alert, delivery.alert_id))
        return notice(replace(subject, unanswered_minutes=delivery.after_minutes), public_url)


def next_step(attempts: int, raised_at: datetime, now: datetime) -> Step:
    """`raised_at`, when it was to be passed on, or when the quiet hours ended for which it waited."""
    if attempts >= MAX_ATTEMPTS:
        return Step.TOO_OFTEN
    return Step.TOO_LATE if now - raised_at > MAX_AGE else Step.SEND


def _enrol(session: Session, channel: Channel, now: datetime) -> None:
    """One delivery for each fresh alert that has none on this channel."""
    has_one = exists().where(col(Delivery.alert_id) == col(Alert.id), col(Delivery.channel) == channel.name)
    # What was found late, in recorded footage, was over when its alert was raised: nobody is called for it.
    lasted = or_(col(Alert.resolved_at).is_(None), col(Alert.resolved_at) > col(Alert.raised_at), _closed_lately(now))
    after = timedelta(minutes=channel.after_minutes)
    oldest = now - after - MAX_AGE
    fresh = select(Alert.id).where(
        col(Alert.raised_at) > (max(oldest, channel.since) if channel.since else oldest),
        col(Alert.raised_at) <= now - after,
        and_(*_UNANSWERED) if after else true(),
        lasted,
        ~has_one,
        *_is_its_own(session, channel, now),
    )
    new = _NEW | {"channel": channel.name, "next_try": now, "after_minutes": channel.after_minutes}
    found = session.exec(fresh).all()
    readers = _readers(session, channel, found, now) if names_a_person(channel.url) else [(id_, 0, "") for id_ in found]
    keys = "alert_id", "contact", "recipient"
    insert_new(session, Delivery, [new | dict(zip(keys, reader, strict=True)) for reader in readers])


def _readers(
    session: Session, channel: Channel, alerts: Sequence[int | None], now: datetime
) -> list[tuple[int | None, int, str]]:
    """Of each alert the contact persons of its counter. While there is none it is told to nobody, and stays due."""
    if not alerts:
        return []
    contacts = counter_contacts(session, now)
    counters = {alert_id: counters_of(session, session.get_one(Alert, alert_id)) for alert_id in alerts}
    return [
        (alert_id, person.number, person.name)
        for alert_id, of_it in counters.items()
        for person in contacts.told_by(channel, of_it)
    ]


def _is_its_own(session: Session, channel: Channel, now: datetime) -> Iterator[ColumnElement[bool]]:
    """What the channel gets at all, sooner or later."""
    yield _is_for(channel)
    yield _is_of_place(session, channel, now)
    yield _may_be_seen(session, channel)
    yield col(Alert.part_of).is_(None)
    yield ~_told_by_another(channel, now)


def _told_by_another(channel: Channel, now: datetime) -> ColumnElement[bool]:
    """That nobody is at the counter, or nobody while somebody waits, is one thing: the channel gets its first alert."""
    other, its_absence, sent = table_of(Alert).alias(), table_of(Absence).alias(), table_of(Delivery).alias()
    was_sent = exists().where(sent.c.alert_id == other.c.id, sent.c.channel == channel.name)
    oldest = now - timedelta(minutes=channel.after_minutes) - MAX_AGE
    is_fresh = other.c.raised_at > (max(oldest, channel.since) if channel.since else oldest)
    withdrawn = exists().where(
        its_absence.c.id == other.c.absence_id,
        or_(its_absence.c.dispute == DisputeState.WITHDRAWN, its_absence.c.ended_by == WITHDRAWN),
    )
    return and_(
        col(Alert.kind).in_(NOBODY_THERE),
        exists().where(
            other.c.counter_id == col(Alert.counter_id),
            other.c.id < col(Alert.id),
            other.c.kind != col(Alert.kind),
            other.c.kind.in_(NOBODY_THERE & set(channel.kinds)),
            or_(other.c.resolved_at.is_(None), other.c.resolved_at >= col(Alert.raised_at)),
            or_(was_sent, is_fresh),
            ~withdrawn,
        ),
    )


@dataclass(frozen=True)
class StepAhead:
    """To whom an alert is passed on, and when, unless it ends or somebody acknowledges it."""

    channel: str
    at: datetime
    persons: tuple[str, ...] | None
    """The contact persons of its counter, where the channel writes to them; none: nobody is told."""


def steps_ahead(session: Session, alert: Alert, channels: Sequence[Channel], now: datetime) -> tuple[StepAhead, ...]:
    """The next first."""
    if not _is_unanswered(session, alert):
        return ()
    later = [channel for channel in channels if channel.audience is Audience.ALERTS and channel.after_minutes]
    ahead = [(channel, alert.raised_at + timedelta(minutes=channel.after_minutes)) for channel in later]
    due = [(channel, at) for channel, at in ahead if at > now and _gets(session, alert, channel, now)]
    contacts, counters = counter_contacts(session, now), counters_of(session, alert)
    steps = [StepAhead(channel.name, at, _persons(channel, contacts, counters)) for channel, at in due]
    return tuple(sorted(steps, key=lambda step: (step.at, step.channel)))


def _persons(channel: Channel, contacts: CounterContacts, counters: Sequence[str]) -> tuple[str, ...] | None:
    if not names_a_person(channel.url):
        return None
    return tuple(person.name for person in contacts.told_by(channel, counters))


def _gets(session: Session, alert: Alert, channel: Channel, now: datetime) -> bool:
    if channel.since and alert.raised_at <= channel.since:
        return False
    own = select(Alert.id).where(Alert.id == alert.id, *_is_its_own(session, channel, now))
    return session.exec(own).first() is not None


def _is_unanswered(session: Session, alert: Alert) -> bool:
    return session.exec(select(Alert.id).where(Alert.id == alert.id, *_UNANSWERED)).first() is not None


def _is_of_place(session: Session, channel: Channel, now: datetime) -> ColumnElement[bool]:
    """Of the hall, of the district, or at a counter at which operators of the department work, also beside others."""
    match channel.place_kind:
        case "hall":
            return col(Alert.hall_id) == channel.place
        case "district":
            return col(Alert.hall_id).in_(select(Hall.id).where(Hall.district_id == channel.place))
        case "department":
            there = departments_at_counters(session, Span(now - LATELY, now))
            own = [counter for counter, departments in there.items() if channel.place in departments]
            part = aliased(table_of(Alert))
            holds_one = exists().where(part.c.part_of == col(Alert.id), is_among(session, part.c.counter_id, own))
            return or_(is_among(session, table_of(Alert).c.counter_id, own), holds_one)
    return true()


def _closed_lately(now: datetime) -> ColumnElement[bool]:
    """That somebody has left early is known when the hall has closed and not before, and so it is over, and news."""
    ended = exists().where(col(Absence.id) == col(Alert.absence_id), col(Absence.end) > now - MAX_AGE)
    return and_(col(Alert.kind) == AlertKind.LEFT_EARLY, ended)


def _may_be_seen(session: Session, channel: Channel) -> ColumnElement[bool]:
    """A person gets what they may see, in the halls in scope as they are now."""
    if channel.user_id is None:
        return true()
    viewer = viewer_without_session(session, channel.user_id)
    return alerts_in_scope(viewer) if viewer is not None and viewer.may(Permission.ALERTS) else false()


def _is_for(channel: Channel) -> ColumnElement[bool]:
    """What concerns a whole hall goes to whoever would have got any of the single ones."""
    part = aliased(Alert)
    wanted = exists().where(col(part.part_of) == col(Alert.id), col(part.kind).in_(channel.kinds))
    return or_(col(Alert.kind).in_(channel.kinds), and_(col(Alert.kind) == AlertKind.HALL_AFFECTED, wanted))


def _is_withdrawn(session: Session, alert: Alert) -> bool:
    """It has been none, as was found or as a supervisor has decided."""
    absence = session.get(Absence, alert.absence_id) if alert.absence_id else None
    return absence is not None and (absence.ended_by == WITHDRAWN or absence.dispute is DisputeState.WITHDRAWN)


def began_at(alert: Alert) -> datetime:
    """Of an alert that is about no absence and no fault."""
    known = (alert.silent_since, alert.failing_since, alert.source_since, alert.affected_since)
    return next((since for since in known if since is not None), alert.raised_at)


def _subject(session: Session, alert: Alert) -> Subject:
    hall = session.get(Hall, alert.hall_id) if alert.hall_id else None
    counter = session.get(Counter, alert.counter_id) if alert.counter_id else None
    camera = session.get(Camera, alert.camera_id) if alert.camera_id else None
    fault = session.get(CameraFault, alert.fault_id) if alert.fault_id else None
    absence = session.get(Absence, alert.absence_id) if alert.absence_id else None
    node = session.get(Node, alert.node_name) if alert.node_name else None
    source = session.get(Source, alert.source_id) if alert.source_id else None
    test = session.get(StoreTest, alert.store_test_id) if alert.store_test_id else None
    began = fault or absence
    return Subject(
        kind=alert.kind,
        people=(absence.people_seen or 0, absence.people_rule) if absence and absence.people_rule else None,
        page=f"/absences/{absence.id}" if absence else f"/alerts?{_PARTS}{alert.id}" if alert.affected else "/alerts",
        hall=(hall.name, hall.name_en) if hall else ("", ""),
        timezone=hall.timezone if hall else session.exec(select(Hall.timezone)).first() or "UTC",
        since=began.start if began else began_at(alert),
        until=(began.end if began else None) or alert.resolved_at,
        counter=counter.number if counter else "",
        camera=camera.name or camera.id if camera else "",
        fault=fault.kind if fault else None,
        node=node.name if node else "",
        role=node.role if node else "",
        spool_level=alert.spool_level,
        affected=(alert.affected or 0, alert.watched or 0),
        job=alert.job_name or "",
        source=source.name or source.id if source else "",
        store=test.verdict if test else None,
    )
