"""A database as the recording calendar finds it after a month of many cameras.

Every camera has the same gaps each day. Those with segments have all of them in the table; of the others there is what
the calendar keeps. The first few are written as a recorder writes them, and their days are worked out as the clerk does
it; those of all others are written as they then must be, and their segments without triggers and checks of keys.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, text
from sqlmodel import Session

from storage.calendar import refresh
from storage.database import Database
from storage.intervals import Span
from storage.migrate import upgrade
from storage.models import Camera, District, Gap, GapCause, Hall, RecordedDay
from storage.packed_days import EndedGap, pack_gaps
from storage.runs import DAY, pack_runs

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
_GAP = timedelta(seconds=100)
_NOT_IN_THE_ROWS = timedelta(minutes=2)

_SEGMENTS = text("""
INSERT INTO segment (camera_id, sequence, start, "end", size, sha256, key, location, codec, width, height, init_size,
                     composition_offset,
                     parameters, fragments, clock_source, clock_offset_us, audio, audio_hz, legal_hold, reported_start,
                     arrival_start, monotonic_us, server_step_us, clock_error_us, shift_us, smears, holes)
SELECT CAST(:camera AS text), n, moment, moment + CAST(:length AS interval), 2500000, repeat('0', 64),
       CAST(:camera AS text) || to_char(moment, '/YYYY/MM/DD/HH24MISS-') || lpad(CAST(n AS text), 9, '0') || '.mp4',
       'stored', 'h264', 1920, 1080, 800, 0, repeat('0', 32), decode(repeat('00', 160), 'hex'),
       'sender_report', 0, '', 0, false, moment, moment, 0, 0, 50000, 0, 0, ''
FROM generate_series(0, :count - 1) AS n,
     LATERAL (SELECT CAST(:first AS timestamp) + n * CAST(:length AS interval)) AS t (moment)
WHERE n % :missing_every >= :missing
""")


@dataclass(frozen=True)
class Site:
    cameras: int
    days: int
    segment: timedelta
    """How long each lasts; ten seconds as recorded, more for the same number of rows of more cameras."""
    full: int
    """Cameras with segments."""
    worked_out: int
    """So many of them are written with the triggers."""
    gaps_a_day: int = 3
    """Of each camera; a gap begins with a segment."""

    @property
    def names(self) -> list[str]:
        return [f"camera-{number:04d}" for number in range(self.cameras)]

    @property
    def gap_every(self) -> timedelta:
        return DAY / self.gaps_a_day


def fill(database: Database, site: Site) -> Iterator[str]:
    """Does it, and says what took how long."""
    upgrade(database)
    began = time.perf_counter()
    with database.transaction() as session:
        session.add(District(id="d", name="d"))
        session.flush()
        session.add(Hall(id="h", district_id="d", name="h"))
        session.flush()
        cameras = [{"id": name, "hall_id": "h", "url": "rtsp://none", "name": ""} for name in site.names]
        session.execute(insert(Camera), cameras)
    for number, name in enumerate(site.names):
        with database.transaction() as session:
            if number >= site.worked_out:
                session.execute(text("SET LOCAL session_replication_role = replica"))
            session.execute(insert(Gap), [gap._asdict() | {"camera_id": name} for gap in _gaps(site)])
            if number < site.full:
                _add_segments(session, site, name)
    yield f"segments and gaps written in {time.perf_counter() - began:.0f} s"
    began = time.perf_counter()
    while refresh(database):
        pass
    yield f"calendar of {site.worked_out} cameras worked out in {time.perf_counter() - began:.1f} s"
    with database.transaction() as session:
        days = _days(site)
        written_so = site.names[site.worked_out :]
        session.execute(insert(RecordedDay), [row | {"camera_id": name} for name in written_so for row in days])
        _note_newest(session, site)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _add_segments(session: Session, site: Site, name: str) -> None:
    values = {
        "camera": name,
        "first": FIRST.replace(tzinfo=None),
        "length": f"{site.segment.total_seconds()} seconds",
        "count": site.days * DAY // site.segment,
        "missing_every": site.gap_every // site.segment,
        "missing": _GAP // site.segment,
    }
    session.execute(_SEGMENTS, values)


def _note_newest(session: Session, site: Site) -> None:
    """The last minutes of each camera have not been taken into its row yet."""
    late = (FIRST + site.days * DAY - _NOT_IN_THE_ROWS).replace(tzinfo=None)
    session.execute(text("UPDATE segment SET start = start WHERE start >= :late"), {"late": late})


def _gaps(site: Site) -> list[EndedGap]:
    """As the segments lack them."""
    starts = [FIRST + n * site.gap_every for n in range(site.days * site.gaps_a_day)]
    return [EndedGap(start, start + _GAP, GapCause.CAMERA_STALLED) for start in starts]


def _days(site: Site) -> list[dict[str, object]]:
    made = []
    for start in (FIRST + n * DAY for n in range(site.days)):
        parts = [start + n * site.gap_every for n in range(site.gaps_a_day)]
        runs = [Span(part + _GAP, part + site.gap_every) for part in parts]
        gaps = [EndedGap(part, part + _GAP, GapCause.CAMERA_STALLED) for part in parts]
        day = start.date()
        made.append({"day": day, "runs": pack_runs(day, runs), "gaps": pack_gaps(day, gaps)})
    return made
