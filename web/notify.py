"""The outbox: everything goes once to every channel that wants it, however often the clerk restarts.

A delivery is a row before it is a message, and one row per alert and channel is all the schema allows; so it is with
what is told of cards. It is claimed before it is sent, so two clerks never send it both. Only a crash between the
service's yes and our note of it can send it a second time.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, CursorResult, and_, delete, update
from sqlmodel import Session, col, select

from storage.database import Database
from storage.models import Alert, Delivery, DeliveryState, Matter, Told
from web import notify_apprise
from web.alert_news import AlertDesk
from web.call_back_news import CallBackDesk
from web.card_news import CardDesk
from web.channels import Channel
from web.dispute_news import DisputeDesk
from web.news import Desk, Step
from web.notice import Notice
from web.notify_apprise import DeliveryFailed
from web.notify_line import Line, pause_after
from web.order_news import OrderDesk
from web.routes import address_for

log = structlog.get_logger(__name__)

_AT_ONCE = 50


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
        self._alerts = AlertDesk()
        self._desks: dict[Matter, Desk] = {
            Matter.CARD: CardDesk(),
            Matter.ORDER: OrderDesk(),
            Matter.ABSENCE: DisputeDesk(),
            Matter.CALL_BACK: CallBackDesk(),
        }

    def run_once(self, now: datetime) -> int:
        """The number of messages sent."""
        with self._database.transaction() as session:
            self._channels = {channel.name: channel for channel in self._load(session)}
        for desk in (self._alerts, *self._desks.values()):
            desk.enrol(self._database, tuple(self._channels.values()), now)
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
            delivery = session.get(Delivery, delivery_id)
            if delivery is None:
                return None  # another clerk has found that nobody needs it
            is_known = delivery.channel in self._channels
            if is_known and (until := _quiet_until(session, self._channels[delivery.channel], delivery, now)):
                _change_if_due(session, delivery_id, now, {"next_try": until, "waited_to": until})
                return None
            step = self._desk(session, delivery).step(session, delivery, now) if is_known else Step.NO_CHANNEL
            if step is Step.ANSWERED:
                session.execute(delete(Delivery).where(_due(now), col(Delivery.id) == delivery_id))
                return None
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

    def _desk(self, session: Session, delivery: Delivery) -> Desk:
        if delivery.alert_id is not None:
            return self._alerts
        matter = session.exec(select(Told.matter).where(Told.delivery_id == delivery.id).limit(1)).one()
        return self._desks[Matter(matter)]

    def _deliver(self, delivery: Delivery, now: datetime) -> bool:
        with self._database.transaction() as session:
            message = self._desk(session, delivery).notice(session, delivery, self._public_url, now)
        try:
            self._send(self._address(delivery), message)
        except DeliveryFailed as error:
            self._note_failure(delivery, error.reason)
            return False
        self._note_success(delivery, now)
        return True

    def _address(self, delivery: Delivery) -> str:
        with self._database.transaction() as session:
            return address_for(session, self._channels[delivery.channel], delivery.contact)

    def _note_success(self, delivery: Delivery, now: datetime) -> None:
        with self._database.transaction() as session:
            row = session.get_one(Delivery, delivery.id)
            row.state, row.sent_at, row.last_error = DeliveryState.SENT, now, ""
        log.info("notification_sent", **_facts(delivery))

    def _note_failure(self, delivery: Delivery, reason: str) -> None:
        with self._database.transaction() as session:
            session.get_one(Delivery, delivery.id).last_error = reason
        log.warning("notification_failed", **_facts(delivery), reason=reason, next_try=delivery.next_try.isoformat())


def _quiet_until(session: Session, channel: Channel, delivery: Delivery, now: datetime) -> datetime | None:
    """When it may be sent; None: now."""
    until = channel.quiet.over_at(now) if channel.quiet else None
    if until is None or not channel.urgent or delivery.alert_id is None:
        return until
    return None if session.get_one(Alert, delivery.alert_id).kind in channel.urgent else until


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(col(Delivery.state) == DeliveryState.PENDING, col(Delivery.next_try) <= now)


def _change_if_due(session: Session, delivery_id: int, now: datetime, changes: dict[str, object]) -> bool:
    """Compare and set in one statement: of several clerks exactly one gets True."""
    change = update(Delivery).where(_due(now), col(Delivery.id) == delivery_id).values(changes)
    result = session.execute(change.execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def _facts(delivery: Delivery) -> dict[str, object]:
    about = {} if delivery.alert_id is None else {"alert": delivery.alert_id}
    return {"delivery": delivery.id, **about, "channel": delivery.channel, "attempts": delivery.attempts}
