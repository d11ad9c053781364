"""What has been recorded and why the rest was not, day by day: made from segments and gaps, and faster to ask."""

from datetime import date, datetime

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel

from storage.models.columns import big_id, column


class RecordedDay(SQLModel, table=True):
    """What of one day was recorded, and its gaps that have ended, as far as worked out; no row: nothing and none."""

    __tablename__ = "recorded_day"
    camera_id: str = column("", primary_key=True, foreign_key="camera.id", ondelete="CASCADE")
    day: date = column("in UTC", primary_key=True)
    runs: bytes = Field(sa_type=LargeBinary, sa_column_kwargs={"comment": "packed, see storage.runs"})
    gaps: bytes = Field(sa_type=LargeBinary, sa_column_kwargs={"comment": "packed, see storage.packed_days"})


class RecordingChange(SQLModel, table=True):
    """Segments or gaps came, went or moved in this span: what `recorded_day` says of it must be worked out anew.

    Written by triggers of the database, see storage.recording_changes.
    """

    __tablename__ = "recording_change"
    id: int | None = big_id()
    camera_id: str = column("", index=True)
    start: datetime = column("")
    end: datetime = column("")
    of_gaps: bool = column("else of segments")
