"""The rule of a counter: what is found there, and after how long. Read from the tables, checked, and pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from storage.models import MAX_PEOPLE, MAX_REQUIRED, MAX_THRESHOLD_S, AbsenceRule

_LONGEST = timedelta(seconds=MAX_THRESHOLD_S)
_FORGOTTEN = 2 * _LONGEST
"""What lasted when so old a rule began has been due by it since, or will never be."""


@dataclass(frozen=True, slots=True)
class MoreThan:
    """More people than so many, for so long."""

    people: int
    lasting: timedelta


@dataclass(frozen=True, slots=True)
class Rule:
    """When an unstaffed counter is an absence, and what else is found: None is not looked for.

    Raises ValueError unless 0 < waiting ≤ threshold ≤ 12 hours, and all else is within its bounds.
    """

    threshold: timedelta = timedelta(seconds=300)
    waiting: timedelta = timedelta(seconds=60)
    """The same while a customer waits."""
    id: int | None = None
    version: int = 0
    required: int = 1
    """With fewer people the counter is as good as unstaffed."""
    unattended: timedelta | None = None
    """A customer waits so long while nobody is there."""
    never_staffed: timedelta | None = None
    """Nobody has come so long after the hall opened."""
    left_early: timedelta | None = None
    """Nobody is there from so long before the hall closes, until it does."""
    queue: MoreThan | None = None
    """Customers."""
    crowd: MoreThan | None = None
    """People in the staff zone."""
    since: datetime | None = field(default=None, compare=False)
    """From when on it holds at a counter; None: it always has."""
    until: datetime | None = field(default=None, compare=False)
    """Exclusive; None: it goes on."""
    before: "Rule | None" = field(default=None, compare=False)
    """What held there until `since`; None: nothing that makes sense, or it is days ago."""

    def __post_init__(self) -> None:
        if not timedelta(0) < self.waiting <= self.threshold <= _LONGEST:
            raise ValueError(
                f"absence rule: {self.waiting.total_seconds():g} s waiting and {self.threshold.total_seconds():g} s:"
                " both must be above 0, the first not above the second, neither above 12 hours"
            )
        if not 1 <= self.required <= MAX_REQUIRED:
            raise ValueError(f"absence rule: {self.required} people required: 1 to {MAX_REQUIRED}")
        crowds = [limit for limit in (self.queue, self.crowd) if limit is not None]
        spans = [self.unattended, self.never_staffed, self.left_early, *(limit.lasting for limit in crowds)]
        if not all(span is None or timedelta(0) < span <= _LONGEST for span in spans):
            raise ValueError("absence rule: each time must be above 0 and not above 12 hours")
        if not all(1 <= limit.people <= MAX_PEOPLE for limit in crowds):
            raise ValueError(f"absence rule: more than 1 to {MAX_PEOPLE} people")


def rule_in_force(rules: Sequence[AbsenceRule], hall_id: str, counter_id: str, at: datetime) -> Rule:
    """The most specific valid rule: of the counter, of the hall, of every hall, else the built-in default.

    With those before it. Raises ValueError when that rule makes no sense.
    """
    fitting = [rule for rule in rules if rule.counter_id in (None, counter_id) and rule.hall_id in (None, hall_id)]
    changes = sorted({moment for rule in fitting for moment in (rule.valid_from, rule.valid_to) if moment is not None})
    held: list[tuple[AbsenceRule | None, datetime | None]] = [(_most_specific(fitting, at), None)]
    for moment in (m for m in reversed(changes) if m <= at):
        row = _most_specific(fitting, moment - timedelta.resolution)
        if row is not held[-1][0]:
            held[-1] = held[-1][0], moment
            if moment < at - _FORGOTTEN:
                break
            held.append((row, None))
    best = held[0][0]
    after = (m for m in changes if at < m and _most_specific(fitting, m) is not best)
    before = _one_after_the_other(held[1:])
    return replace(_rule(best), since=held[0][1], until=next(after, None), before=before)


def _one_after_the_other(held: Sequence[tuple[AbsenceRule | None, datetime | None]]) -> Rule | None:
    """The first, which held last, with those before it. One that makes no sense accused nobody."""
    before: Rule | None = None
    for row, since in reversed(held):
        try:
            before = replace(_rule(row), since=since, before=before)
        except ValueError:
            before = None
    return before


def _rule(row: AbsenceRule | None) -> Rule:
    return rule_of(row) if row else Rule()


def _most_specific(rules: Sequence[AbsenceRule], at: datetime) -> AbsenceRule | None:
    valid = [rule for rule in rules if rule.valid_from <= at and (rule.valid_to is None or at < rule.valid_to)]
    return max(
        valid, key=lambda r: (r.counter_id is not None, r.hall_id is not None, r.valid_from, r.version), default=None
    )


def rule_of(row: AbsenceRule) -> Rule:
    """Raises ValueError."""
    threshold = timedelta(seconds=row.threshold_s)
    return Rule(
        threshold,
        # A waiting threshold above the plain one never comes into play.
        min(timedelta(seconds=row.waiting_threshold_s), threshold),
        row.id,
        row.version,
        row.required_staff,
        _lasting(row.unattended_s),
        _lasting(row.never_staffed_s),
        _lasting(row.left_early_s),
        _more_than(row.queue_length, row.queue_s),
        _more_than(row.crowd_size, row.crowd_s),
    )


def _lasting(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _more_than(people: int | None, seconds: int | None) -> MoreThan | None:
    """Both are said, or neither."""
    return None if people is None or seconds is None else MoreThan(people, timedelta(seconds=seconds))
