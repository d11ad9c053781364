"""Every point between two things that are done to footage on its way: a recorder may die at each of them.

Tests listen and end the process there, or let the disk or the database fail. Nobody listens in the product, and then
`reached` is one comparison.
"""

from collections.abc import Callable
from enum import StrEnum


class Step(StrEnum):
    # a segment grows, in the camera's thread
    FILE_CREATED = "file_created"
    INITIAL_WRITTEN = "initial_written"
    FRAGMENT_WRITTEN = "fragment_written"
    FRAGMENT_SYNCED = "fragment_synced"  # in a thread that does nothing else
    SUMMARY_WRITTEN = "summary_written"
    FILE_CLOSED = "file_closed"
    # it is put on the disk for good, in the journal's thread
    FILE_SYNCED = "file_synced"
    FILE_RENAMED = "file_renamed"
    DIRECTORY_SYNCED = "directory_synced"
    # once more, after the disk has refused that
    COPY_WRITTEN = "copy_written"
    COPY_SYNCED = "copy_synced"
    COPY_RENAMED = "copy_renamed"
    # it is written down: first in a transaction that is still open
    ROW_WRITTEN = "row_written"
    GAP_OPENED = "gap_opened"
    GAP_CLOSED = "gap_closed"
    LOSS_WRITTEN = "loss_written"
    ENTRIES_COMMITTED = "entries_committed"
    # the orderly end while the database is away, and the start after it
    LEFTOVERS_KEPT = "leftovers_kept"
    LEFTOVERS_COMMITTED = "leftovers_committed"
    LEFTOVERS_FORGOTTEN = "leftovers_forgotten"
    # it goes to the store
    UPLOAD_BEGINS = "upload_begins"
    UPLOADED = "uploaded"
    STORED_WRITTEN = "stored_written"  # in a transaction that is still open
    STORED_COMMITTED = "stored_committed"
    LOCAL_COPY_GONE = "local_copy_gone"
    # what a crash has left is brought in order at the next start
    TAIL_QUARANTINED = "tail_quarantined"
    TAIL_CUT = "tail_cut"
    ADOPTED_SETTLED = "adopted_settled"
    ADOPTED_WRITTEN = "adopted_written"  # in a transaction that is still open
    ADOPTED_COMMITTED = "adopted_committed"
    EMPTY_FILE_GONE = "empty_file_gone"  # it had no picture yet
    FILE_QUARANTINED = "file_quarantined"
    UNREADABLE_WRITTEN = "unreadable_written"  # in a transaction that is still open
    STRAY_COPY_GONE = "stray_copy_gone"
    MISSING_WRITTEN = "missing_written"  # in a transaction that is still open
    MISSING_COMMITTED = "missing_committed"
    ABSENCE_WRITTEN = "absence_written"  # in a transaction that is still open
    ABSENCE_COMMITTED = "absence_committed"
    PAST_WRITTEN = "past_written"  # before what was recorded since the start; in a transaction that is still open
    PAST_COMMITTED = "past_committed"


_on_step: Callable[[Step], None] | None = None


def reached(step: Step) -> None:
    if _on_step is not None:
        _on_step(step)


def listen(on_step: Callable[[Step], None] | None) -> None:
    """For this process, from now on: called in the thread that has reached the step; what it raises goes on there."""
    global _on_step
    _on_step = on_step
