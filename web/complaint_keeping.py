"""What is personal of a complaint goes when it has been settled for long enough; that there was one stays."""

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, update
from sqlmodel import col

from storage.database import Database
from storage.models import Complaint, ComplaintState


class ComplaintKeeping:
    def __init__(self, database: Database, days: int) -> None:
        self._database = database
        self._kept = timedelta(days=days)

    def run_once(self, now: datetime) -> int:
        """The number of complaints that were blanked. Raises SQLAlchemyError."""
        is_due = col(Complaint.settled_at) <= now - self._kept, col(Complaint.erased_at).is_(None)
        blanked = update(Complaint).where(col(Complaint.state) == ComplaintState.SETTLED, *is_due)
        values = {"text": "", "name": "", "contact": "", "note": "", "case_number": "", "erased_at": now}
        with self._database.transaction() as session:
            result = session.execute(blanked.values(values).execution_options(synchronize_session=False))
            assert isinstance(result, CursorResult)
            return result.rowcount
