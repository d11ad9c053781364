"""Finished segments are put on the disk for good; what it refuses is tried again, and at last given up as a gap."""

import errno
import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from ingest.video.gaps import Lost
from ingest.video.losses import lost
from ingest.video.spool_files import AGAIN
from ingest.video.steps import Step, reached
from ingest.video.writer import FinishedSegment, part_path, settle, sync_file
from storage.failures import in_one_line
from storage.models import GapCause

TRIES = 8
"""About two minutes."""
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Refused:
    segment: FinishedSegment
    tries: int
    due: float


class Settling:
    """`now` is seconds of a clock that never goes back. Not safe to share between threads."""

    def __init__(self, spool: Path, let_go: Callable[[Path], bool] = lambda _: False) -> None:
        """`let_go` is asked for each `.part` before it is put on the disk: whether the disk has refused some of it."""
        self._spool, self._let_go = spool, let_go
        self._refused: list[_Refused] = []

    @property
    def waiting(self) -> int:
        """Segments that the disk has refused and that are tried again."""
        return len(self._refused)

    def settle(self, segment: FinishedSegment, now: float) -> list[FinishedSegment | Lost]:
        """What can be written down now: the segment, or nothing yet."""
        return self._try(_Refused(segment, 0, now), now)

    def settle_again(self, now: float) -> list[FinishedSegment | Lost]:
        """Tries those whose turn has come; one that was refused `TRIES` times is lost, though its file is kept."""
        due = [refused for refused in self._refused if refused.due <= now]
        self._refused = [refused for refused in self._refused if refused.due > now]
        return [entry for refused in due for entry in self._try(refused, now)]

    def _try(self, refused: _Refused, now: float) -> list[FinishedSegment | Lost]:
        segment = refused.segment
        try:
            if refused.tries or self._let_go(part_path(self._spool, segment.key)):
                _write_anew(self._spool, segment)
            elif not part_path(self._spool, segment.key).exists():
                _ = (self._spool / segment.key).stat()
            settle(self._spool, segment.key)
        except OSError as error:
            return self._failed(refused, error, now)
        except Exception as error:  # the files of all cameras are settled in one thread
            log.exception("segment_not_settled", key=segment.key)
            return [lost(segment, GapCause.UNKNOWN, f"could not be put on the disk: {in_one_line(error)}")]
        return [segment]

    def _failed(self, refused: _Refused, error: OSError, now: float) -> list[FinishedSegment | Lost]:
        segment, tries = refused.segment, refused.tries + 1
        log.error("segment_not_settled", key=segment.key, tries=tries, error=str(error))
        if tries < TRIES:
            wait_s = min(FIRST_WAIT_S * 2 ** (tries - 1), LONGEST_WAIT_S)
            self._refused.append(_Refused(segment, tries, now + wait_s))
            return []
        return [lost(segment, cause_of(error), f"could not be put on the disk: {error.strerror or error}")]


def cause_of(error: OSError) -> GapCause:
    """The gap's cause when the disk refuses something for this reason."""
    return GapCause.DISK_FULL if error.errno in _FULL else GapCause.DISK_ERROR


def _write_anew(spool: Path, segment: FinishedSegment) -> None:
    """After a failed fsync the kernel may hold pages for clean that it never wrote, so only new ones can be trusted."""
    part = part_path(spool, segment.key)
    present = part if part.exists() else spool / segment.key
    data = present.read_bytes()
    if hashlib.sha256(data).hexdigest() != segment.sha256:
        raise OSError(errno.EIO, "the file does not hold the bytes that were written")
    copy = part.with_name(part.name + AGAIN)
    try:
        copy.write_bytes(data)
        reached(Step.COPY_WRITTEN)
        sync_file(copy)
        reached(Step.COPY_SYNCED)
        copy.rename(part)
        reached(Step.COPY_RENAMED)
    except OSError:
        with suppress(OSError):
            copy.unlink(missing_ok=True)
        raise
