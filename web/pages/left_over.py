"""What lies in the inbox of files and is not imported."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import LeftInInbox, Source
from storage.sayings import Saying
from web.pages.scoping import sources_in_scope
from web.viewer import Viewer

_MOST = 100


@dataclass(frozen=True)
class LeftRow:
    folder: str
    file: str
    """Empty: the folder itself, which is named like no source."""
    found_at: datetime
    problem: Saying
    """Why, and what to do."""


def left_in_inbox(session: Session, viewer: Viewer) -> tuple[LeftRow, ...]:
    """The newest, of sources in scope; a folder that is none's concerns who sees every hall."""
    wanted = select(LeftInInbox).order_by(col(LeftInInbox.found_at).desc(), col(LeftInInbox.id).desc()).limit(_MOST)
    if viewer.halls is not None:
        wanted = wanted.where(col(LeftInInbox.folder).in_(select(Source.id).where(sources_in_scope(viewer))))
    return tuple(
        LeftRow(row.folder, row.file, row.found_at, Saying.from_json(row.problem)) for row in session.exec(wanted)
    )
