"""Labelled samples: where people have said what a picture really showed."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from storage.models.columns import column, enum_column, json_column
from storage.models.places import Polygon


class ZoneRole(StrEnum):
    STAFF = "staff"
    CUSTOMER = "customer"


class SampleState(StrEnum):
    CLAIMED = "claimed"  # by whom it concerns, in a dispute that nobody has decided on
    KEPT = "kept"
    TAKEN_BACK = "taken_back"


class Sample(SQLModel, table=True):
    """Footage of a wrong alert and the right answer. -- claimed -> kept, taken_back; kept -> taken_back"""

    __tablename__ = "labelled_sample"
    __table_args__ = (
        Index(
            "labelled_sample_about",
            "about",
            unique=True,
            sqlite_where=text("taken_back_at IS NULL"),
            postgresql_where=text("taken_back_at IS NULL"),
        ),
    )
    id: int | None = column("", default=None, primary_key=True)
    about: str = column("what was wrong, e.g. absence:7 or alert:9; one sample at most that is not taken back")
    alert_id: int | None = column("", default=None, foreign_key="alert.id")
    absence_id: int | None = column("", default=None, foreign_key="absence.id")
    camera_id: str = column("", foreign_key="camera.id")
    counter_id: str = column("", foreign_key="counter.id", index=True)
    zone: ZoneRole = enum_column(ZoneRole, "")
    polygon: Polygon = json_column("of that zone, as it was then")
    someone_there: bool = column("the right answer, for the whole of it")
    start: datetime = column("")
    end: datetime = column("exclusive")
    state: SampleState = enum_column(SampleState, "")
    marked_by: int = column("", foreign_key="user_account.id")
    marked_at: datetime = column("", index=True)
    taken_back_by: int | None = column("", default=None, foreign_key="user_account.id")
    taken_back_at: datetime | None = column("", default=None)
    hold_id: int = column("what keeps its footage", foreign_key="footage_hold.id")
