"""How long footage is kept, what holds it longer, and what has been deleted."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index
from sqlmodel import SQLModel

from storage.models.columns import big_id, column, enum_column

DEFAULT_DAYS = 30
"""Footage for which no rule is declared is kept for so long."""

MAX_DAYS = 3650

CLOCK_LEAP = "clock_leap"
"""Subject of a hold on what was recorded before the server's clock was set."""


class FootageKind(StrEnum):
    PLAIN = "plain"  # any footage
    EVENT = "event"  # footage in which there is an absence, a step with a finding, or a camera alert


class RetentionRule(SQLModel, table=True):
    """How long footage is kept at least. For each kind the most specific rule in force counts: counter, hall, all."""

    __tablename__ = "retention_rule"
    id: int | None = column("", default=None, primary_key=True)
    hall_id: str | None = column("empty: every hall", default=None, foreign_key="hall.id")
    counter_id: str | None = column("empty: every counter of the hall", default=None, foreign_key="counter.id")
    kind: FootageKind = enum_column(FootageKind, "", default=FootageKind.PLAIN)
    version: int = column("grows with each change", default=1)
    days: int = column("from the end of the footage on")
    valid_from: datetime = column("")
    valid_to: datetime | None = column("exclusive", default=None)


class Hold(SQLModel, table=True):
    """Footage that may not be deleted. Several may hold the same; each is lifted by itself. -- set -> lifted"""

    __tablename__ = "footage_hold"  # HOLD is a keyword
    __table_args__ = (Index("footage_hold_camera_lifted", "camera_id", "lifted_at"),)
    id: int | None = column("", default=None, primary_key=True)
    camera_id: str = column("", foreign_key="camera.id")
    start: datetime = column("")
    end: datetime = column("exclusive; may lie ahead")
    reason: str = column("as its owner stated it; empty where it was found")
    subject: str = column(
        "what it is about, e.g. absence:7, case:3 or clock_leap; empty where the span was chosen", default=""
    )
    owner_id: int | None = column(
        "who set it; empty: found locked in the store, set by whomever, or of a clock that leapt",
        foreign_key="user_account.id",
        index=True,
    )
    set_at: datetime = column("", index=True)
    lifted_at: datetime | None = column("empty while it holds", default=None)
    lifted_by: int | None = column("", default=None, foreign_key="user_account.id")
    store_error: str = column("why the store could not be told of it, or of its end; empty if it could", default="")
    released_at: datetime | None = column("when nothing in the store was locked for it any more", default=None)


class Deletion(SQLModel, table=True):
    """The ledger: one row for each object, written before its bytes go and completed when the store has confirmed.

    Rows are only ever added, and completed once. -- ordered -> confirmed
    """

    __table_args__ = (
        Index("deletion_camera_start", "camera_id", "start"),
        Index("deletion_start", "start", "id"),
        Index("deletion_open", "confirmed_at", "id"),
    )
    id: int | None = big_id()
    camera_id: str = column("", foreign_key="camera.id")
    start: datetime = column("of the footage")
    end: datetime = column("exclusive")
    key: str = column("of the object", index=True)
    sha256: str = column("of all bytes, hex; empty of a file in quarantine that could not be read")
    size: int = column("bytes", sa_type=BigInteger)
    kind: FootageKind = enum_column(FootageKind, "that decided how long it was kept")
    days: int = column("how long it was to be kept")
    rule_id: int | None = column("empty: the built-in default", default=None, foreign_key="retention_rule.id")
    rule_version: int = column("", default=0)
    ordered_at: datetime = column("from then on it is no footage any more")
    confirmed_at: datetime | None = column("when the store had no byte of it any more", default=None)


class ClockMark(SQLModel, table=True):
    """What the clocks of a machine said when footage was last looked at for deletion; one row for each of its starts.

    Leaps of the time of day are known by it, also to a process that began after them.
    """

    __tablename__ = "clock_mark"
    id: int | None = column("", default=None, primary_key=True)
    boot: str = column("names the machine and its start", unique=True)
    at: datetime = column("the time of day")
    since_boot_us: int = column("of the clock that never steps", default=0, sa_type=BigInteger)
    ahead_us: int = column("by how much the time of day leapt ahead, while that counts", default=0, sa_type=BigInteger)
    left_us: int = column("for how long the machine has still to run before it deletes", default=0, sa_type=BigInteger)


class DeletionPause(SQLModel, table=True):
    """Retention deletes nothing meanwhile: the index was made again, and holds and rules were lost with the old one."""

    __tablename__ = "deletion_pause"
    id: int | None = column("", default=None, primary_key=True)
    since: datetime = column("when the recovery began")
    ended_at: datetime | None = column("when somebody said that holds and rules are set again", default=None)
    ended_by: str = column("who said so", default="")


class StoreVerdict(StrEnum):
    LOCK_HELD = "lock_held"  # a locked object withstood its deletion
    LOCK_BROKEN = "lock_broken"  # it did not: holds are only as good as Hallwatch itself
    NO_LOCK = "no_lock"  # written, read back and compared; this store cannot lock
    FAILED = "failed"


class StoreTest(SQLModel, table=True):
    """What the store's self-test found."""

    __tablename__ = "store_test"
    id: int | None = column("", default=None, primary_key=True)
    at: datetime = column("", index=True)
    verdict: StoreVerdict = enum_column(StoreVerdict, "")
    detail: str = column("one line for people, no credentials", default="")
