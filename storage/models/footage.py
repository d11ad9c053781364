"""What was recorded, and what was not."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.models.columns import big_id, column, enum_column

MAX_SEGMENT_SECONDS = 300
"""No segment lasts longer, so that a range query can bound its search from below."""

MAX_CLOCK_OFFSET = timedelta(seconds=3)
"""A camera clock that is further off the recorder's is not believed: recording goes by arrival, and that is a fault."""


MAX_CLOCK_ERROR = timedelta(seconds=1)
"""Footage whose wall time may be further off is shown as such."""


def is_clock_trusted(offset_us: int, error_us: int, *, is_corrected: bool = False) -> bool:
    """Whether the wall time of a segment can be relied on: `clock_offset_us` and `clock_error_us` of its row.

    Once it was corrected by hand, what the camera's clock said then is no doubt any more.
    """
    return (is_corrected or abs(offset_us) <= _MAX_OFFSET_US) and error_us <= _MAX_ERROR_US


_MAX_OFFSET_US = MAX_CLOCK_OFFSET // timedelta(microseconds=1)
_MAX_ERROR_US = MAX_CLOCK_ERROR // timedelta(microseconds=1)


class ClockSource(StrEnum):
    SENDER_REPORT = "sender_report"  # the camera's own wall clock, from RTCP
    ARRIVAL = "arrival"  # the recorder's clock at the least delayed packet


class Location(StrEnum):
    SPOOL = "spool"  # on the recorder's disk only
    STORED = "stored"  # the store has confirmed the checksum


class GapCause(StrEnum):
    CAMERA_UNREACHABLE = "camera_unreachable"
    CAMERA_STALLED = "camera_stalled"  # connected, but no packets
    STREAM_ENDED = "stream_ended"
    STREAM_UNSUPPORTED = "stream_unsupported"
    PACKETS_LOST = "packets_lost"
    RECORDER_STOPPED = "recorder_stopped"  # asked to
    RECORDER_CRASHED = "recorder_crashed"
    RECORDER_STALLED = "recorder_stalled"  # its process did not run for a while
    DISK_FULL = "disk_full"
    DISK_ERROR = "disk_error"  # it refused what was written, and not for want of room
    CAMERA_DISABLED = "camera_disabled"
    RECONFIGURED = "reconfigured"  # the camera's address or transport was changed
    EXPIRED = "expired"  # it was recorded, and deleted when its keeping time was over
    CORRECTED = "corrected"  # what was shown here was recorded at another time, as a correction says
    UNKNOWN = "unknown"


class Segment(SQLModel, table=True):
    """One fragmented MP4 of some ten seconds. The row is written after the bytes are on disk."""

    __table_args__ = (
        Index("segment_camera_start", "camera_id", "start"),
        UniqueConstraint("camera_id", "sequence"),
        Index(  # those that wait for the store are few, and wanted oldest first
            "segment_waiting",
            "start",
            postgresql_where=text("location = 'spool'"),
            sqlite_where=text("location = 'spool'"),
        ),
        Index(
            "segment_correction",
            "correction_id",
            postgresql_where=text("correction_id IS NOT NULL"),
            sqlite_where=text("correction_id IS NOT NULL"),
        ),
    )
    id: int | None = big_id()
    camera_id: str = column("", foreign_key="camera.id")
    sequence: int = column("grows with each segment of a camera", sa_type=BigInteger)
    start: datetime = column("wall time of the first frame")
    end: datetime = column("wall time after the last frame, exclusive; at most MAX_SEGMENT_SECONDS after start")
    size: int = column("bytes")
    sha256: str = column("of all bytes, hex")
    key: str = column("object key, and path below the spool folder", unique=True)
    location: Location = enum_column(Location, "where the bytes are")
    codec: str = column("h264 or hevc")
    width: int = column("pixels")
    height: int = column("pixels")
    audio: str = column("codec of the sound in the file: aac, pcmu or pcma; empty without", default="")
    audio_hz: int = column("ticks a second of the sound's times", default=0)
    smears: int = column("pictures before which packets were lost: what rests on them may be smeared", default=0)
    init_size: int = column("bytes of ftyp + moov before the first fragment")
    composition_offset: int = column("ticks from the decoding of the first frame to its showing", default=0)
    parameters: str = column("the same in segments that one decoder plays through; of sound after a +", default="")
    fragments: bytes = Field(sa_type=LargeBinary, sa_column_kwargs={"comment": "packed, see storage.fragments"})
    holes: bytes = Field(
        default=b"",
        sa_type=LargeBinary,
        sa_column_kwargs={"comment": "where no pictures came for a while within it; packed, see storage.fragments"},
    )
    clock_source: ClockSource = enum_column(ClockSource, "what the wall time rests on")
    clock_offset_us: int = column("camera clock minus recorder clock at this segment", default=0, sa_type=BigInteger)
    legal_hold: bool = column("the store holds the object against deletion by anybody", default=False)
    reported_start: datetime | None = column(
        "the first frame's time by the camera's sender reports, believed or not; empty without", default=None
    )
    arrival_start: datetime | None = column(
        "the first frame's time by the arrival of the least delayed picture", default=None
    )
    monotonic_us: int = column("the same by the recorder's monotonic clock, since boot", default=0, sa_type=BigInteger)
    server_step_us: int = column(
        "by how much the recorder's time of day disagreed, in a step not believed yet", default=0, sa_type=BigInteger
    )
    clock_error_us: int = column(
        "every frame's wall time is within this of the truth", default=500_000, sa_type=BigInteger
    )
    correction_id: int | None = column(
        "what has moved start and end from what the file says", default=None, foreign_key="time_correction.id"
    )
    shift_us: int = column("start minus what the file says: 0 without a correction", default=0, sa_type=BigInteger)
    recorded_error_us: int | None = column(
        "clock_error_us of the file, while a correction says another", default=None, sa_type=BigInteger
    )


class Gap(SQLModel, table=True):
    """A span of a camera without footage, always with a cause; an open gap has no end yet."""

    __table_args__ = (
        Index("gap_camera_start", "camera_id", "start"),
        Index("gap_camera_end", "camera_id", "end"),  # finds the open ones
    )
    id: int | None = column("", default=None, primary_key=True)
    camera_id: str = column("", foreign_key="camera.id")
    start: datetime = column("")
    end: datetime | None = column("exclusive; empty while it lasts", default=None)
    cause: GapCause = enum_column(GapCause, "why")
    detail: str = column("one line for people, no credentials", default="")
    recorded_start: datetime | None = column("as it was written down, while a correction has moved it", default=None)
    recorded_end: datetime | None = column("the same of its end", default=None)
    after_sequence: int | None = column(
        "the camera's newest segment when it was written down; empty if it had none",
        default=None,
        sa_type=BigInteger,
    )
    correction_id: int | None = column(
        "what has left it behind, where the cause is corrected", default=None, foreign_key="time_correction.id"
    )


class TimeCorrection(SQLModel, table=True):
    """What a camera recorded in a span was taken at another time. Rows are only ever added, and completed once.

    -- in force -> taken back, by a further row that names this one
    """

    __tablename__ = "time_correction"
    __table_args__ = (Index("time_correction_camera_end", "camera_id", "end"),)
    id: int | None = column("", default=None, primary_key=True)
    camera_id: str = column("", foreign_key="camera.id")
    start: datetime = column("of the footage, by the time that its files say")
    end: datetime = column("exclusive; segments belong to it by their start")
    first_sequence: int | None = column(
        "of a span that was recorded more than once: its first segment that is meant", default=None, sa_type=BigInteger
    )
    last_sequence: int | None = column("the last one, itself meant", default=None, sa_type=BigInteger)
    shift_us: int = column("true time minus the time that the files say", sa_type=BigInteger)
    error_us: int = column("with the shift every frame's wall time is within this of the truth", sa_type=BigInteger)
    reason: str = column("as its maker stated it")
    made_by: str = column("sign-in name, or who ran the command")
    made_at: datetime = column("", index=True)
    takes_back: int | None = column(
        "the correction that is void since", default=None, foreign_key="time_correction.id", unique=True
    )
    key: str = column("of its object in the store, from which recover makes it again", unique=True)
    stored: bool = column("the store has the object", default=False)


class CameraStatus(SQLModel, table=True):
    """The recorder's last word about a camera, rewritten every few seconds."""

    __tablename__ = "camera_status"
    camera_id: str = column("", primary_key=True, foreign_key="camera.id")
    connected: bool = column("", default=False)
    since: datetime = column("when `connected` last changed")
    last_frame: datetime | None = column("arrival of the last packet", default=None)
    fps: float = column("over the last seconds", default=0.0)
    bitrate: float = column("bit/s over the last seconds", default=0.0)
    reconnects: int = column("since the recorder started", default=0)
    smears: int = column("pictures before which packets were lost, since the recorder started", default=0)
    clock_source: ClockSource = enum_column(ClockSource, "", default=ClockSource.ARRIVAL)
    clock_offset_us: int = column("camera clock minus recorder clock", default=0, sa_type=BigInteger)
    error: str = column("what went wrong last, no credentials", default="")
    error_since: datetime | None = column("when it first went wrong in this way, of the times in a row", default=None)
    audio_problem: str = column("why the sound that is to be recorded is not", default="")
    sub_error: str = column("the same of the sub-stream, when somebody last wanted to watch it", default="")
    updated: datetime = column("")
