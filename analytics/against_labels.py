"""What was said of a zone against its labels: absences and edges. Pure; every time is in seconds of the clip."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Spell = tuple[float, float]
"""From its start up to its end."""

SHORTEST = 3
"""Samples: nothing that lasts for fewer is told, by design."""
PASSING = 2
"""Samples: who is there for fewer passes by and staffs nothing, by design: one is not believed."""
ALIKE = 0.5
"""Two spells are the same absence when they share so much of the time that they cover together."""
FURTHEST_S = 10.0
"""An edge that was said further away is not the one that was labelled."""
SAMPLE_S = 1.0
"""How far apart samples are, unless it is said."""


@dataclass(frozen=True, slots=True)
class AbsencesFound:
    """Counted by whether they were due to be found, and whether what was said is right."""

    due: int = 0
    found: int = 0
    said: int = 0
    right: int = 0

    @property
    def precision(self) -> float | None:
        """None where none was said."""
        return self.right / self.said if self.said else None

    @property
    def recall(self) -> float | None:
        """None where none was due."""
        return self.found / self.due if self.due else None

    @property
    def f1(self) -> float | None:
        """None where there was none, and none was said."""
        wrong = (self.said - self.right) + (self.due - self.found)
        return 2 * self.found / (2 * self.found + wrong) if self.found or wrong else None

    def __add__(self, other: "AbsencesFound") -> "AbsencesFound":
        return AbsencesFound(
            self.due + other.due, self.found + other.found, self.said + other.said, self.right + other.right
        )


@dataclass(frozen=True, slots=True)
class EdgesFound:
    """How far from where it was labelled each edge was said; positive: later."""

    errors: tuple[float, ...] = ()
    missed: int = 0
    extra: int = 0
    """Said where none was labelled: the state went to and fro."""

    def within(self, seconds: float) -> float | None:
        """The share of all that were labelled; None where none was."""
        every = len(self.errors) + self.missed
        return sum(abs(error) <= seconds for error in self.errors) / every if every else None

    @property
    def median(self) -> float | None:
        apart = sorted(abs(error) for error in self.errors)
        return apart[len(apart) // 2] if apart else None

    @property
    def furthest(self) -> float | None:
        return max((abs(error) for error in self.errors), default=None)

    def __add__(self, other: "EdgesFound") -> "EdgesFound":
        return EdgesFound(self.errors + other.errors, self.missed + other.missed, self.extra + other.extra)


def absences_found(
    empty: Sequence[Spell], blind: Sequence[Spell], said: Sequence[Spell], least: float, slack: float
) -> AbsencesFound:
    """`empty`: nobody was there; `blind`: labelled picture faults; `said`: absences of `least` seconds or more.

    An empty spell is due when `slack` more than `least` of it lie together outside of faults, for what is unknown is
    never counted. One as long as `least` give or take the slack may be said or not.
    """
    real = [spell for spell in empty if _length(spell) >= least - slack]
    due = [spell for spell in empty if max(map(_length, outside(spell, blind)), default=0.0) >= least + slack]
    return AbsencesFound(
        due=len(due),
        found=sum(any(_is_same(spell, one, blind) for one in said) for spell in due),
        said=len(said),
        right=sum(any(_is_same(spell, one, blind) for spell in real) for one in said),
    )


def edges_found(
    labelled: Iterable[float],
    said: Iterable[float],
    blind: Sequence[Spell] = (),
    reach: float = FURTHEST_S,
    sample_s: float = SAMPLE_S,
) -> EdgesFound:
    """Edges of one direction; each is matched once, the nearest first. Edges in or near faults are nobody's."""
    wanted, left = list(labelled), list(said)
    near = SHORTEST * sample_s
    faults = [edge for edge in wanted if _is_near(edge, blind, near)]
    errors: dict[float, float] = {}
    pairs = sorted((abs(one - edge), edge, one) for edge in wanted for one in left)
    for apart, edge, one in pairs:
        if apart <= reach and edge in wanted and one in left:
            wanted.remove(edge)
            left.remove(one)
            errors[edge] = one - edge
    kept = tuple(error for edge, error in errors.items() if edge not in faults)
    missed = sum(edge not in faults for edge in wanted)
    return EdgesFound(kept, missed, sum(not _is_near(one, blind, near) for one in left))


def _is_near(edge: float, blind: Sequence[Spell], near: float) -> bool:
    return any(start - near <= edge <= end + near for start, end in blind)


def outside(spell: Spell, holes: Sequence[Spell]) -> list[Spell]:
    """What is left of a spell."""
    left = [spell]
    for start, end in holes:
        left = [part for one in left for part in ((one[0], min(one[1], start)), (max(one[0], end), one[1]))]
        left = [part for part in left if part[0] < part[1]]
    return left


def between(spells: Sequence[Spell], end: float) -> list[Spell]:
    """The time from 0 to `end` that is in none of them."""
    return outside((0.0, end), spells)


def empty_spells(present: Sequence[Spell], end: float, sample_s: float = SAMPLE_S) -> list[Spell]:
    """When the zone was empty, but for people passing by."""
    return between([spell for spell in present if _length(spell) >= PASSING * sample_s], end)


def told_edges(present: Sequence[Spell], end: float, sample_s: float = SAMPLE_S) -> tuple[list[float], list[float]]:
    """When somebody came and when everybody had gone, inside the clip, between states long enough to be told."""
    spells = sorted([*((span, True) for span in present), *((span, False) for span in between(present, end))])
    came: list[float] = []
    gone: list[float] = []
    for (before, _), (after, is_present) in pairwise(spells):
        if min(_length(before), _length(after)) >= SHORTEST * sample_s:
            (came if is_present else gone).append(after[0])
    return came, gone


def _is_same(one: Spell, other: Spell, blind: Sequence[Spell]) -> bool:
    """Faults cut an absence in two, and each part is one."""
    return any(_shared(part, other) >= ALIKE for part in _wholes(one, blind))


def _wholes(spell: Spell, blind: Sequence[Spell]) -> Iterator[Spell]:
    yield spell
    yield from outside(spell, blind)


def _shared(one: Spell, other: Spell) -> float:
    both = min(one[1], other[1]) - max(one[0], other[0])
    return both / (_length(one) + _length(other) - both) if both > 0 else 0.0


def _length(spell: Spell) -> float:
    return spell[1] - spell[0]
