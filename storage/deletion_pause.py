"""After a recovery nobody knows what was held, nor how long each hall kept: nothing is deleted until somebody does."""

from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import DeletionPause


def pause_deletion(session: Session, now: datetime) -> None:
    """Once: a pause that is in force stays, with its time."""
    if paused_since(session) is None:
        session.add(DeletionPause(since=now))
        session.flush()


def paused_since(session: Session) -> datetime | None:
    return session.exec(select(DeletionPause.since).where(col(DeletionPause.ended_at).is_(None))).first()


def resume_deletion(session: Session, now: datetime, by: str) -> bool:
    """False if there was no pause. `by`: who says that holds and rules are as they should be."""
    pauses = session.exec(select(DeletionPause).where(col(DeletionPause.ended_at).is_(None))).all()
    for pause in pauses:
        pause.ended_at, pause.ended_by = now, by
        session.add(pause)
    return bool(pauses)
