"""Footage for tests of how long it is kept: small objects with their rows."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session, col, select

from storage.database import Database
from storage.models import ClockSource, Deletion, Gap, GapCause, Location, Role, Segment, User
from storage.objects import ObjectStore
from tests.sample import CAMERA

BEGIN = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
"""The start of the first segment."""
DAY = timedelta(days=1)
LENGTH = timedelta(seconds=10)


def at(second: float) -> datetime:
    return BEGIN + timedelta(seconds=second)


def segment(number: int, *, start: float | None = None, camera: str = CAMERA) -> Segment:
    """The n-th segment of ten seconds, stored."""
    begin = at(number * 10 if start is None else start)
    content = content_of(number)
    return Segment(
        camera_id=camera,
        sequence=number,
        start=begin,
        end=begin + LENGTH,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        key=f"{camera}/{number:09d}.mp4",
        location=Location.STORED,
        codec="h264",
        width=1280,
        height=720,
        init_size=800,
        fragments=b"",
        clock_source=ClockSource.ARRIVAL,
    )


def content_of(number: int) -> bytes:
    return b"footage %d" % number


def record(database: Database, store: ObjectStore, folder: Path, segments: Iterable[Segment]) -> None:
    """Bytes and rows."""
    for row in segments:
        source = folder / "source.mp4"
        source.write_bytes(content_of(row.sequence))
        store.put(row.key, source, row.sha256)
        with database.transaction() as session:
            session.add(row)


def a_user(session: Session, name: str = "inspector", role: Role = Role.INSPECTOR) -> int:
    user = User(name=name, role=role, password_hash="not-a-hash", created_at=BEGIN)
    session.add(user)
    session.flush()
    assert user.id is not None
    return user.id


def numbers_left(database: Database) -> list[int]:
    with database.transaction() as session:
        return list(session.exec(select(Segment.sequence).order_by(col(Segment.sequence))))


def ledger(database: Database) -> list[Deletion]:
    with database.transaction() as session:
        return list(session.exec(select(Deletion).order_by(col(Deletion.id))))


def expired(database: Database) -> list[tuple[float, float, str]]:
    """Start and end in seconds, and the gap's line."""
    with database.transaction() as session:
        gaps = session.exec(select(Gap).where(Gap.cause == GapCause.EXPIRED).order_by(col(Gap.start)))
        return [
            ((gap.start - BEGIN).total_seconds(), (gap.end - BEGIN).total_seconds(), gap.detail)
            for gap in gaps
            if gap.end is not None
        ]
