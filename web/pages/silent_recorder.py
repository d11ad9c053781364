"""Since when no recorder is heard of, as the board of counters tells it: the camera board says so with it."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from analytics.presence import RECORDER_SILENT
from storage.presence_now import presence_now, presence_of, watched_counters
from web.pages.board_queries import open_presence


def silent_since(session: Session, counters: Collection[str], now: datetime) -> dict[str, datetime]:
    """Those of the counters that are unknown now because no recorder is heard of, and since when."""
    rows = [row for row in open_presence(session, [*counters]).values() if row.reason == RECORDER_SILENT]
    watched = watched_counters(session, [row.counter_id for row in rows], now) if rows else {}
    known = {row.counter_id: presence_now(presence_of(row), watched[row.counter_id], now) for row in rows}
    return {
        counter_id: each.since
        for counter_id, each in known.items()
        if each.reason == RECORDER_SILENT and each.since is not None
    }
