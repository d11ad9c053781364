"""A view whose time is cut in the past takes back what was seen by it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from storage.intervals import Span, subtract
from storage.models import Camera, View

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Shown:
    """Which zones were looked at, and when."""

    span: Span
    zones: tuple[object, object]


@contextmanager
def taking_back(session: Session, camera_id: str, counter_id: str, now: datetime) -> Iterator[None]:
    """Around a change of the pair's views. What another camera saw as well stays: that one looked rightly."""
    from analytics.judging import judge_those_covered  # it knows pictures, which take long to load
    from analytics.taken_back import take_back

    pair = select(View).where(View.camera_id == camera_id, View.counter_id == counter_id)
    before = [_shown(view, now) for view in session.exec(pair)]
    yield
    session.flush()
    after = [_shown(view, now) for view in session.exec(pair)]
    others = _of_other_cameras(session, camera_id, counter_id, now)
    for was in before:
        still = [shown.span for shown in after if shown.zones == was.zones]
        spans = subtract([was.span], [*still, *others])
        take_back(session, counter_id, spans, now)
        judge_those_covered(session, counter_id, spans, now)


def _of_other_cameras(session: Session, camera_id: str, counter_id: str, now: datetime) -> list[Span]:
    query = select(View).join(Camera, col(Camera.id) == col(View.camera_id))
    query = query.where(View.counter_id == counter_id, View.camera_id != camera_id, col(Camera.enabled).is_(True))
    return [_shown(view, now).span for view in session.exec(query)]


def _shown(view: View, now: datetime) -> _Shown:
    """So far."""
    start = min(view.valid_from or _LONG_AGO, now)
    return _Shown(Span(start, max(start, min(view.valid_to or now, now))), (view.staff_zone, view.customer_zone))
