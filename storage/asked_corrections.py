"""What is asked of a correction of time, and why it may be refused: pure, from the segments that were recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol, Self

from storage.intervals import Span
from storage.sayings import Saying
from storage.time_shifts import ALL, Numbers
from storage.undated import AHEAD

LONGEST = timedelta(days=7)
"""Of one correction: its rows move in one transaction."""
FURTHEST = timedelta(days=366 * 60)
"""A server whose battery is empty begins in 1970."""
MAX_ERROR = timedelta(days=1)
MAX_REASON = 500
MOST_TOLD = 10
"""Recordings that are named to who has to choose."""
_BACKWARDS = Saying("must be later than “From”")


class CorrectionRefused(Exception):
    """It cannot be done; `field` of the request is why, and the saying tells what to do."""

    def __init__(self, field: str, said: Saying) -> None:
        super().__init__(str(said))
        self.field, self.said = field, said


@dataclass(frozen=True, slots=True)
class Wanted:
    """A correction as it is asked for. The span is by the time that the files say."""

    camera_id: str
    span: Span
    shift: timedelta
    error: timedelta
    reason: str
    made_by: str
    numbers: Numbers = ALL
    """Of the segments that are meant, where the span was recorded more than once."""

    @classmethod
    def of(
        cls,
        camera_id: str,
        start: datetime,
        end: datetime,
        shift_s: float,
        error_s: float,
        reason: str,
        made_by: str,
        numbers: Numbers = ALL,
    ) -> Self:
        """From what somebody typed. Raises CorrectionRefused."""
        if end <= start:
            raise CorrectionRefused("to", _BACKWARDS)
        shift, error = _seconds("shift", shift_s), _seconds("error", error_s)
        return cls(camera_id, Span(start, end), shift, error, reason.strip(), made_by, numbers)


class Recorded(Protocol):
    """Of a segment: its number, the time that its file says, and how far that may be off."""

    @property
    def sequence(self) -> int: ...
    @property
    def recorded(self) -> Span: ...
    @property
    def recorded_error_us(self) -> int: ...


def check(wanted: Wanted, rows: Sequence[Recorded], now: datetime) -> None:
    check_reason(wanted.reason)
    _check_span(wanted.span)
    if not timedelta(0) < abs(wanted.shift) <= FURTHEST:
        raise CorrectionRefused("shift", Saying("must not be 0, nor more than 60 years"))
    if not timedelta(0) <= wanted.error <= MAX_ERROR:
        raise CorrectionRefused("error", Saying("must be 0 to 86400 seconds"))
    if not rows and wanted.numbers != ALL:
        raise CorrectionRefused("first", Saying("no segment with such a number was recorded in this span"))
    if not rows:
        raise CorrectionRefused("from", Saying("nothing was recorded in this span; give the time that the files say"))
    if wanted.span.end > now and not _reaches_ahead(rows, now):
        raise CorrectionRefused("to", Saying("must not be in the future: what is recorded now is not corrected"))
    _check_is_one_recording(wanted, rows)
    if max(row.recorded.end for row in rows) + wanted.shift > now:
        raise CorrectionRefused("shift", Saying("would move footage into the future"))


def check_reason(reason: str) -> None:
    if not 1 <= len(reason.strip()) <= MAX_REASON:
        said = Saying("must have 1 to %(most)s characters; it is shown with the footage", most=MAX_REASON)
        raise CorrectionRefused("reason", said)


def _check_span(span: Span) -> None:
    if span.duration <= timedelta(0):
        raise CorrectionRefused("to", _BACKWARDS)
    if span.duration > LONGEST:
        raise CorrectionRefused("to", Saying("must be at most 7 days after the beginning; make several corrections"))


def _check_is_one_recording(wanted: Wanted, rows: Sequence[Recorded]) -> None:
    """A clock that was set back records the same time once more, and no shift is right for both."""
    if wanted.numbers.first is not None and wanted.numbers.last is not None:
        return
    found = _recordings(rows)
    if len(found) > 1:
        told = ", ".join(f"{each.first}–{each.last}" for each in found[:MOST_TOLD])
        said = Saying("this time was recorded more than once; name the segments that are meant: %(told)s", told=told)
        raise CorrectionRefused("first", said)


def _recordings(rows: Sequence[Recorded]) -> list[Numbers]:
    """Cut wherever a segment begins before the one before it ends, by more than their bounds allow."""
    ordered = sorted(rows, key=lambda row: row.sequence)
    begins = [ordered[0], *(row for before, row in pairwise(ordered) if _turns_back(before, row))]
    ends = [*(before for before, row in pairwise(ordered) if _turns_back(before, row)), ordered[-1]]
    return [Numbers(first.sequence, last.sequence) for first, last in zip(begins, ends, strict=True)]


def _turns_back(before: Recorded, row: Recorded) -> bool:
    bound = timedelta(microseconds=before.recorded_error_us + row.recorded_error_us)
    return before.recorded.end - row.recorded.start > bound


def meant(wanted: Wanted, rows: Sequence[Recorded], now: datetime) -> Numbers:
    """What reaches into the future means what there is alone: the same time is still to be recorded, and rightly."""
    if not _reaches_ahead(rows, now) and wanted.span.end <= now:
        return wanted.numbers
    sequences = [row.sequence for row in rows]
    return Numbers(min(sequences), max(sequences))


def _reaches_ahead(rows: Sequence[Recorded], now: datetime) -> bool:
    return max(row.recorded.end for row in rows) > now + AHEAD


def _seconds(field: str, number: float) -> timedelta:
    try:
        return timedelta(microseconds=round(number * 1_000_000))
    except (ValueError, OverflowError):
        raise CorrectionRefused(field, Saying("must be a number of seconds, e.g. -300")) from None
