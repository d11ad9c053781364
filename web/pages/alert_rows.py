"""Alerts with their counter or camera, what they are about, and whom they were sent to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import (
    Absence,
    Alert,
    AlertKind,
    AlertState,
    Camera,
    CameraFault,
    Delivery,
    DeliveryState,
    DisputeState,
    FaultKind,
    Hall,
    Node,
    Source,
    StoreTest,
    StoreVerdict,
    User,
)
from storage.presence_now import seen_until
from web.alert_news import began_at
from web.pages.dispute_rows import overdue
from web.pages.places import CounterRef, HallRef, counters_by_id, hall_ref


@dataclass(frozen=True)
class DeliveryRow:
    channel: str
    recipient: str
    """Name of the contact person; empty: whoever reads the channel."""
    state: DeliveryState
    attempts: int
    waits_until: datetime | None
    """The end of the quiet hours that it waits for; None: it does not."""
    next_try: datetime | None
    """When it is tried again, at the soonest, after it has failed; None: it is sent, given up, or was not tried."""
    sent_at: datetime | None
    last_error: str


@dataclass(frozen=True)
class AlertRow:
    id: int
    kind: AlertKind
    state: AlertState
    hall: HallRef | None
    """None: it concerns every hall."""
    counter: CounterRef | None
    camera_id: str | None
    camera_name: str
    node_name: str
    node_role: str
    spool_level: int | None
    """Percent of the spool's room that is taken."""
    job_name: str | None
    """What of the process keeps failing."""
    part_of: int | None
    """Id of the alert of the whole hall that is told in its place."""
    affected: int | None
    """Of a whole hall: at how many of its counters it began together."""
    watched: int | None
    """Of how many that were watched."""
    source_id: str
    """The approval platform that is silent or has left out batches; empty: none."""
    source_name: str
    fault: FaultKind | None
    fault_detail: str
    """Also why the store's self-test failed."""
    store_verdict: StoreVerdict | None
    absence_id: int | None
    since: datetime
    """When what it is about began."""
    until: datetime | None
    """When it ended."""
    seen_until: datetime
    """Its end; while it lasts, now, or the last moment in which somebody watched the counter."""
    people_rule: int | None
    """Of an absence or event by a rule about their number: required, or too many from the next on."""
    people_seen: int | None
    customer_waiting: bool
    dispute: DisputeState | None
    """Of its absence; None: nobody has disputed it."""
    is_overdue: bool
    """It is disputed, and nobody has decided on that in time."""
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    resolved_at: datetime | None
    deliveries: tuple[DeliveryRow, ...]


def alert_rows(session: Session, alerts: Sequence[Alert], now: datetime) -> tuple[AlertRow, ...]:
    """Ten queries for any number of alerts."""
    halls = {
        h.id: hall_ref(h)
        for h in session.exec(select(Hall).where(col(Hall.id).in_({a.hall_id for a in alerts if a.hall_id})))
    }
    counters = counters_by_id(session, (alert.counter_id for alert in alerts))
    about = _About(session, alerts, now)
    sent = delivery_rows(session, [alert.id for alert in alerts])
    return tuple(
        _row(a, halls.get(a.hall_id or ""), counters.get(a.counter_id or ""), about, sent[a.id])
        for a in alerts
        if a.id is not None
    )


class _About:
    """What the alerts point at, by id."""

    def __init__(self, session: Session, alerts: Sequence[Alert], now: datetime) -> None:
        absences = select(Absence).where(col(Absence.id).in_(_ids(alert.absence_id for alert in alerts)))
        faults = select(CameraFault).where(col(CameraFault.id).in_(_ids(alert.fault_id for alert in alerts)))
        tests = select(StoreTest).where(col(StoreTest.id).in_(_ids(alert.store_test_id for alert in alerts)))
        cameras = select(Camera).where(col(Camera.id).in_({a.camera_id for a in alerts if a.camera_id}))
        nodes = select(Node.name, Node.role).where(col(Node.name).in_({a.node_name for a in alerts if a.node_name}))
        users = select(User).where(col(User.id).in_(_ids(alert.acknowledged_by for alert in alerts)))
        self.absences = {absence.id: absence for absence in session.exec(absences)}
        self.seen_until = seen_until(session, self.absences.values(), now)
        self.overdue = overdue(session, list(self.absences.values()), now)
        self.now = now
        self.faults = {fault.id: fault for fault in session.exec(faults)}
        self.tests = {test.id: test for test in session.exec(tests)}
        self.cameras = {camera.id: camera for camera in session.exec(cameras)}
        self.roles = dict(session.exec(nodes).all())
        sources = select(Source).where(col(Source.id).in_({a.source_id for a in alerts if a.source_id}))
        self.sources = {source.id: source.name or source.id for source in session.exec(sources)}
        self.users = {user.id: user.display_name or user.name for user in session.exec(users)}


def _ids(ids: Iterable[int | None]) -> set[int]:
    return {row_id for row_id in ids if row_id is not None}


def _row(
    alert: Alert, hall: HallRef | None, counter: CounterRef | None, about: _About, deliveries: tuple[DeliveryRow, ...]
) -> AlertRow:
    assert alert.id is not None
    absence, fault = about.absences.get(alert.absence_id), about.faults.get(alert.fault_id)
    camera = about.cameras.get(alert.camera_id or "")
    test = about.tests.get(alert.store_test_id)
    cause = absence or fault
    until = cause.end if cause else alert.resolved_at
    return AlertRow(
        id=alert.id,
        kind=alert.kind,
        state=alert.state,
        hall=hall,
        counter=counter,
        camera_id=alert.camera_id,
        camera_name=(camera.name or camera.id) if camera else "",
        node_name=alert.node_name or "",
        node_role=about.roles.get(alert.node_name or "", ""),
        spool_level=alert.spool_level,
        job_name=alert.job_name,
        part_of=alert.part_of,
        affected=alert.affected,
        watched=alert.watched,
        source_id=alert.source_id or "",
        source_name=about.sources.get(alert.source_id or "", ""),
        fault=fault.kind if fault else None,
        fault_detail=fault.detail if fault else test.detail if test else "",
        store_verdict=test.verdict if test else None,
        absence_id=alert.absence_id,
        since=cause.start if cause else began_at(alert),
        until=until,
        seen_until=about.seen_until.get(alert.absence_id or 0) or until or about.now,
        people_rule=absence.people_rule if absence else None,
        people_seen=absence.people_seen if absence else None,
        customer_waiting=bool(absence and absence.customer_waiting),
        dispute=absence.dispute if absence else None,
        is_overdue=alert.absence_id in about.overdue,
        raised_at=alert.raised_at,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=about.users.get(alert.acknowledged_by, ""),
        resolved_at=alert.resolved_at,
        deliveries=deliveries,
    )


def delivery_rows(session: Session, alert_ids: Sequence[int | None]) -> dict[int, tuple[DeliveryRow, ...]]:
    """By alert; an alert that was sent nowhere has an empty entry."""
    found: dict[int, list[DeliveryRow]] = defaultdict(list)
    for row in session.exec(select(Delivery).where(col(Delivery.alert_id).in_(alert_ids)).order_by(col(Delivery.id))):
        found[row.alert_id or 0].append(_delivery(row))
    return {alert_id: tuple(found[alert_id]) for alert_id in alert_ids if alert_id is not None}


def _delivery(row: Delivery) -> DeliveryRow:
    waits = row.state is DeliveryState.PENDING and row.waited_to == row.next_try
    return DeliveryRow(
        channel=row.channel,
        recipient=row.recipient,
        state=row.state,
        attempts=row.attempts,
        waits_until=row.waited_to if waits else None,
        next_try=row.next_try if row.state is DeliveryState.PENDING and row.last_error and not waits else None,
        sent_at=row.sent_at,
        last_error=row.last_error,
    )
