"""What has been said about a record so far, and what a further row about it means. Pure."""

from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from ingest.approvals.plain import PlainStep
from ingest.approvals.row import Row, Statement


class Verdict(Enum):
    NEW = "new"
    CORRECTION = "correction"  # says something else, and is the newer word
    LATE = "late"  # says something else, but a newer batch has spoken: kept, not in force
    DUPLICATE = "duplicate"


class Known(NamedTuple):
    """All that a source has said about one record."""

    record_id: int | None
    """None while it is not written yet."""
    revision: int
    """The one in force."""
    sequence: int | None
    """Of the newest numbered batch that spoke of it; None when only files did."""
    said: dict[int, Statement]
    """Every revision."""
    overtaken: Mapping[int, int] = MappingProxyType({})
    """Revisions that never were in force, each with the newer one that was when it came."""

    def left_case(self, revision: int) -> str | None:
        """The number of the case that the record was moved away from by this revision."""
        if revision in self.overtaken:
            return None
        before = max((n for n in self.said if n < revision and n not in self.overtaken), default=None)
        left = self.said[before].get("case") if before is not None else None
        return left if left and left != self.said[revision].get("case") else None


def judge(known: Known | None, said: Statement, sequence: int | None, *, repeated: bool) -> Verdict:
    """`repeated`: the row stands in a file that came before.

    Numbered batches are ordered by their number, whenever they come; a file is the newest word when it comes.
    """
    if known is None:
        return Verdict.NEW
    late = sequence is not None and known.sequence is not None and sequence < known.sequence
    if late or repeated:
        heard = said in known.said.values()
        return Verdict.DUPLICATE if heard else Verdict.LATE if late else Verdict.CORRECTION
    return Verdict.DUPLICATE if said == known.said[known.revision] else Verdict.CORRECTION


def hear(known: Known | None, said: Statement, sequence: int | None, verdict: Verdict) -> Known:
    """What is known after the row."""
    if known is None:
        return Known(record_id=None, revision=1, sequence=sequence, said={1: said})
    newest = max((n for n in (known.sequence, sequence) if n is not None), default=None)
    if verdict is Verdict.DUPLICATE:
        return known._replace(sequence=newest)
    revision = max(known.said) + 1
    known = known._replace(sequence=newest, said={**known.said, revision: said})
    if verdict is Verdict.LATE:
        return known._replace(overtaken={**known.overtaken, revision: known.revision})
    return known._replace(revision=revision)


class Change(NamedTuple):
    """What a chunk of rows changes about one record."""

    reference: str
    before: Known | None
    after: Known
    row: Row | PlainStep | None
    """The row in force; None when the one before the chunk still is."""

    @property
    def new_revisions(self) -> dict[int, Statement]:
        old = self.before.said if self.before else {}
        return {number: said for number, said in self.after.said.items() if number not in old}

    @property
    def cases(self) -> set[str]:
        """Numbers of the cases that it concerned and concerns now."""
        said = [known.said[known.revision] for known in (self.before, self.after) if known is not None]
        return {statement["case"] for statement in said if "case" in statement}


class Plan(NamedTuple):
    """What a chunk of good rows comes to."""

    changes: tuple[Change, ...]
    accepted: int
    duplicates: int


def plan(known: dict[str, Known], rows: Sequence[Row | PlainStep], sequence: int | None, *, repeated: bool) -> Plan:
    """Decides on rows of one kind in their order; `known` has the records that were there before."""
    after = dict(known)
    in_force: dict[str, Row | PlainStep] = {}
    duplicates = 0
    for row in rows:
        said, reference = row.statement(), row.reference
        before = after.get(reference)
        verdict = judge(before, said, sequence, repeated=repeated)
        after[reference] = hear(before, said, sequence, verdict)
        duplicates += verdict is Verdict.DUPLICATE
        if verdict in (Verdict.NEW, Verdict.CORRECTION):
            in_force[reference] = row
    changes = (
        Change(reference, known.get(reference), now, in_force.get(reference))
        for reference, now in after.items()
        if now is not known.get(reference) and now != known.get(reference)
    )
    return Plan(tuple(changes), accepted=len(rows) - duplicates, duplicates=duplicates)
