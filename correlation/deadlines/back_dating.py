"""Words that date something long before they came: new ones, and corrections that save time. Pure.

It says what was dated back and how it came; from how many days on that is carded is for `conduct.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from correlation.deadlines.facts import Extension, Suspension
from correlation.deadlines.observing import Corrected, Entered, Observation
from correlation.deadlines.tellings import Said, Told, ToldDelivery, ToldFee, ToldResult, ToldStep
from storage.models import IN_HAND, CardCause, StepKind


def by_record(told: Sequence[Told]) -> Mapping[tuple[str, int], Sequence[Told]]:
    """The words about each record, in the order of telling."""
    found: dict[tuple[str, int], list[Told]] = {}
    for one in told:
        found.setdefault(one.record, []).append(one)
    return found


def dates(words: Sequence[Told]) -> Iterator[datetime | None]:
    """For each of the words about one record the moment from which on it dates something anew; None if it does not."""
    yield happened_at(words[0].said)
    for before, word in pairwise(words):
        moved = saves_time(before.said, word.said)
        yield moved.dates_from if moved is not None else None


def happened_at(said: Said | None) -> datetime | None:
    """None of what no limit rests on."""
    match said:
        case ToldStep():
            return said.end
        case Suspension():
            return said.start
        case Extension():
            return said.approved_at
        case ToldResult():
            return said.decided_at
        case ToldDelivery():
            return said.delivered_at
        case ToldFee() | None:
            return None


def saves_time(before: Said | None, after: Said | None) -> Corrected | None:
    """What of a correction may bring a limit off or move it away; None if it admits something, or changes no moment."""
    match before, after:
        case ToldStep(), ToldStep():
            return _of_steps(before, after)
        case Suspension(), Suspension():
            return _of_suspensions(before, after)
        case Extension(), Extension() if after.days > before.days:
            return Corrected(before.approved_at, after.approved_at)
    was, becomes = happened_at(before), happened_at(after)
    return _earlier(was, becomes) if was is not None and becomes is not None else None


def _of_steps(before: ToldStep, after: ToldStep) -> Corrected | None:
    if before.kind is not after.kind:
        return Corrected(None, after.end)
    if after.kind is StepKind.RECEIVE:
        return _later(before.start, after.start)
    if after.kind is StepKind.ACCEPT and before.end > before.start:  # else it had not been said to have ended
        return _earlier(before.end, after.end) or _later(before.end, after.end)
    return _earlier(before.end, after.end)


def _of_suspensions(before: Suspension, after: Suspension) -> Corrected | None:
    if before.reason is not after.reason:
        return Corrected(None, after.start)
    moved = _earlier(before.start, after.start)
    if moved is None and before.end is not None:
        moved = Corrected(before.end, before.end) if after.end is None else _later(before.end, after.end)
    return moved


def _earlier(before: datetime, after: datetime) -> Corrected | None:
    return Corrected(before, after) if before - after > IN_HAND else None


def _later(before: datetime, after: datetime) -> Corrected | None:
    return Corrected(before, after) if after - before > IN_HAND else None


def dated_back(told: Sequence[Told]) -> Iterator[Observation]:
    """What was entered well after it had happened: its platform says so, or a push has left it out.

    `told` in the order of telling. A correction that was taken back counts no more.
    """
    if not any(word.entered is not None or _said_to_be_entered(word.said) is not None for word in told):
        return
    for (kind, number), words in by_record(told).items():
        first, last = words[0], words[-1]
        newest = last.said
        if newest is None:
            continue
        if (entered := _entered(first, last)) is not None:
            yield _observed(first, _about_entry(first, number), happened_at(first.said), entered)
        for before, word in pairwise(words):
            moved = saves_time(before.said, word.said)
            if moved is None or saves_time(before.said, newest) is None:
                continue
            if (how := _left_out(word, moved.dates_from)) is not None:
                about = f"correction:{kind}:{number}:{word.told_at.isoformat()}"
                yield _observed(word, about, moved.dates_from, how)._replace(corrected=moved)


def _about_entry(word: Told, number: int) -> str:
    return f"entry:{number}" if isinstance(word.said, ToldStep) else f"entry:{word.record[0]}:{number}"


def _observed(word: Told, about: str, at: datetime | None, entered: Entered) -> Observation:
    assert at is not None  # what has no moment is not dated
    link = word.said.kind if isinstance(word.said, ToldStep) else None
    names = () if link is not None else (word.record[0],)
    return Observation(CardCause.BACK_DATED, about, at, word.told_at, link, names, entered)


def _entered(first: Told, last: Told) -> Entered | None:
    """How, where that was not right after it happened: what its platform says of it stands before what pushes show."""
    at = happened_at(first.said)
    if at is None:
        return None
    for word in (first, last):
        entered_at = _said_to_be_entered(word.said)
        if entered_at is not None:
            return Entered(None, word.entered_with, entered_at) if entered_at - at > IN_HAND else None
    return _left_out(first, at)


def _left_out(word: Told, at: datetime) -> Entered | None:
    """How it came, where the push before it had come well after that moment."""
    how = word.entered
    return how if how is not None and how.heard_before is not None and how.heard_before - at > IN_HAND else None


def _said_to_be_entered(said: Said | None) -> datetime | None:
    return said.entered_at if isinstance(said, ToldStep) else None
