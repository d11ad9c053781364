"""Who looked at which footage or personal data: rows are only ever added."""

from datetime import UTC, datetime

from sqlmodel import Session

from storage.models import AccessEntry
from web.viewer import Viewer

_MAX_PURPOSE = 200


def log_access(
    session: Session, viewer: Viewer, action: str, subject: str, purpose: str, now: datetime, address: str
) -> None:
    """`action` is live, play, download, still, case, import, order, order_answer, administer, sign_in, ...

    `purpose` is as stated, or the page it came from; of an import the file's name.
    """
    session.add(
        AccessEntry(
            at=now,
            user_id=viewer.user_id,
            action=action,
            subject=subject,
            purpose=purpose[:_MAX_PURPOSE],
            address=address,
        )
    )


def log_command(session: Session, user: str, action: str, subject: str, purpose: str, now: datetime) -> None:
    """`user` of this machine, who ran a command: nobody was signed in."""
    entry = AccessEntry(at=now, command_by=user, action=action, subject=subject, purpose=purpose[:_MAX_PURPOSE])
    session.add(entry)


def footage_subject(camera_id: str, start: datetime, end: datetime) -> str:
    """camera:c1 2026-01-02T03:04:05Z/PT60S"""
    stamp = start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"camera:{camera_id} {stamp}/PT{round((end - start).total_seconds())}S"
