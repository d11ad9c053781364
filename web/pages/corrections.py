"""The part of a camera's day that tells which footage was corrected, and the form that corrects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlmodel import Session, col, select

from storage.intervals import Span
from storage.models import TimeCorrection
from web.api.corrections import CorrectionRequest, CorrectionShown, shown
from web.errors import Unprocessable
from web.field_problems import FieldProblem
from web.pages.filters import local_moment
from web.permissions import Permission
from web.viewer import Viewer

_FIELDS = {
    "start": "from",
    "end": "to",
    "shift_s": "shift",
    "error_s": "error",
    "first_sequence": "first",
    "last_sequence": "last",
}


@dataclass(frozen=True)
class CorrectionRow:
    """A correction that moved footage of the day away, or into it."""

    id: int
    start: datetime
    end: datetime
    """By the time that the files say."""
    first_sequence: int | None
    last_sequence: int | None
    """Of the segments that are meant; of all where there are none."""
    shift_s: float
    error_s: float
    reason: str
    made_by: str
    made_at: datetime
    takes_back: int | None
    """The row that this one makes void; then it moves nothing itself."""
    taken_back_by: int | None
    to_look_again: int
    """Spans at counters that are unknown until they were looked at again."""
    looked_again: int
    """How many of these were."""
    may_take_back: bool


@dataclass(frozen=True)
class CorrectionForm:
    """As it is to be filled in, or as it was sent."""

    start: str = ""
    """As typed, in the hall's time."""
    end: str = ""
    shift: str = ""
    """Seconds."""
    error: str = "0.5"
    reason: str = ""
    first: str = ""
    """Number of the first segment that is meant, where the span was recorded more than once."""
    last: str = ""
    problems: dict[str, str] = field(default_factory=dict)
    """By field; under other names what concerns the whole."""


def corrections_of(session: Session, viewer: Viewer, camera_id: str, span: Span) -> tuple[CorrectionRow, ...]:
    """Those that touch the span, by the time of the files or by the true one, the newest first."""
    rows = session.exec(
        select(TimeCorrection).where(TimeCorrection.camera_id == camera_id).order_by(col(TimeCorrection.id).desc())
    )
    touching = [row for row in rows if _touches(row, span)]
    may = viewer.may(Permission.CORRECT)
    return tuple(correction_row(told, may) for told in shown(session, touching))


def _touches(row: TimeCorrection, span: Span) -> bool:
    by = timedelta(microseconds=row.shift_us)
    return any(
        start < span.end and end > span.start for start, end in ((row.start, row.end), (row.start + by, row.end + by))
    )


def correction_row(told: CorrectionShown, may: bool) -> CorrectionRow:
    to_look = [job for job in told.looked_again if job.superseded_by is None]
    return CorrectionRow(
        id=told.id,
        start=told.start,
        end=told.end,
        first_sequence=told.first_sequence,
        last_sequence=told.last_sequence,
        shift_s=told.shift_s,
        error_s=told.error_s,
        reason=told.reason,
        made_by=told.made_by,
        made_at=told.made_at,
        takes_back=told.takes_back,
        taken_back_by=told.taken_back_by,
        to_look_again=len(to_look),
        looked_again=sum(job.done_at is not None for job in to_look),
        may_take_back=may and told.takes_back is None and told.taken_back_by is None,
    )


def requested(camera_id: str, form: CorrectionForm, zone: str) -> CorrectionRequest:
    """Raises ValidationError."""
    return CorrectionRequest.model_validate(
        {
            "camera": camera_id,
            "start": local_moment(form.start, zone) or "",
            "end": local_moment(form.end, zone) or "",
            "shift_s": form.shift,
            "error_s": form.error,
            "reason": form.reason,
            "first_sequence": form.first or None,
            "last_sequence": form.last or None,
        }
    )


def problems_of(error: ValidationError | Unprocessable) -> dict[str, str]:
    found = error.fields if isinstance(error, Unprocessable) else map(FieldProblem.of, error.errors())
    return {_FIELDS.get(each.field, each.field): each.problem for each in found}


def sent(values: Mapping[str, str]) -> CorrectionForm:
    return CorrectionForm(
        values["from"],
        values["to"],
        values["shift"],
        values["error"],
        values["reason"],
        values["first"],
        values["last"],
    )
