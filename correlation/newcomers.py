"""Footage that turned up after it was not waited for any more: uploaded, reconciled, or entered later."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from correlation.floors import IdFloor
from correlation.marks import unsettle_span
from storage.intervals import Span, merge
from storage.models import Gap, GapCause, Segment

_PATIENCE = timedelta(seconds=20)
_AT_ONCE = 20_000
_SAVE_EVERY = 1_000
_BRIDGE = timedelta(minutes=1)

Recorded = type[Segment] | type[Gap]
_KEYS: dict[Recorded, str] = {Segment: "segments", Gap: "gaps"}


@dataclass
class Late:
    """What a look found; false when there is nothing to do."""

    longest: timedelta
    spans: dict[str, list[Span]] = field(default_factory=dict)
    """By camera."""
    cursors: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.spans or self.cursors)

    def unsettle(self, session: Session) -> None:
        for camera_id, spans in self.spans.items():
            for span in merge(spans, bridge=_BRIDGE):
                unsettle_span(session, camera_id, span, self.longest)


class LateFootage:
    """Remembers up to which segment and gap it has looked."""

    def __init__(self, settle_after: timedelta, longest: timedelta) -> None:
        self._settle_after = settle_after
        self._longest = longest
        self._floors: dict[Recorded, IdFloor] = {}

    def look(self, session: Session, remembered: dict[str, str], now: datetime) -> Late:
        late = Late(self._longest)
        for model, key in _KEYS.items():
            floor = self._floors.get(model)
            if floor is None:
                floor = self._floors[model] = IdFloor(_start(session, model, remembered.get(key)), _PATIENCE)
            self._look_at(session, model, floor, late, now)
            if key not in remembered or floor.floor >= int(remembered[key]) + _SAVE_EVERY:
                late.cursors[key] = str(floor.floor)
        return late

    def _look_at(self, session: Session, model: Recorded, floor: IdFloor, late: Late, now: datetime) -> None:
        rows = _rows(session, model, floor.floor)
        if not rows:
            return
        fresh = floor.unhandled([row_id for row_id, _, _, _ in rows])
        floor.saw(rows[-1][0], now)
        for row_id, camera_id, start, end in rows:
            span = Span(start, max(start, end or now))
            if row_id in fresh and span.start < now - self._settle_after:
                late.spans.setdefault(camera_id, []).append(span)


def _start(session: Session, model: Recorded, remembered: str | None) -> int:
    """At the very first time nothing is linked yet, so nothing can come late."""
    if remembered is not None:
        return int(remembered)
    return session.execute(select(func.max(col(model.id)))).scalar_one() or 0


def _rows(session: Session, model: Recorded, floor: int) -> Sequence[tuple[int, str, datetime, datetime | None]]:
    query = (
        select(col(model.id), col(model.camera_id), col(model.start), col(model.end))
        .where(col(model.id) > floor)
        .order_by(col(model.id))
        .limit(_AT_ONCE)
    )
    if model is Gap:  # who deletes footage unsettles its links at once
        query = query.where(col(Gap.cause) != GapCause.EXPIRED)
    return [(row_id or 0, camera_id, start, end) for row_id, camera_id, start, end in session.execute(query)]
