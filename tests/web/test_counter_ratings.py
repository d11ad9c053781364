"""Ratings of a tablet as they are kept, on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from storage.database import Database
from storage.models import (
    Batch,
    Case,
    Item,
    ItemVersion,
    Rating,
    RatingDevice,
    RecordRevision,
    Role,
    Source,
    Step,
    StepKind,
    User,
)
from tests.sample import a_hall
from web.counter_ratings import SOURCE, keep_rating
from web.public.catalogue import _codes, _rows

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def hall(database: Database) -> Database:
    """A customer was at counter 1 until two minutes ago."""
    with database.transaction() as session:
        a_hall(session)
        session.add(User(id=1, name="admin", password_hash="", role=Role.ADMIN, created_at=NOON))
        session.add(Source(id="platform", hall_id="cc"))
        session.flush()
        session.add(RatingDevice(id=1, counter_id="cc-1", token_hash="x", made_at=NOON, made_by=1))
        session.add(Case(id=7, source_id="platform", number="2026-1", opened_at=NOON))
        session.flush()
        step = Step(
            case_id=7,
            source_id="platform",
            reference="s1",
            kind=StepKind.RECEIVE,
            counter_id="cc-1",
            start=NOON - timedelta(minutes=9),
            end=NOON - timedelta(minutes=2),
            first_received_at=NOON,
            received_at=NOON,
        )
        session.add(step)
    return database


def test_it_is_a_record_like_any_other_and_the_same_form_counts_once(hall: Database) -> None:
    for reference, level in (("a", 5), ("a", 1), ("b", 2)):
        with hall.transaction() as session:
            keep_rating(session, session.get_one(RatingDevice, 1), level, reference, NOON)
    with hall.transaction() as session:
        ratings = session.exec(select(Rating).order_by(Rating.reference)).all()
        assert [(r.level, r.source_id, r.case_number, r.case_source_id) for r in ratings] == [
            (5, SOURCE, "2026-1", "platform"),
            (2, SOURCE, "2026-1", "platform"),
        ]
        assert len(session.exec(select(RecordRevision)).all()) == 2
        (batch,) = session.exec(select(Batch)).all()
        assert (batch.rows, batch.accepted, batch.name) == (2, 2, "ratings 2026-03-02")


def test_the_catalogue_reads_what_was_told_and_what_was_declared(hall: Database) -> None:
    with hall.transaction() as session:
        session.add(Item(code="HAND", name="手工登记", legal_days=20))
        told: dict[str, Any] = {"code": "FOOD", "name": "食品经营许可", "version": "1"}
        for reference, days in (("new", 1), ("old", 9)):
            begun = NOON - timedelta(days=days)
            times: dict[str, Any] = {"valid_from": begun, "first_received_at": NOON, "received_at": NOON}
            session.add(ItemVersion(source_id="platform", reference=reference, promised_limit=days, **told, **times))
    with hall.transaction() as session:
        assert _codes(session, "", "", NOON, 9) == ["FOOD", "HAND"]
        assert _codes(session, "食品", "", NOON, 9) == ["FOOD"]
        assert _codes(session, "", "FOOD", NOON, 9) == ["HAND"]
        food, hand = _rows(session, ["FOOD", "HAND"], NOON)
        assert [offer.promised_limit for offer in food.offers] == [1]
        assert hand.offers[0].legal_limit == 20
