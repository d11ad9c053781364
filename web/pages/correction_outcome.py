"""What a change of corrections would do, as a page shows it before it is done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlmodel import Session

from web.correcting import Corrected
from web.pages.places import CounterRef, counters_by_id


@dataclass(frozen=True)
class MovedFootage:
    """Footage that lies together, and where it would lie."""

    start: datetime
    end: datetime
    new_start: datetime
    new_end: datetime


@dataclass(frozen=True)
class JudgedAgain:
    """What was seen of the counter between these moments would be unknown until it was looked at again."""

    counter: CounterRef
    start: datetime
    end: datetime


@dataclass(frozen=True)
class CorrectionOutcome:
    segments: int
    moves: tuple[MovedFootage, ...]
    judged_again: tuple[JudgedAgain, ...]
    absences: int
    """Found in these spans: they would no longer count, and be judged again."""

    @classmethod
    def of(cls, session: Session, tried: Corrected) -> Self:
        counters = counters_by_id(session, [counter.counter_id for counter in tried.to_look_again])
        return cls(
            segments=tried.moved.segments,
            moves=tuple(
                MovedFootage(move.before.start, move.before.end, move.after.start, move.after.end)
                for move in tried.moved.moves
                if move.by
            ),
            judged_again=tuple(
                JudgedAgain(counters[counter.counter_id], span.start, span.end)
                for counter in tried.to_look_again
                for span in counter.spans
            ),
            absences=sum(counter.absences for counter in tried.to_look_again),
        )
