"""Where footage lies after its time was corrected by hand: pure, from what was recorded and which corrections hold.

Nothing adds up: where something lies is worked out from the time that its file says, by the one correction that counts
there. So what is taken back leaves no trace, and the order in which things are done does not matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.intervals import Span, subtract
from storage.models import TimeCorrection
from storage.runs import FRAME_HOLE


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of segments: both ends are meant, too; None: without an end. A camera's numbers grow, whatever its time says."""

    first: int | None = None
    last: int | None = None

    def __contains__(self, sequence: int) -> bool:
        return (self.first is None or self.first <= sequence) and (self.last is None or sequence <= self.last)


ALL = Numbers()
NONE_YET = 2**63 - 1
"""In place of the number of a segment that is still to come."""


@dataclass(frozen=True, slots=True)
class Between:
    """The numbers of the segments around a gap."""

    before: int
    after: int = NONE_YET


@dataclass(frozen=True, slots=True)
class Shift:
    """A correction that holds. Of several at one moment the one that was made last counts, whenever its row was."""

    made_at: datetime
    id: int
    span: Span
    """By the time that the files say."""
    by: timedelta
    error_us: int
    numbers: Numbers = ALL

    def holds(self, recorded: Span, sequence: int) -> bool:
        """A segment goes as a whole, by its start, so that nothing within it moves."""
        return self.span.start <= recorded.start < self.span.end and sequence in self.numbers


@dataclass(frozen=True, slots=True)
class Placed:
    """Where footage lies, and by what; without a shift where its file says."""

    span: Span
    shift: Shift | None = None


def in_force(corrections: Iterable[TimeCorrection]) -> list[Shift]:
    """Of all rows of a camera: those that neither take back nor were taken back."""
    rows = list(corrections)
    void = {row.takes_back for row in rows}
    return [
        Shift(
            row.made_at,
            row.id,
            Span(row.start, row.end),
            timedelta(microseconds=row.shift_us),
            row.error_us,
            Numbers(row.first_sequence, row.last_sequence),
        )
        for row in rows
        if row.id is not None and row.takes_back is None and row.id not in void
    ]


def placed_footage(recorded: Span, sequence: int, shifts: Iterable[Shift]) -> Placed:
    """`sequence`: the segment's number."""
    shift = _newest(each for each in shifts if each.holds(recorded, sequence))
    return Placed(recorded) if shift is None else Placed(_moved(recorded, shift.by), shift)


def placed_gap(recorded: Span, shifts: Sequence[Shift], between: Between | None = None) -> Span:
    """It begins where the footage before it ends, and ends where the footage after it begins, wherever these lie now.

    Empty where the footage has moved over it. Behind the last segment that a correction means it stays: what follows
    may be of another clock, years from there.
    """
    before = _newest(
        each
        for each in shifts
        if each.span.start < recorded.start <= each.span.end
        and (between is None or (between.before in each.numbers and between.after in each.numbers))
    )
    after = _newest(
        each
        for each in shifts
        if each.span.start <= recorded.end < each.span.end and (between is None or between.after in each.numbers)
    )
    start = recorded.start + (before.by if before else timedelta(0))
    end = recorded.end + (after.by if after else timedelta(0))
    return Span(start, max(start, end))


def left_behind(recorded: Iterable[Span], there_now: Iterable[Span]) -> list[Span]:
    """Of the time in which moved footage lay: where nothing is told of now."""
    return [hole for hole in subtract(recorded, there_now) if hole.duration >= FRAME_HOLE]


def whole_segments(asked: Span, recorded: Iterable[Span]) -> Span:
    """The span stretched over every segment that it touches."""
    touched = [span for span in recorded if span.start < asked.end and span.end > asked.start]
    return Span(
        min([asked.start, *(span.start for span in touched)]),
        max([asked.end, *(span.end for span in touched)]),
    )


def _newest(shifts: Iterable[Shift]) -> Shift | None:
    return max(shifts, key=lambda shift: (shift.made_at, shift.id), default=None)


def _moved(span: Span, by: timedelta) -> Span:
    return Span(span.start + by, span.end + by)


def recorded_span(start: datetime, end: datetime, shift_us: int) -> Span:
    """What the file says of a row that lies at start..end."""
    return _moved(Span(start, end), timedelta(microseconds=-shift_us))
