"""Presence that is to be worked out again from recorded footage, and what came of it."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import SQLModel

from storage.models.columns import JsonObject, column, json_column


class Reanalysis(SQLModel, table=True):
    """A span of a counter to be looked at again. -- asked -> begun -> done, or asked | begun -> superseded"""

    __table_args__ = (Index("reanalysis_open", "done_at", "id"),)
    id: int | None = column("", default=None, primary_key=True)
    counter_id: str = column("", foreign_key="counter.id", index=True)
    start: datetime = column("")
    end: datetime = column("exclusive")
    correction_id: int | None = column("what has made it necessary", default=None, foreign_key="time_correction.id")
    asked_by: str = column("sign-in name, or who ran the command")
    asked_at: datetime = column("")
    worker: str = column("who works at it, or did last", default="")
    alive_at: datetime | None = column("the worker's last sign of life; empty before it has begun", default=None)
    watched_to: datetime | None = column("up to where it is written", default=None)
    done_at: datetime | None = column("", default=None)
    source: str = column("the detector that was asked for; empty if any may do it", default="")
    closeness: str = column("by which score and how far apart was asked for; empty if any may do it", default="")
    superseded_by: int | None = column(
        "that looks at its span in its place; it was itself not looked at to the end",
        default=None,
        foreign_key="reanalysis.id",
    )
    changes: JsonObject = json_column(
        "what was said before and is said now: seconds by state, and absences", default_factory=dict
    )
