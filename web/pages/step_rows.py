"""Steps with their case, counter, footage and findings: four queries for any number of steps."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from ingest.video.clip_plan import ClipPart
from ingest.video.unwritten import parts
from storage.footage import CorrectedTime, Footage, UntrustedTime
from storage.intervals import Span
from storage.models import Case, Finding, FindingKind, FootageLink, Outcome, Step, StepKind
from storage.smeared import smeared_times as smeared_in
from web.pages.deleted import DeletedBy
from web.pages.places import CounterRef, counters_by_id

_SOON = timedelta(days=1)


@dataclass(frozen=True)
class MissingSpan:
    start: datetime
    end: datetime
    cause: str
    deleted: DeletedBy | None = None
    """By what, where that was looked up."""


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

    @property
    def holes(self) -> tuple[MissingSpan, ...]:
        """Those that last: of what has only begun to be recorded, nothing may be missing yet."""
        return tuple(hole for hole in self.missing if hole.start < hole.end)


@dataclass(frozen=True)
class LaterStamp:
    """A step that has to come first and is stamped later."""

    kind: StepKind
    start: datetime


@dataclass(frozen=True)
class StepFinding:
    id: int
    kind: FindingKind
    before: tuple[LaterStamp, ...]
    """What the step is stamped before, if that is what was found."""


@dataclass(frozen=True)
class StepRow:
    id: int
    case_id: int
    case_number: str
    source: str
    """The id of the platform that sent it."""
    kind: StepKind
    name: str
    operator: str
    counter: CounterRef | None
    counter_ref: str
    start: datetime
    end: datetime
    entered: datetime | None
    """Into the platform, as it says."""
    first_told_at: datetime
    revision: int
    clip: Clip | None
    """None while the footage is still being looked up."""
    findings: tuple[StepFinding, ...]
    """Those that have not been withdrawn."""
    time_in_doubt: bool
    """Its stamp and another contradict each other, so the footage may show another moment."""

    @property
    def was_told_late(self) -> bool:
        return is_told_late(self.end, self.first_told_at)


def is_told_late(happened: datetime, first_told_at: datetime) -> bool:
    return first_told_at - happened > _SOON


def clip_of(link: FootageLink | None) -> Clip | None:
    if link is None:
        return None
    missing = tuple(_missing(span) for span in link.missing)
    return Clip(link.outcome, link.reason, link.camera_id, link.start, link.end, missing)


def untrusted_times(session: Session, footage: Footage, clip: Clip | None) -> tuple[UntrustedTime, ...]:
    """Where the time of a clip's footage is in doubt."""
    if clip is None or clip.camera_id is None:
        return ()
    return footage.untrusted_times(session, clip.camera_id, clip.start, clip.end)


def smeared_times(session: Session, clip: Clip | None) -> tuple[Span, ...]:
    """Where packets of a clip's footage were lost."""
    if clip is None or clip.camera_id is None:
        return ()
    return smeared_in(session, clip.camera_id, clip.start, clip.end)


def corrected_times(session: Session, footage: Footage, clip: Clip | None) -> tuple[CorrectedTime, ...]:
    """Where the time of a clip's footage was corrected by hand."""
    if clip is None or clip.camera_id is None:
        return ()
    return footage.corrected_times(session, clip.camera_id, clip.start, clip.end)


def clip_parts(session: Session, footage: Footage, clip: Clip | None) -> tuple[ClipPart, ...]:
    """Of the clip's span: one, or several where the camera's format changes in it."""
    if clip is None or clip.camera_id is None:
        return ()
    return parts(footage, session, clip.camera_id, clip.start, clip.end)


def _missing(span: dict[str, Any]) -> MissingSpan:
    return MissingSpan(_time(span["start"]), _time(span["end"]), str(span.get("cause", "unknown")))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def step_rows(session: Session, steps: Sequence[Step]) -> tuple[StepRow, ...]:
    ids = [step.id for step in steps]
    of_steps = col(Case.id).in_({step.case_id for step in steps})
    numbers = dict(session.exec(select(Case.id, Case.number).where(of_steps)).all())
    links = {link.step_id: link for link in session.exec(select(FootageLink).where(col(FootageLink.step_id).in_(ids)))}
    findings = findings_of(session, ids)
    counters = counters_by_id(session, (step.counter_id for step in steps))
    return tuple(
        _row(step, numbers[step.case_id], counters.get(step.counter_id or ""), links.get(step.id), findings[step.id])
        for step in steps
    )


def findings_of(session: Session, step_ids: Iterable[int | None]) -> dict[int | None, tuple[StepFinding, ...]]:
    """Those about each step that have not been withdrawn."""
    ids = list(step_ids)
    wanted = select(Finding).where(col(Finding.step_id).in_(ids), col(Finding.withdrawn_at).is_(None))
    found: dict[int | None, list[StepFinding]] = defaultdict(list)
    for finding in session.exec(wanted.order_by(col(Finding.id))):
        found[finding.step_id].append(step_finding(finding))
    return {step_id: tuple(found[step_id]) for step_id in ids}


def step_finding(finding: Finding) -> StepFinding:
    assert finding.id is not None
    before = (LaterStamp(StepKind(s["kind"]), _time(s["stamped"])) for s in finding.evidence.get("before", ()))
    return StepFinding(finding.id, finding.kind, tuple(before))


def _row(
    step: Step, number: str, counter: CounterRef | None, link: FootageLink | None, findings: tuple[StepFinding, ...]
) -> StepRow:
    assert step.id is not None
    return StepRow(
        id=step.id,
        case_id=step.case_id,
        case_number=number,
        source=step.source_id,
        kind=step.kind,
        name=step.name,
        operator=step.operator,
        counter=counter,
        counter_ref=step.counter_ref,
        start=step.start,
        end=step.end,
        entered=step.entered,
        first_told_at=step.first_received_at,
        revision=step.revision,
        clip=clip_of(link),
        findings=findings,
        time_in_doubt=any(finding.kind is FindingKind.STEP_OUT_OF_ORDER for finding in findings),
    )
