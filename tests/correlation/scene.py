"""A hall with footage and steps, in seconds after nine in the morning."""

from datetime import UTC, datetime, timedelta
from itertools import count

from sqlmodel import Session, select

from storage.models import Case, ClockSource, Location, Segment, Step, StepKind
from tests.sample import CAMERA

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LATER = NINE + timedelta(hours=2)


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


_sequences = count(1)


def record(session: Session, start: float, end: float, camera_id: str = CAMERA) -> None:
    """Segments of ten seconds."""
    while start < end:
        sequence = next(_sequences)
        stop = min(start + 10, end)
        session.add(
            Segment(
                camera_id=camera_id,
                sequence=sequence,
                start=at(start),
                end=at(stop),
                size=1,
                sha256="",
                key=f"{camera_id}/{sequence}",
                location=Location.STORED,
                codec="h264",
                width=1280,
                height=720,
                init_size=1,
                fragments=b"",
                clock_source=ClockSource.ARRIVAL,
            )
        )
        start = stop
    session.flush()


def step(session: Session, start: float, end: float, counter_ref: str = "1", counter_id: str | None = "cc-1") -> int:
    case = session.exec(select(Case)).one()
    assert case.id is not None
    added = Step(
        case_id=case.id,
        source_id="platform",
        reference=f"S{next(_sequences)}",
        kind=StepKind.ACCEPT,
        counter_ref=counter_ref,
        counter_id=counter_id,
        start=at(start),
        end=at(end),
        first_received_at=at(end),
        received_at=at(end),
    )
    session.add(added)
    session.flush()
    assert added.id is not None
    return added.id
