"""Segments whose bytes the store has lost, or does not give though it answers: what is played and exported goes on
without them, as over a gap, and names them."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from ingest.video.boxes import BadBox
from ingest.video.clip import Clip, LongClip, clip_of
from ingest.video.clip_parts import READERS, load_piece
from ingest.video.clip_plan import NothingRecorded, Piece, Told, overlapping, told_spans
from storage.footage import Coverage, Footage, Missing
from storage.fragments import unpack_fragments
from storage.intervals import Span, intersect, merge, subtract
from storage.models import MAX_SEGMENT_SECONDS, Location, Segment
from storage.objects import StoreError, first_line

log = structlog.get_logger(__name__)

UNREADABLE = "unreadable"
"""Why a span is missing: it was recorded, and the store does not give it."""
ASKED_AGAIN = timedelta(minutes=1)
"""So long after it was last found unreadable a segment may be whole again, as after a repair."""
_MOST = 100_000
"""Are remembered; of more, those that were found first are found anew."""
_KEYS_AT_ONCE = 500


class NothingReadable(NothingRecorded):
    """There is footage, and the store gives none of it though it answers."""


@dataclass
class Unreadable:
    """What this process has found unreadable. Shared between threads.

    Of stored segments alone: what waits on the disk of another machine is still to come.
    """

    _found: OrderedDict[str, datetime | None] = field(default_factory=OrderedDict)
    """When it was last read in vain, by key; None: an error was seen and nobody has looked closer."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clip(
        self,
        footage: Footage,
        segments: Sequence[Segment],
        span: Span,
        told: Told,
        now: datetime,
    ) -> Clip | LongClip:
        """As `clip_of`, without what cannot be read: `missing` in the file's comment has it as any gap, and
        `unreadable` names it. Where reading fails while the clip is sent, the next one is without that.

        Raises NothingReadable, and StoreError where the whole store is away; else as `clip_of`.
        """
        reading = _Noticing(footage, self)
        readable, lost = self.sorted_out(footage, segments, now)
        try:
            return _clip(reading, readable, lost, span, told)
        except (StoreError, BadBox):
            self._look(footage, readable, _has_heads, now)
            readable, more = self.sorted_out(footage, segments, now)
            if len(more) <= len(lost):
                raise
            return _clip(reading, readable, more, span, told)

    def sorted_out(
        self, footage: Footage, segments: Sequence[Segment], now: datetime
    ) -> tuple[list[Segment], list[Segment]]:
        """Those that can be read as far as is known, and those that cannot.

        Reads those anew of which it is not sure any more. Raises StoreError when the whole store is away.
        """
        with self._lock:
            known = {s.key: self._found[s.key] for s in segments if s.key in self._found}
        due = [s for s in segments if s.key in known and not _is_fresh(known[s.key], now)]
        lost = set(known) - {s.key for s in due} | self._look(footage, due, _is_whole, now)
        if any(known[s.key] is None and s.key in lost for s in due):
            # Where one is lost, its neighbours may be: better found now than one by one.
            lost |= self._look(footage, [s for s in segments if s.key not in known], _has_heads, now)
        return [s for s in segments if s.key not in lost], [s for s in segments if s.key in lost]

    def is_lost(self, footage: Footage, segment: Segment, now: datetime) -> bool:
        """After its reading has failed. Raises StoreError when the whole store is away."""
        self.suspect(segment)
        return bool(self.sorted_out(footage, [segment], now)[1])

    def suspect(self, segment: Segment) -> None:
        """Its reading has failed."""
        if segment.location is Location.STORED:
            with self._lock:
                self._found.setdefault(segment.key, None)

    def known(self, segments: Sequence[Segment]) -> frozenset[str]:
        """The keys of those that were found unreadable; nothing is asked or read."""
        with self._lock:
            return frozenset(segment.key for segment in segments if self._found.get(segment.key) is not None)

    def finds_more(self, footage: Footage, segments: Sequence[Segment], now: datetime) -> bool:
        """Whether of these, of which reading one has failed, some cannot be read that were not known for it.

        Raises StoreError when the whole store is away.
        """
        known = self.known(segments)
        return any(segment.key not in known for segment in self.sorted_out(footage, segments, now)[1])

    def known_lost(self, session: Session, camera_id: str, span: Span) -> list[Span]:
        """What of the span this process has found unreadable; the store is not asked."""
        with self._lock:
            keys = [key for key, at in self._found.items() if at is not None and key.startswith(f"{camera_id}/")]
        earliest = span.start - timedelta(seconds=MAX_SEGMENT_SECONDS)
        rows = select(Segment.start, Segment.end).where(
            Segment.camera_id == camera_id, col(Segment.start) > earliest, col(Segment.start) < span.end
        )
        found: list[Span] = []
        for first in range(0, len(keys), _KEYS_AT_ONCE):
            there = session.exec(rows.where(col(Segment.key).in_(keys[first : first + _KEYS_AT_ONCE])))
            found += [Span(start, end) for start, end in there]
        return intersect([span], merge(found))

    def _look(
        self, footage: Footage, segments: Sequence[Segment], is_good: Callable[[Footage, Segment], bool], now: datetime
    ) -> set[str]:
        """The keys of those that are not good. Raises StoreError when the whole store is away."""
        stored = [segment for segment in segments if segment.location is Location.STORED]
        if not stored:
            return set()
        footage.store.check()  # else each of them would be waited for
        with ThreadPoolExecutor(READERS, "readable") as readers:
            good = list(readers.map(lambda segment: is_good(footage, segment), stored))
        lost = {segment.key for segment, is_so in zip(stored, good, strict=True) if not is_so}
        if lost:
            footage.store.check()  # it may have gone meanwhile
        with self._lock:
            for segment in stored if is_good is _is_whole else ():
                self._found.pop(segment.key, None)
            self._found.update(dict.fromkeys(sorted(lost), now))
            while len(self._found) > _MOST:
                self._found.popitem(last=False)
        return lost


class _Noticing(Footage):
    """Tells of each segment whose reading fails."""

    def __init__(self, footage: Footage, unreadable: Unreadable) -> None:
        super().__init__(footage.database, footage.store, footage.spool, footage.clock)
        self._unreadable = unreadable

    def read(self, segment: Segment, offset: int = 0, length: int | None = None) -> bytes:
        try:
            return super().read(segment, offset, length)
        except StoreError:
            self._unreadable.suspect(segment)
            raise


def unreadable_told(lost: Sequence[Segment], span: Span) -> dict[str, object]:
    """For what a clip tells of itself: which spans of it the store has lost or does not give."""
    spans = intersect([span], merge(Span(segment.start, segment.end) for segment in lost))
    return {"unreadable": told_spans(spans)} if spans else {}


def without(coverage: Coverage, lost: Sequence[Span]) -> Coverage:
    """With these spans missing, too; of the rest nothing changes."""
    gone = intersect(coverage.covered, merge(lost))
    missing = [*coverage.missing, *(Missing(span.start, span.end, UNREADABLE) for span in gone)]
    covered = subtract(coverage.covered, gone)
    return Coverage(tuple(covered), tuple(sorted(missing, key=lambda part: part.start)))


def _clip(
    footage: Footage, readable: Sequence[Segment], lost: Sequence[Segment], span: Span, told: Told
) -> Clip | LongClip:
    try:
        return clip_of(footage, readable, span.start, span.end, {**told, **unreadable_told(lost, span)})
    except NothingRecorded:
        if overlapping(lost, span.start, span.end):
            raise NothingReadable from None
        raise


def _is_fresh(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now < at + ASKED_AGAIN


def _is_whole(footage: Footage, segment: Segment) -> bool:
    try:
        return hashlib.sha256(footage.read(segment)).hexdigest() == segment.sha256
    except StoreError as error:
        log.warning("segment_unreadable", key=segment.key, error=first_line(error))
        return False


def _has_heads(footage: Footage, segment: Segment) -> bool:
    """What a clip needs first can be read, and is what its row says."""
    try:
        return bool(load_piece(footage, Piece(segment, tuple(unpack_fragments(segment.fragments)))))
    except (StoreError, BadBox) as error:
        log.warning("segment_unreadable", key=segment.key, error=first_line(error))
        return False
