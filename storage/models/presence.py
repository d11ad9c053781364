"""What was seen at a counter, and what was made of it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import SQLModel

from storage.models.columns import JsonObject, column, enum_column, json_column
from storage.models.disputes import DisputeState

MAX_THRESHOLD_S = 12 * 60 * 60
"""Twelve hours: no absence rule may wait longer, because no hall is open for longer at a stretch."""

MAX_REQUIRED = 10
"""People whom a rule may require at a counter."""
MAX_PEOPLE = 100
"""A queue or a crowd of a rule is no larger."""


class StaffState(StrEnum):
    STAFFED = "staffed"
    UNSTAFFED = "unstaffed"
    UNKNOWN = "unknown"


class CustomerState(StrEnum):
    WAITING = "waiting"
    NONE = "none"
    UNKNOWN = "unknown"


class EventKind(StrEnum):
    """What is found at a counter by its rule."""

    ABSENCE = "absence"  # nobody was there
    TOO_FEW = "too_few"  # an absence, too: fewer were there than are required
    UNATTENDED = "unattended"  # a customer waited, and nobody was there
    QUEUE = "queue"  # more customers waited than the rule allows
    NEVER_STAFFED = "never_staffed"  # nobody came when the hall opened
    LEFT_EARLY = "left_early"  # nobody was there any more when it closed
    CROWD = "crowd"  # more people were in the staff zone than the rule allows


ABSENCES = frozenset({EventKind.ABSENCE, EventKind.TOO_FEW})
"""What figures and evaluations count as absence."""
ACCUSING = frozenset(EventKind) - {EventKind.QUEUE, EventKind.CROWD}
"""What somebody may dispute, because it is held against them; leave and cover excuse it."""


class FaultKind(StrEnum):
    NO_SIGNAL = "no_signal"
    DARK = "dark"
    FROZEN = "frozen"
    OBSTRUCTED = "obstructed"  # nothing but one surface
    BLURRED = "blurred"  # out of focus, or a dirty lens
    OVEREXPOSED = "overexposed"
    MOVED = "moved"  # it looks elsewhere than when its zones were drawn
    CLOCK_WRONG = "clock_wrong"
    SUB_STREAM = "sub_stream"  # it is recorded, but its sub-stream fails


class AlertKind(StrEnum):
    ABSENCE = "absence"  # also of too few
    UNATTENDED = "unattended"
    QUEUE = "queue"
    NEVER_STAFFED = "never_staffed"
    LEFT_EARLY = "left_early"
    CROWD = "crowd"
    CAMERA_FAULT = "camera_fault"
    NODE_SILENT = "node_silent"  # a process of ours has died or hangs
    SPOOL_FILLING = "spool_filling"  # what waits for the store has reached a part of its limit
    FOOTAGE_UNREADABLE = "footage_unreadable"  # files that could not be read lie aside on a recorder's disk
    JOB_FAILING = "job_failing"  # something that a process does again and again keeps failing
    STORE_UNSAFE = "store_unsafe"  # its self-test failed: it lost bytes, or let a locked object be deleted
    HALL_AFFECTED = "hall_affected"  # many of its counters at once; stands for the alerts of each
    BATCHES_MISSING = "batches_missing"  # a source that numbers its batches has left some out
    SOURCE_SILENT = "source_silent"  # a source has sent nothing for longer than it usually does


class AlertState(StrEnum):
    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"  # the cause has ended
    WITHDRAWN = "withdrawn"  # there has been no cause: its absence was taken back


class CoverKind(StrEnum):
    LEAVE = "leave"  # registered: nobody has to be there
    COVER = "cover"  # a colleague has signed in as the one who covers


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"  # given up


class Presence(SQLModel, table=True):
    """A span of one unchanging state at a counter; the last one is open."""

    __table_args__ = (Index("presence_counter_start", "counter_id", "start"),)
    id: int | None = column("", default=None, primary_key=True)
    counter_id: str = column("", foreign_key="counter.id")
    start: datetime = column("")
    end: datetime | None = column("exclusive; empty while it lasts", default=None)
    staff: StaffState = enum_column(StaffState, "")
    customer: CustomerState = enum_column(CustomerState, "")
    staff_count: int | None = column("people in the staff zone, at least; empty: nothing is known", default=None)
    staff_most: int | None = column("people in the staff zone, at most; empty: nobody knows", default=None)
    customer_count: int | None = column("people in the customer zone; empty: nobody knows how many", default=None)
    confidence: float = column("0..1, of the observations that made the state", default=0.0)
    reason: str = column("why unknown, e.g. no_signal, dark; else empty", default="")
    frames: list[list[str]] = json_column(
        "[camera, time] of each picture that made the staff state certain", default_factory=list
    )
    source: str = column("detector and its version", default="")


class WatchCursor(SQLModel, table=True):
    """Up to where a camera has been watched, so that a restart goes on from there."""

    __tablename__ = "watch_cursor"
    camera_id: str = column("", primary_key=True, foreign_key="camera.id")
    watched_to: datetime = column("wall time of the last sample")


class CameraAim(SQLModel, table=True):
    """Where a camera looked when its zones were drawn. Never changed; one of other zones, or a later one, follows."""

    __tablename__ = "camera_aim"
    __table_args__ = (Index("camera_aim_zones", "camera_id", "zones", "since"),)
    id: int | None = column("", default=None, primary_key=True)
    camera_id: str = column("", foreign_key="camera.id")
    zones: str = column("digest of the zones that it goes with")
    since: datetime = column("")
    picture: bytes = column("PNG of 160 by 90 pixels, grey; empty: to be found anew, the zones fit")


class AbsenceRule(SQLModel, table=True):
    """When an unstaffed counter is an absence, and what else is found. The most specific rule in force wins: counter,
    hall, default. What is empty is not looked for."""

    __tablename__ = "absence_rule"
    id: int | None = column("", default=None, primary_key=True)
    hall_id: str | None = column("empty: every hall", default=None, foreign_key="hall.id")
    counter_id: str | None = column("empty: every counter of the hall", default=None, foreign_key="counter.id")
    version: int = column("grows with each change", default=1)
    threshold_s: int = column("unstaffed seconds until it is an absence", default=300)
    waiting_threshold_s: int = column("the same while a customer waits", default=60)
    required_staff: int = column("fewer people than so many are an absence", default=1)
    unattended_s: int | None = column("a customer waits while nobody is there", default=None)
    never_staffed_s: int | None = column("nobody has come since the hall opened", default=None)
    left_early_s: int | None = column("nobody is there from so long before the hall closes", default=None)
    queue_length: int | None = column("more customers than so many are a queue", default=None)
    queue_s: int | None = column("that has lasted", default=None)
    crowd_size: int | None = column("more people than so many in the staff zone are a crowd", default=None)
    crowd_s: int | None = column("that has lasted", default=None)
    valid_from: datetime = column("")
    valid_to: datetime | None = column("exclusive", default=None)


class Cover(SQLModel, table=True):
    """Time in which nobody is absent from a counter, whatever is seen there. Never deleted, only withdrawn."""

    __table_args__ = (Index("cover_counter_start", "counter_id", "start"),)
    id: int | None = column("", default=None, primary_key=True)
    counter_id: str = column("", foreign_key="counter.id")
    kind: CoverKind = enum_column(CoverKind, "")
    who: str = column("who is on leave, or who covers")
    start: datetime = column("")
    end: datetime | None = column("exclusive; empty: until it is ended", default=None)
    reason: str = column("", default="")
    noted_by: int | None = column("empty: the configuration file", default=None, foreign_key="user_account.id")
    noted_at: datetime = column("may lie after its start: told afterwards")
    withdrawn_at: datetime | None = column("it has never held", default=None)
    withdrawn_by: int | None = column("", default=None, foreign_key="user_account.id")


class CounterPair(SQLModel, table=True):
    """Two counters of a hall whose clerks cover each other: while one is there, the other is not absent."""

    __tablename__ = "counter_pair"
    id: int | None = column("", default=None, primary_key=True)
    one_id: str = column("", foreign_key="counter.id", index=True)
    other_id: str = column("", foreign_key="counter.id", index=True)
    valid_from: datetime = column("")
    valid_to: datetime | None = column("exclusive", default=None)


class Absence(SQLModel, table=True):
    """What was found at a counter: an absence, or another event of its kind."""

    __table_args__ = (Index("absence_counter_start", "counter_id", "start"),)
    id: int | None = column("", default=None, primary_key=True)
    counter_id: str = column("", foreign_key="counter.id")
    kind: EventKind = enum_column(EventKind, "", default=EventKind.ABSENCE)
    start: datetime = column("first moment of it, e.g. the first unstaffed one")
    end: datetime | None = column("when somebody came back, the hall closed or seeing ended", default=None)
    ended_by: str = column(
        "a word of ENDED_WORDS, e.g. returned, closed, unknown, changed, withdrawn; empty while it lasts",
        default="",
    )
    said_until: datetime | None = column(
        "of one that was taken back: until when it was said to have lasted, so that it is found again",
        default=None,
    )
    people_rule: int | None = column(
        "number of people in its rule: required, or too many from the next on", default=None
    )
    people_seen: int | None = column("the fewest, or the most, that were seen in it", default=None)
    threshold_s: int = column("the threshold that applied")
    customer_waiting: bool = column("a customer waited at some time in it", default=False)
    rule_id: int | None = column("empty: the built-in default", default=None, foreign_key="absence_rule.id")
    rule_version: int = column("", default=0)
    evidence: JsonObject = json_column("samples that caused it: times, counts, confidences", default_factory=dict)
    judged_at: datetime | None = column(
        "when it was last said how long it lasted; time to dispute counts from then; empty while it lasts",
        default=None,
    )
    answerable_at: datetime | None = column(
        "since when somebody has an account to dispute it; empty: nobody, so there is no time limit",
        default=None,
    )
    dispute: DisputeState | None = enum_column(
        DisputeState, "where its log has led; empty: nobody has disputed it", default=None, index=True
    )


class CameraFault(SQLModel, table=True):
    __tablename__ = "camera_fault"
    __table_args__ = (Index("camera_fault_camera_start", "camera_id", "start"),)
    id: int | None = column("", default=None, primary_key=True)
    camera_id: str = column("", foreign_key="camera.id")
    kind: FaultKind = enum_column(FaultKind, "")
    start: datetime = column("")
    end: datetime | None = column("exclusive; empty while it lasts", default=None)
    detail: str = column("", default="")


class Alert(SQLModel, table=True):
    """One per event. -- raised -> acknowledged -> resolved, or raised -> resolved; each -> withdrawn."""

    __table_args__ = (
        Index("alert_hall_raised", "hall_id", "raised_at"),
        Index("alert_raised", "raised_at"),
        UniqueConstraint("node_name", "silent_since"),
        UniqueConstraint("hall_id", "affected_since"),
        Index(
            "alert_spool_level",
            "node_name",
            "spool_level",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index(
            "alert_job",
            "node_name",
            "job_name",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index(
            "alert_source",
            "source_id",
            "kind",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )
    id: int | None = column("", default=None, primary_key=True)
    kind: AlertKind = enum_column(AlertKind, "")
    state: AlertState = enum_column(AlertState, "", default=AlertState.RAISED)
    hall_id: str | None = column("empty: it concerns every hall", default=None, foreign_key="hall.id")
    counter_id: str | None = column("", default=None, foreign_key="counter.id")
    camera_id: str | None = column("", default=None, foreign_key="camera.id")
    node_name: str | None = column(
        "the process that is silent, whose spool fills or whose job fails", default=None, foreign_key="node.name"
    )
    silent_since: datetime | None = column("its last heartbeat", default=None)
    spool_level: int | None = column("percent of its limit that the spool has reached", default=None)
    job_name: str | None = column("of the process, which keeps failing", default=None)
    failing_since: datetime | None = column("when it first failed", default=None)
    source_id: str | None = column(
        "the source that is silent or has left out batches", default=None, foreign_key="source.id"
    )
    source_since: datetime | None = column("its last batch, or when one that is missing was noticed", default=None)
    absence_id: int | None = column("", default=None, foreign_key="absence.id", unique=True)
    fault_id: int | None = column("", default=None, foreign_key="camera_fault.id", unique=True)
    store_test_id: int | None = column(
        "the first test that failed", default=None, foreign_key="store_test.id", unique=True
    )
    part_of: int | None = column(
        "the alert of the whole hall, which is told in its place", default=None, foreign_key="alert.id", index=True
    )
    affected_since: datetime | None = column("of a whole hall: when it began at the first counter", default=None)
    affected: int | None = column("at how many counters it began together", default=None)
    watched: int | None = column("of how many that were watched", default=None)
    raised_at: datetime = column("")
    acknowledged_at: datetime | None = column("", default=None)
    acknowledged_by: int | None = column("", default=None, foreign_key="user_account.id")
    resolved_at: datetime | None = column("", default=None)


class Delivery(SQLModel, table=True):
    """One message on one channel, about one alert or about cards (`Told`).

    There is at most one for an alert, channel and contact person, so that it is sent once however often the clerk
    restarts.
    """

    __table_args__ = (
        UniqueConstraint("alert_id", "channel", "contact"),
        UniqueConstraint("channel", "contact", "summed_up"),
        Index("delivery_state_next_try", "state", "next_try"),
    )
    id: int | None = column("", default=None, primary_key=True)
    alert_id: int | None = column("empty: it is about cards", default=None, foreign_key="alert.id")
    channel: str = column("name of the channel, never its URL")
    contact: int = column(
        "id of the contact person it is for, minus that of one kept here; 0: whoever reads the channel", default=0
    )
    recipient: str = column("name of that person, as it was then; personal data", default="")
    summed_up: date | None = column(
        "of cards that could only be raised long after: the one day of their summary", default=None
    )
    state: DeliveryState = enum_column(DeliveryState, "", default=DeliveryState.PENDING)
    attempts: int = column("", default=0)
    next_try: datetime = column("")
    after_minutes: int = column(
        "of an alert: it is told because nobody has acknowledged it for so long; 0: it is told at once", default=0
    )
    waited_to: datetime | None = column("the end of the quiet hours that it waited for", default=None)
    sent_at: datetime | None = column("", default=None)
    last_error: str = column("", default="")
