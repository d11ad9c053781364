"""Steps that happened while nobody sat at the counter. Says nothing unless it is sure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from storage.intervals import Span, subtract
from storage.models import StaffState

MARGIN = timedelta(seconds=10)
"""How far the clocks of camera and platform may be apart before a finding would be a guess."""


class Verdict(Enum):
    """What presence says of a step."""

    UNSTAFFED = "unstaffed"  # nobody was there in the whole window: a finding
    EXPLAINED = "explained"  # somebody was there in some part of it
    UNKNOWN = "unknown"  # some part of it was not seen: no finding, and no more than that


@dataclass(frozen=True)
class Seen:
    """What was seen at the counter in one span."""

    start: datetime
    end: datetime | None
    """None while it lasts."""
    staff: StaffState


@dataclass(frozen=True)
class Judgement:
    verdict: Verdict
    evidence: dict[str, Any]


def window(start: datetime, end: datetime, margin: timedelta) -> Span:
    """The step and its margin on both sides; for a point in time twice the margin."""
    return Span(start - margin, end + margin)


def ended_before_it_was_told(end: datetime, received_at: datetime, margin: timedelta) -> bool:
    """Else the platform's clock is ahead of ours, or its times are wrong: nothing is told before it has ended."""
    return end <= received_at + margin


def margin_for(clock_errors: Sequence[timedelta], least: timedelta = MARGIN) -> timedelta:
    """Never smaller than the largest known error between two of the clocks."""
    return max([least, *(abs(error) for error in clock_errors)])


def judge(step: Span, presence: Sequence[Seen], watched_to: datetime | None, margin: timedelta) -> Judgement:
    """`presence` are the spans that touch the window; those that last count up to `watched_to`."""
    wide = window(step.start, step.end, margin)
    spans = [(clipped, seen.staff) for seen in presence if (clipped := _within(wide, seen, watched_to))]
    evidence = {
        "margin_s": margin.total_seconds(),
        "window": {"start": wide.start.isoformat(), "end": wide.end.isoformat()},
        "presence": [
            {"start": span.start.isoformat(), "end": span.end.isoformat(), "staff": staff.value}
            for span, staff in spans
        ],
    }
    return Judgement(_verdict(wide, spans), evidence)


def _within(wide: Span, seen: Seen, watched_to: datetime | None) -> Span | None:
    end = seen.end or watched_to
    if end is None or max(seen.start, wide.start) >= min(end, wide.end):
        return None
    return Span(max(seen.start, wide.start), min(end, wide.end))


def _verdict(wide: Span, spans: Sequence[tuple[Span, StaffState]]) -> Verdict:
    if any(staff is StaffState.STAFFED for _, staff in spans):
        return Verdict.EXPLAINED
    unstaffed = [span for span, staff in spans if staff is StaffState.UNSTAFFED]
    doubtful = [span for span, staff in spans if staff is not StaffState.UNSTAFFED]
    return Verdict.UNKNOWN if doubtful or subtract([wide], unstaffed) else Verdict.UNSTAFFED
