"""Steps with their case, counter, footage and finding: four queries for any number of steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from storage.models import Case, Finding, FootageLink, Outcome, Step, StepKind
from web.pages.places import CounterRef, counters_by_id


@dataclass(frozen=True)
class MissingSpan:
    start: datetime
    end: datetime
    cause: str


@dataclass(frozen=True)
class Clip:
    """Which footage belongs to a step or an absence, or why there is none."""

    outcome: Outcome
    reason: str
    camera_id: str | None
    start: datetime
    end: datetime
    missing: tuple[MissingSpan, ...]

    @property
    def playable(self) -> bool:
        return self.camera_id is not None and self.outcome in (Outcome.CLIP, Outcome.PARTIAL)


@dataclass(frozen=True)
class StepRow:
    id: int
    case_id: int
    case_number: str
    kind: StepKind
    name: str
    operator: str
    counter: CounterRef | None
    counter_ref: str
    start: datetime
    end: datetime
    revision: int
    clip: Clip | None
    """None while the footage is still being looked up."""
    finding_id: int | None


def clip_of(link: FootageLink | None) -> Clip | None:
    if link is None:
        return None
    missing = tuple(_missing(span) for span in link.missing)
    return Clip(link.outcome, link.reason, link.camera_id, link.start, link.end, missing)


def _missing(span: dict[str, Any]) -> MissingSpan:
    return MissingSpan(_time(span["start"]), _time(span["end"]), str(span.get("cause", "unknown")))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def step_rows(session: Session, steps: Sequence[Step]) -> tuple[StepRow, ...]:
    ids = [step.id for step in steps]
    numbers = dict(
        session.exec(select(Case.id, Case.number).where(col(Case.id).in_({step.case_id for step in steps}))).all()
    )
    links = {link.step_id: link for link in session.exec(select(FootageLink).where(col(FootageLink.step_id).in_(ids)))}
    findings = findings_of(session, ids)
    counters = counters_by_id(session, (step.counter_id for step in steps))
    return tuple(
        _row(
            step, numbers[step.case_id], counters.get(step.counter_id or ""), links.get(step.id), findings.get(step.id)
        )
        for step in steps
    )


def findings_of(session: Session, step_ids: Iterable[int | None]) -> dict[int | None, int]:
    """The id of the finding about each step, if there is one that has not been withdrawn."""
    found = session.exec(
        select(Finding.step_id, Finding.id).where(
            col(Finding.step_id).in_(list(step_ids)), col(Finding.withdrawn_at).is_(None)
        )
    )
    return {step_id: finding_id for step_id, finding_id in found if finding_id is not None}


def _row(
    step: Step, number: str, counter: CounterRef | None, link: FootageLink | None, finding_id: int | None
) -> StepRow:
    assert step.id is not None
    return StepRow(
        id=step.id,
        case_id=step.case_id,
        case_number=number,
        kind=step.kind,
        name=step.name,
        operator=step.operator,
        counter=counter,
        counter_ref=step.counter_ref,
        start=step.start,
        end=step.end,
        revision=step.revision,
        clip=clip_of(link),
        finding_id=finding_id,
    )
