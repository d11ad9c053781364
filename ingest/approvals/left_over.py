"""What lies in the inbox and is not imported, kept where pages can see it: the folder may be on another machine."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session, select

from storage.database import Database
from storage.models import LeftInInbox
from storage.sayings import Saying

UNKNOWN_FOLDER = Saying(
    "The folder is named like no source, so nothing in it is read. Name it like a source, or declare that source."
)


def leave(database: Database, folder: str, file: str, problem: Saying, now: datetime) -> bool:
    """Whether it is news. `file` is empty where the folder itself is what cannot be used."""
    with database.transaction() as session:
        known = _found(session, folder, file)
        if known is not None and known.problem == problem.as_json():
            return False
        row = known or LeftInInbox(folder=folder, file=file, found_at=now, problem={})
        row.found_at, row.problem = now, problem.as_json()
        session.add(row)
    return True


def forget(database: Database, lies_there: Callable[[str, str], bool]) -> None:
    """Takes out what has been taken away, or mended: `lies_there` is asked for each folder and file."""
    with database.transaction() as session:
        for row in list(session.exec(select(LeftInInbox))):
            if not lies_there(row.folder, row.file):
                session.delete(row)


def _found(session: Session, folder: str, file: str) -> LeftInInbox | None:
    return session.exec(select(LeftInInbox).where(LeftInInbox.folder == folder, LeftInInbox.file == file)).first()
