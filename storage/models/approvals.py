"""What the approval platforms report: items, cases, steps, and the rows that were refused."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.models.columns import JsonObject, column, column_held_by_hand, enum_column, json_column

IN_HAND = timedelta(hours=1)
"""What is entered, or pushed, so soon after its end may have been in hand until then: it is not late."""

LATE_FROM = 2
"""Days after the day on which something happened: what is first heard of from that midnight on came late."""


class StepKind(StrEnum):
    RECEIVE = "receive"
    ACCEPT = "accept"
    REVIEW = "review"
    DECIDE = "decide"
    CLOSE = "close"
    DELIVER = "deliver"
    OTHER = "other"


class RecordKind(StrEnum):
    """What a row of the exchange standard tells of."""

    STEP = "step"
    SUSPENSION = "suspension"
    EXTENSION = "extension"
    FEE = "fee"
    RESULT = "result"
    DELIVERY = "delivery"
    RATING = "rating"
    ITEM = "item"
    ORGANISATION = "organisation"
    CONTACT = "contact"
    OPERATOR = "operator"


class Reported(SQLModel):
    """What every kind of record has: who said it, which revision is in force, and when it came.

    `source_id` + `reference` name the record. `RecordRevision` has all that was ever said about it.
    """

    id: int | None = column("", default=None, primary_key=True)
    source_id: str = column("", foreign_key="source.id")
    reference: str = column("the platform's own id of the record, unique in its source and kind")
    revision: int = column("the revision in force: 1, and one more with each correction", default=1)
    sequence: int | None = column(
        "of the newest batch that said this; orders corrections that come late", default=None, sa_type=BigInteger
    )
    first_received_at: datetime = column("when it was first heard of: what is stated to be much earlier came late")
    received_at: datetime = column("when the revision in force reached us")


class RecordRevision(SQLModel, table=True):
    """Every version of every record as it came: a correction never destroys what was said before.

    `record_id` is the id in the table of its kind, so it has no foreign key, and neither has `batch_id`: nothing
    removes batches, and to look for theirs for every row was a tenth of what an import costs the database.
    """

    __tablename__ = "record_revision"
    __table_args__ = (
        Index(
            "record_revision_left_case",
            "left_case",
            sqlite_where=text("left_case IS NOT NULL"),
            postgresql_where=text("left_case IS NOT NULL"),
        ),
    )
    record: RecordKind = enum_column(RecordKind, "", primary_key=True)
    record_id: int = column("", primary_key=True)
    revision: int = column("", primary_key=True)
    batch_id: int = column("a batch", index=True)
    row: JsonObject = json_column("what the row said")
    received_at: datetime = column("")
    overtaken_by: int | None = column(
        "the revision of a newer batch that was in force when it came, so that it never was; else empty",
        default=None,
    )
    left_case: str | None = column("number of the case that the record left by it; empty: it did not", default=None)


class LateEntry(SQLModel, table=True):
    """A word about a step whose platform says that it was entered well after its end. A correction changes none of it.

    `step_id` and `batch_id` have no foreign keys, as those of `RecordRevision`.
    """

    __tablename__ = "late_entry"
    __table_args__ = (Index("late_entry_operator", "operator", "entered", "source_id"),)
    step_id: int = column("", primary_key=True)
    revision: int = column("of the step", primary_key=True)
    batch_id: int = column("what brought the word")
    source_id: str = column("that of the step, whose key holds it")
    case_number: str = column("as reported")
    operator: str = column("as reported")
    end: datetime = column("platform clock")
    entered: datetime = column("platform clock")


class Department(SQLModel, table=True):
    id: str = column("", primary_key=True)
    name: str = column("Chinese")
    name_en: str = column("English", default="")
    district_id: str | None = column("empty: of the city", default=None, foreign_key="district.id")


class Item(SQLModel, table=True):
    code: str = column("", primary_key=True)
    name: str = column("Chinese")
    name_en: str = column("English", default="")
    department_id: str | None = column("", default=None, foreign_key="department.id")
    legal_days: int | None = column("working days", default=None)
    promised_days: int | None = column("working days", default=None)
    joint: bool = column("several departments handle it jointly", default=False)
    limits_from: date | None = column(
        "for cases received from that day on, in the city's zone; empty: for all", default=None
    )
    limits_known_at: datetime | None = column(
        "when these limits were declared; empty: they were always there", default=None
    )


class FormerLimits(SQLModel, table=True):
    """What was declared of an item until it was declared otherwise or removed: past days rest on it."""

    __tablename__ = "former_limits"
    id: int | None = column("", default=None, primary_key=True)
    code: str = column("of the item, which may be there no more", index=True)
    legal_days: int | None = column("working days", default=None)
    promised_days: int | None = column("working days", default=None)
    joint: bool = column("several departments handle it jointly", default=False)
    limits_from: date | None = column("as of the item", default=None)
    limits_known_at: datetime | None = column("as of the item", default=None)
    known_until: datetime = column("exclusive")


class Source(SQLModel, table=True):
    """An approval platform that may push."""

    id: str = column("", primary_key=True)
    name: str = column("", default="")
    hall_id: str | None = column(
        "the hall whose counters its rows name; empty: counter ids are global", default=None, foreign_key="hall.id"
    )
    key_hash: str = column("SHA-256 of its push key, hex; empty: may not push", default="")
    silent_after_minutes: int | None = column(
        "working minutes after its last batch until it is too quiet; empty: it may be quiet", default=None
    )


class CounterAlias(SQLModel, table=True):
    """What a source calls a counter."""

    __tablename__ = "counter_alias"
    source_id: str = column("", primary_key=True, foreign_key="source.id")
    alias: str = column("", primary_key=True)
    counter_id: str = column("", foreign_key="counter.id")


class Batch(SQLModel, table=True):
    """One push or one file, as it came."""

    __table_args__ = (
        UniqueConstraint("source_id", "sequence"),
        Index("batch_source_received", "source_id", "received_at"),
    )
    id: int | None = column("", default=None, primary_key=True)
    source_id: str = column("", foreign_key="source.id")
    sequence: int | None = column("the source's own number; empty for files", default=None, sa_type=BigInteger)
    name: str = column("file name, or push", default="push")
    sha256: str = column("of the body, hex", default="")
    received_at: datetime = column("")
    rows: int = column("", default=0)
    accepted: int = column("new or corrected", default=0)
    duplicates: int = column("said before, unchanged", default=0)
    rejected: int = column("", default=0)


class PullMark(SQLModel, table=True):
    """How far a view of a platform's database has been read."""

    __tablename__ = "pull_mark"
    source_id: str = column("", primary_key=True, foreign_key="source.id")
    view: str = column("", primary_key=True)
    mark: JsonObject = json_column("the last value of its column of changes")
    pulled_at: datetime = column("when it was last read to its end")


class RejectedRow(SQLModel, table=True):
    __tablename__ = "rejected_row"
    id: int | None = column("", default=None, primary_key=True)
    batch_id: int = column("", foreign_key="batch.id", index=True)
    line: int = column("1 = first line of the file or first row of the push")
    record: str = column("what it claims to tell of; a kind of record if it is known", default="step")
    reference: str = column("of that record in its source; empty: it names none", default="")
    field: str = column("")
    problem: str = column("")
    remedy: str = column("")
    sayings: JsonObject = json_column("problem and remedy as messages with their values, to be said in other languages")
    raw: str = Field(sa_type=Text, sa_column_kwargs={"comment": "the row as it came"})


class LeftInInbox(SQLModel, table=True):
    """What lies in the inbox and is not imported, as long as it lies there."""

    __tablename__ = "left_in_inbox"
    __table_args__ = (UniqueConstraint("folder", "file"),)
    id: int | None = column("", default=None, primary_key=True)
    folder: str = column("below the inbox; the id of a source, if there is one of that name")
    file: str = column("as it is named in `refused`; empty: the folder itself")
    found_at: datetime = column("")
    problem: JsonObject = json_column("why and what to do: a message with its values, to be said in other languages")


class Case(SQLModel, table=True):
    __tablename__ = "case_file"  # CASE is a keyword
    __table_args__ = (
        UniqueConstraint("source_id", "number"),
        Index("case_file_uncompared", "stamps_compared", "id"),
        Index("case_file_unreckoned", "limits_reckoned", "id"),
        Index("case_file_hall_source", "hall_id", "source_id"),
        Index("case_file_department_source", "department_id", "source_id", "hall_id"),
        Index("case_file_closed_at", "closed_at"),  # those under way, too: one in twenty-five of a year's
    )
    id: int | None = column("", default=None, primary_key=True)
    source_id: str = column("held by the key of the batches that it came in")
    number: str = column("as the platform numbers it")
    item_code: str = column("", default="", index=True)
    item_name: str = column("as reported", default="")
    department_id: str | None = column("", default=None, foreign_key="department.id")
    department_name: str = column("as reported", default="")
    hall_id: str | None = column(
        "hall of its first step at a known counter, else of its source", default=None, foreign_key="hall.id"
    )
    applicant: str = column("personal data", default="")
    channel: str = column("counter, internet, post, ...; as reported", default="")
    opened_at: datetime = column("start of the first step", index=True)
    closed_at: datetime | None = column("end of the last close step, else as reported by the platform", default=None)
    due_at: datetime | None = column("as reported by the platform", default=None)
    stamps_compared: bool = column("the stamps of its steps, as they are now, were compared", default=False)
    limits_reckoned: bool = column(
        "its limits were reckoned since the last record of it came",
        default=False,
    )


class Step(Reported, table=True):
    __table_args__ = (
        UniqueConstraint("reference", "source_id"),  # what differs first: most steps have the same source
        Index("step_counter_start", "counter_id", "start"),
        Index("step_case_start", "case_id", "start"),
        Index("step_end_source", "end", "source_id"),
    )
    source_id: str = column("that of its case, whose key holds it")
    case_id: int = column("a case; no key, as a case goes only in an import of its source, and without steps")
    kind: StepKind = enum_column(StepKind, "")
    name: str = column("the activity as reported", default="")
    operator: str = column("as reported", default="")
    counter_ref: str = column("counter as reported", default="")
    counter_id: str | None = column_held_by_hand("counter found for counter_ref", names="counter.id", default=None)
    start: datetime = column("platform clock")
    end: datetime = column("platform clock; equals start for a step reported as a point")
    entered: datetime | None = column(
        "when it was first entered into the platform, by its clock; empty: it does not say", default=None
    )
