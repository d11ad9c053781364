"""Footage for a day that was made up: the simulated hall, ten seconds of it again and again."""

import hashlib
import tempfile
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

from sqlmodel import Session, select

from ingest.simulator.encoder import Encoder
from ingest.simulator.scene import Scene, Seen
from ingest.video.connection import Connection
from ingest.video.fragmented import Recording
from ingest.video.frames import to_us
from ingest.video.segmenter import Gop
from ingest.video.source import SourcePacket
from ingest.video.writer import SegmentWriter, settle
from storage.models import ClockSource, Segment
from tests.sample import CAMERA
from tests.web.pages.a_day import NOW

SECONDS, FPS, TICKS = 10, 5, 90_000
PEOPLE = (Seen("staff", 0, 0), Seen("customer", 0, 1), Seen("staff", 1, 2, away=1))


def give_footage(session: Session, store: Path) -> None:
    """Every segment of the day gets its bytes, in a folder store."""
    with tempfile.TemporaryDirectory() as folder:
        row, data = _recorded(Path(folder))
    (store / CAMERA).mkdir(parents=True, exist_ok=True)
    (store / "nh-cam-1").mkdir(exist_ok=True)
    stays = {"id", "camera_id", "sequence", "start", "end", "key", "location", "clock_offset_us", "clock_source"}
    for segment in session.exec(select(Segment)):
        for name, value in row.model_dump(exclude=stays).items():
            setattr(segment, name, value)
        (store / segment.key).write_bytes(data)
    assert row.sha256 == hashlib.sha256(data).hexdigest()


def _recorded(spool: Path) -> tuple[Segment, bytes]:
    scene, encoder = Scene(("1", "2"), "禅城区政务服务中心", "Chancheng Service Centre"), Encoder(1280, 720, FPS)
    connection = Connection("h264", b"", Fraction(1, TICKS))
    gops: list[Gop] = []
    for number in range(SECONDS * FPS + 1):
        wall = NOW + timedelta(seconds=number / FPS)
        (unit,) = encoder.encode(scene.picture(PEOPLE, number / FPS), wall)
        ticks = number * TICKS // FPS
        gops += connection.take(
            SourcePacket(unit.data, ticks, ticks, unit.keyframe, arrival_us=to_us(wall), report_us=None)
        ).gops
    writer = SegmentWriter(spool, Recording(CAMERA, 1, gops[0].wall_us, ClockSource.ARRIVAL, 0), gops[0].info)
    for gop in gops:
        writer.append(gop)
    finished = writer.close()
    assert finished is not None
    settle(spool, finished.key)
    return finished.row(), (spool / finished.key).read_bytes()
