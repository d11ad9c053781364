"""Ratings that customers give at a counter's own tablet: records like those of a platform, of a source of our own."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from correlation.at_work import STILL_THERE, StepAt, case_in_work
from storage.database import insert_new
from storage.models import Batch, Case, Rating, RatingDevice, RecordKind, RecordRevision, Source, Step

SOURCE = "hallwatch-ratings"
_NAME = "窗口评价器"
LEVELS = (5, 4, 3, 2, 1)
_LONGEST_VISIT = timedelta(hours=12)


def keep_rating(session: Session, device: RatingDevice, level: int, reference: str, now: datetime) -> None:
    """`reference` is the form's own, so that one that is sent twice counts once."""
    insert_new(session, Source, [{"id": SOURCE, "name": _NAME, "key_hash": ""}])
    said = select(Rating.id).where(Rating.source_id == SOURCE, Rating.reference == reference)
    if session.exec(said).first() is not None:
        return
    case = case_at(session, device.counter_id, now)
    rating = Rating(
        source_id=SOURCE,
        reference=reference,
        first_received_at=now,
        received_at=now,
        case_number=case.number if case else "",
        case_source_id=case.source_id if case else None,
        level=level,
        counter_ref=device.counter_id,
        counter_id=device.counter_id,
        rated=now,
    )
    session.add(rating)
    session.flush()
    _write_down(session, rating, now)


def _write_down(session: Session, rating: Rating, now: datetime) -> None:
    """What was said, in the batch of its day."""
    row = {"record": "rating", "id": rating.reference, "case": rating.case_number, "level": rating.level}
    row |= {"counter": rating.counter_ref, "rated": now.isoformat()}
    revision = RecordRevision(
        record=RecordKind.RATING,
        record_id=rating.id or 0,
        revision=1,
        batch_id=_batch(session, now),
        row=row,
        received_at=now,
    )
    session.add(revision)


def _batch(session: Session, now: datetime) -> int:
    name = f"ratings {now:%Y-%m-%d}"
    known = session.exec(select(Batch.id).where(Batch.source_id == SOURCE, Batch.name == name)).first()
    if known is None:
        batch = Batch(source_id=SOURCE, name=name, received_at=now)
        session.add(batch)
        session.flush()
        known = batch.id
    assert known is not None
    counted = {"rows": col(Batch.rows) + 1, "accepted": col(Batch.accepted) + 1, "received_at": now}
    session.execute(update(Batch).where(col(Batch.id) == known).values(counted))
    return known


def case_at(session: Session, counter_id: str, now: datetime) -> Case | None:
    """The case in work there, as far as its platform has told."""
    lately = select(Step.case_id, Step.start, Step.end).where(
        Step.counter_id == counter_id, col(Step.start) <= now, col(Step.end) >= now - STILL_THERE
    )
    # The index of steps goes by counter and start: no customer sits there for half a day.
    recent = lately.where(col(Step.start) >= now - _LONGEST_VISIT)
    case_id = case_in_work((StepAt(*row) for row in session.exec(recent)), now)
    return session.get(Case, case_id) if case_id is not None else None
