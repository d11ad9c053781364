"""The outbox: every alert goes once to every channel that wants its kind, however often the clerk restarts.

A delivery is a row before it is a message, and one row per alert and channel is all the schema allows. It is claimed
before it is sent, so two clerks never send it both. Only a crash between the service's yes and our note of it can
send it a second time.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import ColumnElement, CursorResult, and_, update
from sqlmodel import Session, col, exists, or_, select

from analytics.absence import WITHDRAWN
from storage.database import Database, insert_new
from storage.models import Absence, Alert, Camera, CameraFault, Counter, Delivery, DeliveryState, Hall, Node, StoreTest
from web import notify_apprise
from web.channels import Channel
from web.notice import Notice, Subject, notice
from web.notify_apprise import DeliveryFailed
from web.notify_line import Line, pause_after

log = structlog.get_logger(__name__)

MAX_AGE = timedelta(hours=1)
"""An older alert is not news: after a long outage nobody is flooded."""
MAX_ATTEMPTS = 10
_AT_ONCE = 50


class Step(StrEnum):
    """What is to be done with a delivery that is due."""

    SEND = "send"
    TOO_LATE = "too_late"
    TOO_OFTEN = "too_often"
    NO_CHANNEL = "no_channel"
    WITHDRAWN = "withdrawn"


class Notifier:
    """`run_once` does all that is due; run it every few seconds. It asks for the channels each time."""

    def __init__(
        self,
        database: Database,
        channels: Callable[[Session], Sequence[Channel]],
        public_url: str = "",
        send: Callable[[str, Notice], None] = notify_apprise.send,
    ) -> None:
        self._database = database
        self._load = channels
        self._channels: dict[str, Channel] = {}
        self._public_url = public_url.rstrip("/")
        self._send = send
        self._lines: dict[str, Line] = defaultdict(Line)

    def run_once(self, now: datetime) -> int:
        """The number of messages sent."""
        with self._database.transaction() as session:
            self._channels = {channel.name: channel for channel in self._load(session)}
            for channel in self._channels.values():
                _enrol(session, channel, now)
        return sum(self._serve(name, now) for name in self._names_due(now))

    def _names_due(self, now: datetime) -> list[str]:
        with self._database.transaction() as session:
            return list(session.exec(select(Delivery.channel).where(_due(now)).distinct()))

    def _serve(self, name: str, now: datetime) -> int:
        """Sends what is due on one channel, until a failure says that its service is likely down."""
        sent, line = 0, self._lines[name]
        for delivery_id in self._due_ids(name, now):
            if not line.is_open(now):
                break
            claimed = self._claim(delivery_id, now)
            if claimed is None:
                line.forget(delivery_id)
            elif self._deliver(claimed, now):
                line.got_through(delivery_id)
                sent += 1
            else:
                line.failed(delivery_id, now)
        return sent

    def _due_ids(self, name: str, now: datetime) -> list[int]:
        """What has failed least goes first, so that one that is refused for what it says holds up no other."""
        with self._database.transaction() as session:
            query = (
                select(Delivery.id)
                .where(_due(now), Delivery.channel == name)
                .order_by(col(Delivery.attempts), col(Delivery.next_try), col(Delivery.id))
                .limit(_AT_ONCE)
            )
            return [found for found in session.exec(query) if found is not None]

    def _claim(self, delivery_id: int, now: datetime) -> Delivery | None:
        """The delivery, counted as tried, with its next try set in case we crash; None if there is nothing to send."""
        with self._database.transaction() as session:
            delivery = session.get_one(Delivery, delivery_id)
            alert = session.get_one(Alert, delivery.alert_id)
            step = next_step(delivery.attempts, alert.raised_at, now, known=delivery.channel in self._channels)
            if _is_withdrawn(session, alert):
                step = Step.WITHDRAWN
            attempts = delivery.attempts + 1
            changes: dict[str, object] = {"attempts": attempts, "next_try": now + pause_after(attempts)}
            if step is not Step.SEND:
                changes = {"state": DeliveryState.FAILED, "last_error": delivery.last_error or step.value}
            if not _change_if_due(session, delivery_id, now, changes):
                return None  # another clerk was faster
            session.refresh(delivery)
        if step is Step.SEND:
            return delivery
        log.error("notification_given_up", **_facts(delivery), reason=step.value)
        return None

    def _deliver(self, delivery: Delivery, now: datetime) -> bool:
        with self._database.transaction() as session:
            message = notice(_subject(session, delivery.alert_id), self._public_url)
        try:
            self._send(self._channels[delivery.channel].url, message)
        except DeliveryFailed as error:
            self._note_failure(delivery, error.reason)
            return False
        self._note_success(delivery, now)
        return True

    def _note_success(self, delivery: Delivery, now: datetime) -> None:
        with self._database.transaction() as session:
            row = session.get_one(Delivery, delivery.id)
            row.state, row.sent_at, row.last_error = DeliveryState.SENT, now, ""
        log.info("notification_sent", **_facts(delivery))

    def _note_failure(self, delivery: Delivery, reason: str) -> None:
        with self._database.transaction() as session:
            session.get_one(Delivery, delivery.id).last_error = reason
        log.warning("notification_failed", **_facts(delivery), reason=reason, next_try=delivery.next_try.isoformat())


def next_step(attempts: int, raised_at: datetime, now: datetime, *, known: bool) -> Step:
    if not known:
        return Step.NO_CHANNEL
    if attempts >= MAX_ATTEMPTS:
        return Step.TOO_OFTEN
    return Step.TOO_LATE if now - raised_at > MAX_AGE else Step.SEND


def _enrol(session: Session, channel: Channel, now: datetime) -> None:
    """One delivery for each fresh alert that has none on this channel."""
    has_one = exists().where(col(Delivery.alert_id) == col(Alert.id), col(Delivery.channel) == channel.name)
    # What was found late, in recorded footage, was over when its alert was raised: nobody is called for it.
    lasted = or_(col(Alert.resolved_at).is_(None), col(Alert.resolved_at) > col(Alert.raised_at))
    since = max(now - MAX_AGE, channel.since) if channel.since else now - MAX_AGE
    fresh = select(Alert.id).where(col(Alert.raised_at) > since, col(Alert.kind).in_(channel.kinds), lasted, ~has_one)
    rows = [
        {"alert_id": alert_id, "channel": channel.name, "next_try": now, **_NEW} for alert_id in session.exec(fresh)
    ]
    insert_new(session, Delivery, rows)


_NEW: dict[str, object] = {"state": DeliveryState.PENDING, "attempts": 0, "last_error": ""}


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(col(Delivery.state) == DeliveryState.PENDING, col(Delivery.next_try) <= now)


def _change_if_due(session: Session, delivery_id: int, now: datetime, changes: dict[str, object]) -> bool:
    """Compare and set in one statement: of several clerks exactly one gets True."""
    change = update(Delivery).where(_due(now), col(Delivery.id) == delivery_id).values(changes)
    result = session.execute(change.execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def _facts(delivery: Delivery) -> dict[str, object]:
    return {"alert": delivery.alert_id, "channel": delivery.channel, "attempts": delivery.attempts}


def _is_withdrawn(session: Session, alert: Alert) -> bool:
    absence = session.get(Absence, alert.absence_id) if alert.absence_id else None
    return absence is not None and absence.ended_by == WITHDRAWN


def _subject(session: Session, alert_id: int) -> Subject:
    alert = session.get_one(Alert, alert_id)
    hall = session.get(Hall, alert.hall_id) if alert.hall_id else None
    counter = session.get(Counter, alert.counter_id) if alert.counter_id else None
    camera = session.get(Camera, alert.camera_id) if alert.camera_id else None
    fault = session.get(CameraFault, alert.fault_id) if alert.fault_id else None
    absence = session.get(Absence, alert.absence_id) if alert.absence_id else None
    node = session.get(Node, alert.node_name) if alert.node_name else None
    test = session.get(StoreTest, alert.store_test_id) if alert.store_test_id else None
    began = fault or absence
    return Subject(
        kind=alert.kind,
        page=f"/absences/{absence.id}" if absence else "/alerts",
        hall=(hall.name, hall.name_en) if hall else ("", ""),
        timezone=hall.timezone if hall else session.exec(select(Hall.timezone)).first() or "UTC",
        since=began.start if began else alert.silent_since or alert.failing_since or alert.raised_at,
        until=(began.end if began else None) or alert.resolved_at,
        counter=counter.number if counter else "",
        camera=camera.name or camera.id if camera else "",
        fault=fault.kind if fault else None,
        node=node.name if node else "",
        role=node.role if node else "",
        spool_level=alert.spool_level,
        job=alert.job_name or "",
        store=test.verdict if test else None,
    )
