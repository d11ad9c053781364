"""One alert for a hall in place of one for each of its counters, where many are concerned at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, exists, select

from analytics.covers import excuses
from analytics.grouping import Onset, Together, affected, one_after_another
from analytics.runs import UNKNOWN
from storage.database import Database, lock_for_adding
from storage.hours import hall_hours
from storage.intervals import Span
from storage.models import (
    Absence,
    Alert,
    AlertKind,
    Camera,
    CameraFault,
    Counter,
    Hall,
    Presence,
    StaffState,
    View,
)
from storage.presence_now import staff_since
from storage.views import in_force
from web.lasting_alerts import resolve

log = structlog.get_logger(__name__)

GROUPED = (AlertKind.ABSENCE, AlertKind.NEVER_STAFFED, AlertKind.UNATTENDED, AlertKind.CAMERA_FAULT)
FRESH = timedelta(minutes=2)
"""For so long it is looked whether an alert is part of something larger."""
_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)
_RULE = Together()
_WHOLE = select(Alert).where(Alert.kind == AlertKind.HALL_AFFECTED, col(Alert.resolved_at).is_(None))


def group_alerts(database: Database, now: datetime) -> None:
    """Takes its turn only if there is something: two clerks would tell it twice."""
    with database.transaction() as session:
        if not _fresh(session, now) and not _over(session):
            return
    with database.transaction() as session:
        lock_for_adding(session, Alert)
        by_hall: defaultdict[str, list[Alert]] = defaultdict(list)
        for alert in _fresh(session, now):
            by_hall[alert.hall_id or ""].append(alert)
        for hall_id, alerts in by_hall.items():
            _group(session, hall_id, alerts, now)
        resolve(_over(session), now, "hall_alert_over", hall="hall_id")


def _fresh(session: Session, now: datetime) -> Sequence[Alert]:
    """Single ones that were raised lately and whose cause lasts."""
    lately = col(Alert.raised_at) > now - FRESH, col(Alert.resolved_at).is_(None), col(Alert.hall_id).is_not(None)
    single = select(Alert).where(*lately, col(Alert.kind).in_(GROUPED), col(Alert.part_of).is_(None))
    return session.exec(single.order_by(col(Alert.id))).all()


def _lasting(session: Session) -> Sequence[Alert]:
    return session.exec(_WHOLE).all()


def _over(session: Session) -> Sequence[Alert]:
    """Those of which every part is over."""
    part = aliased(Alert)
    lasts = exists().where(col(part.part_of) == col(Alert.id), col(part.resolved_at).is_(None))
    return session.exec(_WHOLE.where(~lasts)).all()


def _group(session: Session, hall_id: str, alerts: Sequence[Alert], now: datetime) -> None:
    counters, watched = _concerned(session, alerts, now), _on_duty(session, hall_id, now)
    known = [each for each in _lasting(session) if each.hall_id == hall_id]
    onsets = _onsets(session, watched)
    joined: list[Alert] = []
    for alert in alerts:
        at = _began(session, alert)
        whole = next((each for each in known if _is_of(each, at, onsets)), None)
        found = () if whole else affected(onsets, len(watched), at, _RULE)
        if counters[alert.id] & {onset.counter_id for onset in found}:
            whole = _raise(session, hall_id, found, len(watched), now)
            known.append(whole)
        if whole is not None and counters[alert.id]:
            alert.part_of = whole.id
            session.add(alert)
            joined.append(whole)
    session.flush()
    for whole in joined:
        _grow(session, whole, onsets, watched, now)


def _is_of(whole: Alert, at: datetime, onsets: Sequence[Onset]) -> bool:
    """Whether it began within a minute of the hall's beginning, or of the last who left since, one after another.

    Only those count who are still away: where all have come back, another one begins.
    """
    since = whole.affected_since
    if since is None:
        return False
    last = max((onset.at for onset in one_after_another(onsets, since, _RULE)), default=since)
    return since - _RULE.within <= at <= max(since, last) + _RULE.within


def _grow(
    session: Session, whole: Alert, onsets: Sequence[Onset], watched: Mapping[str, datetime], now: datetime
) -> None:
    """By those who left after it was raised; who has come back since stays counted."""
    parts = session.exec(select(Alert).where(Alert.part_of == whole.id)).all()
    told = frozenset[str]().union(*_concerned(session, parts, now).values())
    left = one_after_another(onsets, whole.affected_since or now, _RULE)
    together = (told & watched.keys()) | {onset.counter_id for onset in left}
    whole.affected = max(whole.affected or 0, len(together))
    whole.watched = max(whole.watched or 0, whole.affected)
    session.add(whole)


def _raise(session: Session, hall_id: str, found: Sequence[Onset], watched: int, now: datetime) -> Alert:
    whole = Alert(
        kind=AlertKind.HALL_AFFECTED,
        hall_id=hall_id,
        affected_since=found[0].at,
        affected=len(found),
        watched=watched,
        raised_at=now,
    )
    session.add(whole)
    session.flush()
    log.info("hall_affected", hall=hall_id, counters=[onset.counter_id for onset in found], watched=watched)
    return whole


def _began(session: Session, alert: Alert) -> datetime:
    cause = session.get(Absence, alert.absence_id) if alert.absence_id else session.get(CameraFault, alert.fault_id)
    return cause.start if cause else alert.raised_at


def _concerned(session: Session, alerts: Iterable[Alert], now: datetime) -> Mapping[int | None, frozenset[str]]:
    """Of each alert its counter, or those that its camera looks at."""
    looked: defaultdict[str | None, set[str]] = defaultdict(set)
    for camera_id, counter_id in session.exec(select(View.camera_id, View.counter_id).where(in_force(now))):
        looked[camera_id].add(counter_id)
    return {
        alert.id: frozenset({alert.counter_id} if alert.counter_id else looked[alert.camera_id]) for alert in alerts
    }


def _watched(session: Session, hall_id: str, now: datetime) -> frozenset[str]:
    """Counters of the hall that a camera looks at which is not switched off."""
    views = (
        select(View.counter_id)
        .join(Camera, col(Camera.id) == col(View.camera_id))
        .join(Counter, col(Counter.id) == col(View.counter_id))
    )
    return frozenset(session.exec(views.where(in_force(now), col(Camera.enabled), Counter.hall_id == hall_id)))


def _on_duty(session: Session, hall_id: str, now: datetime) -> Mapping[str, datetime]:
    """Of the watched counters those at which somebody is to be, and since when; none while the hall is closed."""
    zone = ZoneInfo(session.get_one(Hall, hall_id).timezone)
    openings = hall_hours(session, {hall_id: zone})[hall_id].judged(now - _DAY, now + _DAY)
    opened = next((span.start for span in openings if span.start <= now < span.end), None)
    if opened is None:
        return {}
    asked = Span(opened, now + _MOMENT)
    found = excuses(session, dict.fromkeys(_watched(session, hall_id, now), asked))
    # That a paired counter is unknown, too, is what happens to a whole hall, and excuses from no part in it.
    excused = {
        counter_id: max((each.span.end for each in spans if each.why != UNKNOWN), default=opened)
        for counter_id, spans in found.items()
    }
    return {counter_id: since for counter_id, since in excused.items() if since <= now}


def _onsets(session: Session, on_duty: Mapping[str, datetime]) -> tuple[Onset, ...]:
    """Of those that are not staffed now, counted from when somebody was to be there at the earliest."""
    open_rows = select(Presence.counter_id).where(
        col(Presence.counter_id).in_(on_duty), col(Presence.end).is_(None), Presence.staff != StaffState.STAFFED
    )
    since = staff_since(session, list(session.exec(open_rows)))
    return tuple(Onset(counter_id, max(at, on_duty[counter_id])) for counter_id, at in since.items())
