"""Footage whose time was corrected plays at its new time, its file is untouched, and the store alone tells it all."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, delete, select

from ingest.video import leftovers
from ingest.video.boxes import whole_boxes
from ingest.video.checking import Check, Depth
from ingest.video.clip import open_clip, plan_clip
from ingest.video.fragmented import read_reference_time
from ingest.video.gaps import GapClosed, Lost
from ingest.video.journal import Journal, write_leftovers
from ingest.video.missing_files import decide_missing
from ingest.video.playlist import Playlist, playlist
from ingest.video.recovery import Found, recover
from ingest.video.retimed import Stretch, media_end
from ingest.video.stills import still
from ingest.video.unwritten import recent_segments
from ingest.video.uploader import Uploader
from storage.asked_corrections import Wanted
from storage.correcting import Moved, correct, take_back
from storage.correction_objects import store_corrections
from storage.database import Database
from storage.footage import Footage
from storage.intervals import Span
from storage.models import Gap, GapCause, Segment, TimeCorrection
from storage.objects import ObjectStore
from tests.ingest.video.encoded import gops, packets
from tests.ingest.video.evidence import segments
from tests.ingest.video.spooled import some_gops, write
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA

LATER = timedelta(hours=1)


@pytest.fixture
def spooled(site: Database, tmp_path: Path) -> list[Segment]:
    """Four segments that lie in the spool."""
    with site.transaction() as session:
        session.add_all(recorded(tmp_path / "spool", gops(packets(200))))
    return segments(site)


def corrected(database: Database, rows: list[Segment], by: timedelta) -> Moved:
    with database.transaction() as session:
        span = Span(rows[0].start, rows[-1].end)
        asked = Wanted(CAMERA, span, by, timedelta(milliseconds=20), "the server was slow", "li.wei")
        return correct(session, asked, rows[-1].end + 2 * LATER)


def starts(database: Database) -> list[datetime]:
    return [row.start for row in segments(database)]


def footage_of(database: Database, store: ObjectStore, folder: Path) -> Footage:
    return Footage(database, store, folder / "spool")


def test_clip_still_and_playlist_are_found_at_the_new_time_and_say_so(
    site: Database, folder_store: ObjectStore, tmp_path: Path
) -> None:
    with site.transaction() as session:
        session.add_all(recorded(tmp_path / "spool", gops(packets(200))))
    rows = segments(site)
    footage = footage_of(site, folder_store, tmp_path)
    start, end = rows[0].start, rows[-1].end
    with site.transaction() as session:
        before = open_clip(footage, session, CAMERA, start, end)
        picture = still(footage, session, CAMERA, start + timedelta(seconds=3))
    corrected(site, rows, LATER)
    with site.transaction() as session:
        after = open_clip(footage, session, CAMERA, start + LATER, end + LATER)
        assert still(footage, session, CAMERA, start + LATER + timedelta(seconds=3)) == picture
        assert recent_segments(footage, session, CAMERA, start, end) == [], "its file is no new footage"
        found = footage.segments(session, CAMERA, start + LATER, end + LATER)
    assert (after.start, after.end) == (before.start + LATER, before.end + LATER)
    told = json.JSONDecoder().raw_decode(after.head[after.head.index(b'{"camera"') :].decode(errors="replace"))[0]
    assert told["clock_corrected"][0]["shift_us"] == 3_600_000_000
    assert told["clock_error_us"] == 20_000
    assert f"{start + LATER:%H:%M:%S}" in playlist(Playlist(found, start + LATER, end + LATER))
    data = Stretch(found[0], 0, media_end(found[0]), 0).read(footage, 0, media_end(found[0]))
    first = next(box for box in whole_boxes(data) if box.kind == b"prft")
    told_at = timedelta(microseconds=read_reference_time(data[first.body + 4 : first.end]))
    assert abs(told_at - timedelta(seconds=found[0].start.timestamp())) <= timedelta(microseconds=2)


def test_footage_moved_over_its_neighbours_plays_in_the_order_of_recording(
    site: Database, folder_store: ObjectStore, tmp_path: Path
) -> None:
    with site.transaction() as session:
        session.add_all(recorded(tmp_path / "spool", gops(packets(200))))
    rows = segments(site)
    corrected(site, rows[2:], rows[0].start - rows[2].start + timedelta(seconds=1))
    footage = footage_of(site, folder_store, tmp_path)
    with site.transaction() as session:
        found = footage.segments(session, CAMERA, rows[0].start, rows[-1].end)
        plan = plan_clip(found, rows[0].start, rows[1].end)
        clip = open_clip(footage, session, CAMERA, rows[0].start, rows[1].end)
    assert [piece.segment.sequence for piece in plan.pieces] == [row.sequence for row in rows]
    assert plan.missing == ()
    assert sum(map(len, clip.chunks())) == clip.size


def test_rows_without_their_database_are_recovered_with_their_corrections(
    site: Database, store: ObjectStore, spooled: list[Segment], tmp_path: Path
) -> None:
    while Uploader(site, store, tmp_path / "spool").run_once():
        pass
    void = corrected(site, spooled[:1], -LATER)
    with site.transaction() as session:
        take_back(session, session.get_one(TimeCorrection, void.correction.id), "wrong way", "li.wei", spooled[-1].end)
    corrected(site, spooled[:2], LATER)
    assert store_corrections(site, store) == 3
    before, at = said(site), spooled[-1].end
    assert list(Check(site, store, tmp_path / "spool", Depth.HASHES).run()) == []
    lose_the_database(site)
    tried = recover(site, store, at, dry_run=True)
    assert (tried.counts[Found.CORRECTION], segments(site)) == (3, [])
    done = recover(site, store, at)
    assert (done.counts, done.problems) == ({Found.CORRECTION: 3, Found.RECOVERED: 4}, [])
    assert said(site) == before
    assert recover(site, store, at).counts == {Found.CORRECTION: 3, Found.KNOWN: 4}


def said(database: Database) -> list[dict[str, Any]]:
    """Corrections have other ids when they are made again."""
    return [row.model_dump(exclude={"id", "correction_id"}) for row in segments(database)]


def lose_the_database(database: Database) -> None:
    with database.transaction() as session:
        for table in (Segment, Gap):
            session.exec(delete(table))
        for row in session.exec(select(TimeCorrection).order_by(col(TimeCorrection.id).desc())):
            session.delete(row)
            session.flush()


def test_a_segment_that_is_written_down_late_goes_where_the_correction_says(site: Database, tmp_path: Path) -> None:
    """The database was away when it ended, and its time was corrected before it came back."""
    finished = [write(tmp_path, number, some_gops()) for number in (1, 2)]
    with site.transaction() as session:
        first = finished[0].row()
        session.add(first)
        session.flush()
        asked = Wanted(CAMERA, Span(first.start, first.end), LATER, timedelta(0), "the server was slow", "li.wei")
        correct(session, asked, first.end + 2 * LATER)
    journal = Journal(site, tmp_path, lambda: None)
    journal.start()
    journal.put(finished[1])
    journal.stop()
    assert [row.shift_us for row in segments(site)] == [3_600_000_000] * 2


@pytest.mark.parametrize("kept", [False, True], ids=["at once", "after a restart"])
def test_gaps_that_are_written_down_late_move_with_the_footage_that_they_touch(
    site: Database, tmp_path: Path, kept: bool
) -> None:
    """One that ended while the database was away, and one that lasted while the footage before it was corrected."""
    finished = write(tmp_path, 1, some_gops())
    with site.transaction() as session:
        first = finished.row()
        session.add(first)
        session.add(Gap(camera_id=CAMERA, start=first.end, cause=GapCause.CAMERA_STALLED))
        session.flush()
        start, end = first.start, first.end
        asked = Wanted(CAMERA, Span(start, end), LATER, timedelta(0), "the server was slow", "li.wei")
        correct(session, asked, end + 2 * LATER)
    ended = end + 2 * LATER
    late: list[leftovers.Leftover] = [
        Lost(CAMERA, start - LATER, start, GapCause.UNKNOWN, "file lost"),
        GapClosed(CAMERA, end, ended),
    ]
    if kept:
        leftovers.keep(tmp_path, late)
        write_leftovers(site, tmp_path)
    else:
        journal = Journal(site, tmp_path, lambda: None)
        journal.start()
        for entry in late:
            journal.put(entry)
        journal.stop()
    with site.transaction() as session:
        gaps = session.exec(select(Gap).where(Gap.cause != GapCause.CORRECTED).order_by(col(Gap.start))).all()
    assert [(gap.start, gap.end) for gap in gaps] == [(start - LATER, start + LATER), (end + LATER, ended)]


def test_a_moved_segment_whose_file_is_lost_leaves_its_gap_where_it_lay(
    site: Database, spooled: list[Segment], store: ObjectStore, tmp_path: Path
) -> None:
    moved = corrected(site, spooled, timedelta(seconds=-1))
    (tmp_path / "spool" / spooled[1].key).unlink()
    decide_missing(site, store, tmp_path / "spool", spooled[1].key)
    with site.transaction() as session:
        (gap,) = session.exec(select(Gap).where(Gap.cause == GapCause.UNKNOWN)).all()
        assert gap.start == spooled[1].start - timedelta(seconds=1)
        assert gap.recorded_start == spooled[1].start
        take_back(session, session.get_one(TimeCorrection, moved.correction.id), "a mistake", "li.wei", spooled[1].end)
    with site.transaction() as session:
        (gap,) = session.exec(select(Gap).where(Gap.cause == GapCause.UNKNOWN)).all()
        assert (gap.start, gap.recorded_start) == (spooled[1].start, None)
