"""The folder of masked clips that are played: what nobody plays any more goes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

KEPT = timedelta(hours=1)


def forget_masked_clips(folder: Path, now: datetime) -> int:
    """Those that were made an hour ago, and what was left unfinished; returns how many."""
    old = [file for file in folder.glob("*.*") if abs(now - _made_at(file)) > KEPT]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


def _made_at(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
