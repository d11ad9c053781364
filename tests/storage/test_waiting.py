"""What waits for the store is found without looking at what does not."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlmodel import col, select

from storage.database import Database
from storage.models import Location, Segment
from storage.waiting import WAITS
from tests.sample import CAMERA, a_hall, a_segment

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def test_those_that_wait_come_oldest_first_by_an_index_of_their_own(database: Database) -> None:
    rows = []
    for number, place in enumerate([Location.SPOOL, Location.STORED, Location.SPOOL]):
        row = a_segment(CAMERA, NOON - timedelta(minutes=number), place)
        row.sequence, row.key = number, str(number)
        rows.append(row)
    query = select(Segment.key).where(WAITS).order_by(col(Segment.start)).limit(32)
    said = str(query.compile(database.engine, compile_kwargs={"literal_binds": True}))
    with database.transaction() as session:
        a_hall(session)
        session.add_all(rows)
        session.flush()
        assert list(session.exec(query)) == ["2", "0"]
        explain = "EXPLAIN QUERY PLAN"
        if database.engine.dialect.name == "postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))
            explain = "EXPLAIN"
        assert "segment_waiting" in str(session.execute(text(f"{explain} {said}")).all())
