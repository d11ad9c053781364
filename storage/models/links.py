"""What belongs together: steps, absences and footage."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from storage.models.columns import JsonObject, column, enum_column, json_column


class Outcome(StrEnum):
    CLIP = "clip"  # all of the span is there
    PARTIAL = "partial"  # some of it; `missing` lists the rest
    NONE = "none"  # nothing of it; `reason` says why
    UNMAPPED = "unmapped"  # it is not known where it happened, or no camera sees that place


class FindingKind(StrEnum):
    STEP_WHILE_UNSTAFFED = "step_while_unstaffed"
    STEP_OUT_OF_ORDER = "step_out_of_order"  # accuses nobody: its stamp and another of the case contradict each other


class FootageLink(SQLModel, table=True):
    """The footage of one step or one absence."""

    __tablename__ = "footage_link"
    __table_args__ = (
        UniqueConstraint("step_id"),
        UniqueConstraint("absence_id"),
        Index("footage_link_unsettled_start", "settled", "start"),
        Index("footage_link_unsettled_computed", "settled", "computed_at"),
        Index("footage_link_unexamined", "examined", "start"),
    )
    id: int | None = column("", default=None, primary_key=True)
    step_id: int | None = column("", default=None, foreign_key="step.id")
    absence_id: int | None = column("", default=None, foreign_key="absence.id")
    outcome: Outcome = enum_column(Outcome, "", index=True)
    reason: str = column(
        "for none and unmapped: a code, e.g. no_counter, no_view, not_recorded, gap, not_yet", default=""
    )
    camera_id: str | None = column("the camera that shows it best", default=None, foreign_key="camera.id")
    start: datetime = column("start of the clip, lead-in included")
    end: datetime = column("end of the clip, lead-out included")
    missing: list[dict[str, Any]] = json_column("[{start, end, cause}] inside start..end", default_factory=list)
    settled: bool = column("no more footage can come for this span", default=False)
    examined: bool = column("the step was compared with what was seen at its counter", default=False)
    computed_at: datetime = column("")


class LinkBasis(SQLModel, table=True):
    """What the links rest on, as last seen, so that a change of it relinks."""

    __tablename__ = "link_basis"
    key: str = column("e.g. source:cc, counter:cc-1, segments", primary_key=True)
    value: str = column("a digest, or the highest row id that was looked at")


class Finding(SQLModel, table=True):
    """Something an inspector should look at. Withdrawn, not deleted, when later data explains it."""

    __table_args__ = (UniqueConstraint("kind", "step_id"),)
    id: int | None = column("", default=None, primary_key=True)
    kind: FindingKind = enum_column(FindingKind, "")
    step_id: int = column("", foreign_key="step.id")
    counter_id: str | None = column(
        "the counter at which nobody was; empty for what was found without looking at one",
        default=None,
        foreign_key="counter.id",
        index=True,
    )
    found_at: datetime = column("")
    withdrawn_at: datetime | None = column("", default=None)
    evidence: JsonObject = json_column(
        "what it rests on: presence spans or stamps, margin and clock offset in seconds", default_factory=dict
    )
