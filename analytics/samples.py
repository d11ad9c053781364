"""Wrong alerts as labelled samples: the footage is held, and what it really showed is written down beside it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from storage.holds import hold_once, lift_hold
from storage.intervals import Span
from storage.models import Absence, Alert, CameraFault, Counter, Hold, Sample, SampleState, View, ZoneRole
from storage.models.columns import JsonObject
from storage.turns import take_turns
from storage.views import in_force
from storage.zone_rules import zone_rule_at

LONGEST = timedelta(minutes=5)
"""From the beginning on: more of the same teaches nothing."""
_AROUND_A_MOMENT = timedelta(seconds=30)
TOLERANCE_S = 1.0
OWN = "own"
"""The group of these samples in a report."""


class NoPicture(Exception):
    """No camera saw this zone of this counter then."""


@dataclass(frozen=True)
class About:
    """What was said wrongly, of which counter and when."""

    counter_id: str
    span: Span
    alert_id: int | None = None
    absence_id: int | None = None
    camera_id: str | None = None
    """Whose picture it was about; None: whichever saw the counter."""

    @property
    def key(self) -> str:
        return f"absence:{self.absence_id}" if self.absence_id else f"alert:{self.alert_id}"


@dataclass(frozen=True)
class Answer:
    """Who really was in a zone."""

    someone_there: bool
    zone: ZoneRole = ZoneRole.STAFF


def of_absence(absence: Absence, now: datetime, alert_id: int | None = None) -> About:
    return About(absence.counter_id, _span(absence.start, absence.end, now), alert_id, absence.id)


def of_alert(session: Session, alert: Alert, counter_id: str, now: datetime) -> About:
    """Of one about an absence, a camera or anything else at a counter; `counter_id` where it does not say itself."""
    if alert.absence_id is not None:
        return of_absence(session.get_one(Absence, alert.absence_id), now, alert.id)
    fault = session.get(CameraFault, alert.fault_id) if alert.fault_id else None
    start = fault.start if fault else alert.raised_at - _AROUND_A_MOMENT
    end = fault.end if fault else alert.raised_at + _AROUND_A_MOMENT
    return About(alert.counter_id or counter_id, _span(start, end, now), alert.id, None, alert.camera_id)


def _span(start: datetime, end: datetime | None, now: datetime) -> Span:
    return Span(start, max(min(end or now, start + LONGEST), start + timedelta(seconds=1)))


def mark(
    session: Session, about: About, answer: Answer, by: int, now: datetime, state: SampleState = SampleState.KEPT
) -> Sample:
    """The sample of it: the one that there is, or a new one whose footage is held. Raises NoPicture."""
    take_turns(session, Counter, about.counter_id)
    found = sample_of(session, about.key)
    if found is not None:
        return _confirmed(session, found, answer, state)
    view, polygon = _seen_by(session, about, answer.zone)
    hold = Hold(camera_id=view.camera_id, start=about.span.start, end=about.span.end, reason="", set_at=now)
    hold.subject, hold.owner_id = f"sample:{about.key}", by
    held, _ = hold_once(session, hold)
    assert held.id is not None
    sample = Sample(
        about=about.key,
        alert_id=about.alert_id,
        absence_id=about.absence_id,
        camera_id=view.camera_id,
        counter_id=about.counter_id,
        zone=answer.zone,
        polygon=polygon,
        someone_there=answer.someone_there,
        start=about.span.start,
        end=about.span.end,
        state=state,
        marked_by=by,
        marked_at=now,
        hold_id=held.id,
    )
    session.add(sample)
    session.flush()
    return sample


def sample_of(session: Session, key: str) -> Sample | None:
    """The one that is not taken back."""
    return session.exec(select(Sample).where(Sample.about == key, col(Sample.taken_back_at).is_(None))).first()


def is_of_sample(session: Session, hold_id: int) -> bool:
    """Whether a sample that is not taken back rests on this hold."""
    found = select(Sample.id).where(Sample.hold_id == hold_id, col(Sample.taken_back_at).is_(None))
    return session.exec(found).first() is not None


def take_back(session: Session, sample: Sample, by: int, now: datetime) -> None:
    """Its footage is kept no longer than any other."""
    sample.state, sample.taken_back_at, sample.taken_back_by = SampleState.TAKEN_BACK, now, by
    session.add(sample)
    lift_hold(session, session.get_one(Hold, sample.hold_id), by, now)


def kept(session: Session) -> list[Sample]:
    """What is exported: claims are not, because nobody has decided on them."""
    return list(session.exec(select(Sample).where(Sample.state == SampleState.KEPT).order_by(col(Sample.id))))


def inside_of(session: Session, sample: Sample) -> str:
    """By which rule it was decided then who was in its zone: what its view said, or else the zone rule.

    A view whose past was cut meanwhile is still there, and known by its zone.
    """
    looked = select(View).where(View.camera_id == sample.camera_id, View.counter_id == sample.counter_id)
    views = [*session.exec(looked.where(in_force(sample.start))), *session.exec(looked.order_by(col(View.id)))]
    view = next((view for view in views if _zone_of(view, sample.zone) == sample.polygon), None)
    said = "" if view is None else view.staff_inside if sample.zone is ZoneRole.STAFF else view.customer_inside
    return said or zone_rule_at(session, sample.start).inside


def label_of(sample: Sample, video: str, duration_s: float, inside: str) -> JsonObject:
    """As `hallwatch evaluate` reads it (schema presence-labels/1)."""
    return {
        "schema": "presence-labels/1",
        "video": video,
        "duration_s": round(duration_s, 3),
        "group": OWN,
        "zones": [
            {
                "id": sample.counter_id,
                "role": sample.zone.value,
                "polygon": sample.polygon,
                "inside": inside,
                "present": [[0.0, round(duration_s, 3)]] if sample.someone_there else [],
                "tolerance_s": TOLERANCE_S,
            }
        ],
        "sample": sample.id,
        "about": sample.about,
        "camera": sample.camera_id,
        "from": sample.start.isoformat(),
        "to": sample.end.isoformat(),
    }


def _confirmed(session: Session, sample: Sample, answer: Answer, state: SampleState) -> Sample:
    """A claim becomes what is said now of its zone; anything else stays as it is."""
    if state is SampleState.KEPT and sample.state is SampleState.CLAIMED and answer.zone is sample.zone:
        sample.state, sample.someone_there = state, answer.someone_there
        session.add(sample)
    return sample


def _seen_by(session: Session, about: About, zone: ZoneRole) -> tuple[View, list[list[float]]]:
    """One that shows all of the place before one that shows a part of it."""
    looked = select(View).where(View.counter_id == about.counter_id, in_force(about.span.start))
    if about.camera_id is not None:
        looked = looked.where(View.camera_id == about.camera_id)
    views = session.exec(looked.order_by(col(View.whole_zone).desc(), col(View.camera_id)))
    for view in views:
        if polygon := _zone_of(view, zone):
            return view, polygon
    raise NoPicture


def _zone_of(view: View, role: ZoneRole) -> list[list[float]]:
    return view.staff_zone if role is ZoneRole.STAFF else view.customer_zone
