"""Which footage shows a moment, and what is missing of it. Pure: data in, decision out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.footage import NOT_BEGUN, NOT_YET, Coverage, Missing
from storage.intervals import Span, intersect, merge, subtract, total
from storage.models import GapCause, Outcome

NO_COUNTER = "no_counter"  # the step names none
UNKNOWN_COUNTER = "unknown_counter"  # it names one that nobody has told us of
NO_VIEW = "no_view"  # no camera looked at the counter then
GAP = "gap"  # it was looked at, but the footage has a gap with a cause
NOT_RECORDED = "not_recorded"  # there is no word of any footage
EXPIRED = GapCause.EXPIRED.value  # it was there, and was deleted when its keeping time was over
TOO_LONG = "too_long"  # the rest of a step that goes on for hours


@dataclass(frozen=True)
class Seen:
    """One camera's view of the counter, while it was valid."""

    camera_id: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    """Exclusive."""

    def within(self, span: Span) -> Span | None:
        start = max(span.start, self.valid_from) if self.valid_from else span.start
        end = min(span.end, self.valid_to) if self.valid_to else span.end
        return Span(start, end) if start < end else None


@dataclass(frozen=True)
class Moment:
    """What is to be shown: `clip` is `core` with its lead-in and lead-out, cut at a sensible length."""

    core: Span
    clip: Span
    cut_off: bool = False
    """The core goes on beyond the clip."""

    @property
    def heart(self) -> Span:
        """The core, or the second in which it happened if it is a point in time."""
        return Span(self.core.start, max(self.core.end, self.core.start + timedelta(seconds=1)))


@dataclass(frozen=True)
class Resolution:
    outcome: Outcome
    reason: str
    """Empty for a whole clip; else why something is missing."""
    camera_id: str | None
    missing: tuple[Missing, ...]
    """Inside the clip."""


def moment(start: datetime, end: datetime, lead_in: timedelta, lead_out: timedelta, longest: timedelta) -> Moment:
    """Raises ValueError when the end is before the start."""
    core = Span(start, min(end, start + longest))
    return Moment(core, Span(core.start - lead_in, core.end + lead_out), cut_off=core.end < end)


def unmapped(reason: str) -> Resolution:
    return Resolution(Outcome.UNMAPPED, reason, None, ())


def resolve(wanted: Moment, views: Sequence[Seen], coverage: Mapping[str, Coverage]) -> Resolution:
    """The camera that shows most of the core, then most of the clip. `coverage` has each camera of the views,
    for a span that contains the clip."""
    shown = [found for view in views if (found := _shown(wanted, view, coverage)) is not None]
    if not shown:
        return unmapped(NO_VIEW)
    best = _joined(max(shown, key=lambda found: (*found.worth(wanted.heart), found.camera_id)), shown)
    return _resolution(wanted, best)


@dataclass(frozen=True)
class _Shown:
    camera_id: str
    covered: tuple[Span, ...]
    missing: tuple[Missing, ...]

    def worth(self, heart: Span) -> tuple[timedelta, timedelta]:
        return total(intersect(self.covered, [heart])), total(self.covered)


def _shown(wanted: Moment, view: Seen, coverage: Mapping[str, Coverage]) -> _Shown | None:
    """What one view shows of the clip; None when it was not valid at any time in it."""
    valid = view.within(wanted.clip)
    if valid is None:
        return None
    there = coverage[view.camera_id]
    missing = [
        Missing(piece.start, piece.end, part.cause)
        for part in there.missing
        for piece in intersect([Span(part.start, part.end)], [valid])
    ]
    outside = [Missing(s.start, s.end, NO_VIEW) for s in subtract([wanted.clip], [valid])]
    parts = tuple(sorted([*missing, *outside], key=lambda part: part.start))
    return _Shown(view.camera_id, tuple(intersect(there.covered, [valid])), parts)


def _joined(best: _Shown, shown: Sequence[_Shown]) -> _Shown:
    """Two validities of the same camera (its zones were redrawn in between) show together what each shows."""
    same = [found for found in shown if found.camera_id == best.camera_id]
    if len(same) == 1:
        return best
    covered = merge(span for found in same for span in found.covered)
    left = subtract((Span(part.start, part.end) for part in best.missing), covered)
    causes = [part for found in same for part in found.missing if part.cause != NO_VIEW] + list(best.missing)
    parts: list[Missing] = []
    for cause in causes:
        pieces = intersect(left, [Span(cause.start, cause.end)])
        parts += [Missing(piece.start, piece.end, cause.cause) for piece in pieces]
        left = subtract(left, pieces)
    return _Shown(best.camera_id, tuple(covered), tuple(sorted(parts, key=lambda part: part.start)))


def _resolution(wanted: Moment, best: _Shown) -> Resolution:
    if not best.covered:
        return Resolution(Outcome.NONE, _why_nothing(best.missing), best.camera_id, best.missing)
    if best.missing:
        return Resolution(Outcome.PARTIAL, _why_not_all(best.missing), best.camera_id, best.missing)
    if wanted.cut_off:
        return Resolution(Outcome.PARTIAL, TOO_LONG, best.camera_id, ())
    return Resolution(Outcome.CLIP, "", best.camera_id, ())


def _why_not_all(missing: Sequence[Missing]) -> str:
    causes = {part.cause for part in missing}
    if causes == {NOT_YET}:
        return NOT_YET
    return EXPIRED if EXPIRED in causes else GAP


def _why_nothing(missing: Sequence[Missing]) -> str:
    causes = {part.cause for part in missing}
    for weightiest in (NOT_YET, EXPIRED):
        if weightiest in causes:
            return weightiest
    return NOT_RECORDED if causes <= {GapCause.UNKNOWN.value, NOT_BEGUN, NO_VIEW} else GAP
