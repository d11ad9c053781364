"""What the records of a case show beside its limits: links out of order, fees, refusals, late entries. Pure.

It says what is there; whether that is carded, and since when, is for `conduct.py`. What the catalogue or the platform
does not tell is not seen: an empty list of fees, an operator without a name, a refusal that refers to a document.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from storage.models import CardCause, StepKind

AT_ONCE = timedelta(minutes=5)
"""What one operator entered so shortly before or after something else was entered with it."""
MOST_BESIDE = 200
"""Other cases that are counted of what was entered at once."""
_JUDGED = (StepKind.RECEIVE, StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE, StepKind.CLOSE, StepKind.DELIVER)
_SKIPPED = (StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE)
"""Not every platform has steps for what comes before and after."""
_PROVES_SKIPPING = (StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE, StepKind.DELIVER)
"""A case may be closed early for reasons that are not told, as when its applicant gives up."""


class Telling(StrEnum):
    """What the rules may require a platform to tell."""

    DECISION = "decision"  # how a closed case was decided, by a step or a result
    RESULT = "result"  # the record of the result, where a step tells that it was decided
    DELIVERY = "delivery"  # of what was granted
    FEE = "fee"  # of an item that costs something
    OPERATOR = "operator"  # of a step
    COUNTER = "counter"  # of the first step of a case that came by one
    NOTICE = "notice"  # to the applicant, of a suspension


class Entered(NamedTuple):
    """How a word came: by a push that followed right after another one of its source, or as its platform says."""

    heard_before: datetime | None
    """When the push before it came."""
    beside: tuple[datetime, ...] = ()
    """When the first late step of each other case ended that came with it from the same operator; where the platform
    says when it was entered: that the operator entered at the same time."""
    by: datetime | None = None
    """The earliest moment at which it may have been entered: where numbers of pushes tell one before its telling, or
    the platform says when it was."""


class Corrected(NamedTuple):
    """What a correction says otherwise than the word before it."""

    before: datetime | None
    """None: it had not been said at all."""
    after: datetime

    @property
    def dates_from(self) -> datetime:
        """From then on it is otherwise than was said."""
        return self.after if self.before is None else min(self.before, self.after)


class Observation(NamedTuple):
    cause: CardCause
    about: str
    """Tells it from the others of its case, for good."""
    at: datetime
    """When it happened."""
    known_at: datetime
    """Since when it could be known."""
    link: StepKind | None = None
    names: tuple[str, ...] = ()
    """What the catalogue lists, the link that was expected, or of what else than a step it is: the kind of record. Of
    what is missing: what, of which item and of which source."""
    entered: Entered | None = None
    corrected: Corrected | None = None
    """Of what was dated back by a correction."""


class SeenStep(NamedTuple):
    number: int
    kind: StepKind
    start: datetime
    end: datetime
    first_told_at: datetime


class SeenFee(NamedTuple):
    number: int
    code: str
    name: str
    charged_at: datetime
    first_told_at: datetime


def links_out_of_order(
    order: Sequence[StepKind], steps: Sequence[SeenStep], *, is_decided: bool = False
) -> Iterator[Observation]:
    """By the catalogue; a link that stands twice in it is not judged. `is_decided`: a result says so."""
    judged = [kind for kind in order if kind in _JUDGED and order.count(kind) == 1]
    if len(judged) < 2:
        return
    by_kind: dict[StepKind, list[SeenStep]] = {}
    for step in steps:
        by_kind.setdefault(step.kind, []).append(step)
    for place, kind in enumerate(judged):
        later = [step for other in judged[place + 1 :] for step in by_kind.get(other, ())]
        if kind in by_kind:
            yield from _reordered(kind, by_kind[kind], later)
        elif kind in _SKIPPED and not (kind is StepKind.DECIDE and is_decided):
            yield from _skipped(kind, [step for step in later if step.kind in _PROVES_SKIPPING])


def _reordered(kind: StepKind, steps: Sequence[SeenStep], later: Sequence[SeenStep]) -> Iterator[Observation]:
    """The first of a later link was done before the first of this one began."""
    begun = min(step.start for step in steps)
    before = [step for step in later if step.end < begun]
    if before:
        first = min(before, key=lambda step: step.end)
        known_at = max(first.first_told_at, min(step.first_told_at for step in steps))
        names = (first.kind.value,)
        yield Observation(CardCause.LINK_REORDERED, f"reordered:{kind}", begun, max(known_at, begun), kind, names)


def _skipped(kind: StepKind, later: Sequence[SeenStep]) -> Iterator[Observation]:
    if later:
        first = min(later, key=lambda step: max(step.end, step.first_told_at))
        known_at = max(first.end, first.first_told_at)
        yield Observation(CardCause.LINK_SKIPPED, f"skipped:{kind}", first.end, known_at, kind, (first.kind.value,))


def unlisted_fees(codes: frozenset[str], names: frozenset[str], fees: Sequence[SeenFee]) -> Iterator[Observation]:
    """Compared by code where both have one, else by name."""
    for fee in fees:
        listed, said = (codes, fee.code) if codes and fee.code else (names, fee.name)
        if listed and said and said not in listed:
            known_at = max(fee.charged_at, fee.first_told_at)
            yield Observation(
                CardCause.FEE_UNLISTED, f"fee:{fee.number}", fee.charged_at, known_at, None, (said, *sorted(listed))
            )
