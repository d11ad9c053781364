"""The simulated hall, filmed with a keyframe every six seconds: who came and went when is found to the second."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from sqlmodel import select

from analytics.detectors.ssd import SsdDetector
from analytics.edges import MOST_LOOKS
from analytics.looker import Looker
from analytics.pictures import Picture
from analytics.plan import load_plan
from analytics.recorded import RecordedPictures
from analytics.watch import Watch
from ingest.simulator.scene import Scene, zone
from ingest.simulator.stage import Stage
from ingest.simulator.truth import Truth
from ingest.video.frames import to_us
from ingest.video.source import SourcePacket
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import CustomerState, Segment, StaffState, View
from storage.objects import StoreError
from tests.analytics.scenes import START, at
from tests.ingest.video.encoded import gops
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA, a_hall
from web.footage_moments import FootageMoments

FPS, KEYFRAMES, LENGTH = 2, timedelta(seconds=6), 44
S, U = StaffState.STAFFED, StaffState.UNSTAFFED
WAITING, NOBODY = CustomerState.WAITING, CustomerState.NONE


@dataclass(frozen=True)
class Filmed:
    segment: Segment
    data: bytes
    told: dict[str, datetime]
    """What happened when."""


def coded(pictures: list[NDArray[np.uint8]], keyframes: timedelta = KEYFRAMES) -> tuple[SourcePacket, ...]:
    with av.open(BytesIO(), "w", format="null") as container:
        stream = container.add_stream("libx264", rate=FPS)
        height, width = pictures[0].shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        keyint = FPS * keyframes // timedelta(seconds=1)
        parameters = f"keyint={keyint}:min-keyint={keyint}:scenecut=0:bframes=0:repeat-headers=1:annexb=1"
        stream.options = {"preset": "veryfast", "x264-params": parameters}
        frames = [av.VideoFrame.from_ndarray(picture, format="bgr24") for picture in pictures]
        for number, frame in enumerate(frames):
            frame.pts = number
        packets = [packet for frame in frames for packet in stream.encode(frame)] + stream.encode(None)
        at_us = to_us(START)
        ticks = [(packet.pts or 0) * 90_000 // FPS for packet in packets]
        return tuple(
            SourcePacket(bytes(packet), time, time, packet.is_keyframe, at_us, at_us)
            for packet, time in zip(packets, ticks, strict=True)
        )


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Filmed:
    """The footage of 44 seconds, and who truly came and went when: the clerk goes and is back, a customer comes, stays
    on and goes."""
    stage = Stage(1, Truth(tmp_path_factory.mktemp("truth") / "truth.jsonl"))
    scene = Scene(("1",), "禅城区政务服务中心", "Chancheng")
    stage.come("staff", 1, 0, "", at(-10))
    told: dict[str, datetime] = {}
    pictures = []
    for number in range(LENGTH * FPS):
        now = at(number / FPS)
        if number == 19:
            told["left"] = datetime.fromisoformat(str((stage.leave("staff", 1, "", now) or {})["at"]))
        if number == 27:
            told["customer came"] = datetime.fromisoformat(str((stage.come("customer", 1, 1, "", now) or {})["at"]))
        if number == 55:
            told["customer left"] = datetime.fromisoformat(str((stage.leave("customer", 1, "", now) or {})["at"]))
        if number == 66:
            told["came"] = datetime.fromisoformat(str((stage.come("staff", 1, 0, "", now) or {})["at"]))
        picture = scene.picture(stage.seen([1], now), number / FPS)
        small = cv2.resize(picture, (640, 360), interpolation=cv2.INTER_AREA)
        pictures.append(np.asarray(small, dtype=np.uint8))
    spool = tmp_path_factory.mktemp("filmed")
    some = gops(coded(pictures), START)
    (segment,) = recorded(spool, some, len(some))
    data = (spool / segment.key).read_bytes()
    return Filmed(segment, data, told)


class CountedMoments(FootageMoments):
    asked = 0

    def picture(self, camera_id: str, at: datetime) -> Picture | None:
        self.asked += 1
        return super().picture(camera_id, at)


@pytest.fixture
def footage(sqlite_database: Database, tmp_path: Path, filmed: Filmed) -> Footage:
    segment, data = filmed.segment, filmed.data
    spool = tmp_path / "spool"
    (spool / segment.key).parent.mkdir(parents=True)
    (spool / segment.key).write_bytes(data)
    with sqlite_database.transaction() as session:
        a_hall(session)
        for view in session.exec(select(View)):
            session.delete(view)
        session.flush()
        session.add(Segment(**segment.model_dump()))
        view = View(camera_id=CAMERA, counter_id="cc-1", whole_zone=True)
        view.staff_zone, view.customer_zone = zone("staff", 0), zone("customer", 0)
        session.add(view)
    return Footage(sqlite_database, FolderStore(tmp_path / "store"), spool)


def edges(
    database: Database, footage: Footage, detector: SsdDetector, moments: FootageMoments | None
) -> dict[StaffState | CustomerState, datetime]:
    watch = Watch(Looker(detector), moments=moments)
    with database.transaction() as session:
        watch.follow(load_plan(session, START), START)
    for picture in RecordedPictures(database, footage).pictures(CAMERA, START, at(LENGTH), KEYFRAMES):
        watch.take_recorded([picture], KEYFRAMES)
    found: dict[StaffState | CustomerState, datetime] = {}
    for before, after in pairwise(watch.changes.transitions):
        found |= {after.staff: after.at} if after.staff is not before.staff else {}
        found |= {after.customer: after.at} if after.customer is not before.customer else {}
    return found


def test_edges_are_right_to_a_second_although_looks_are_six_apart(
    sqlite_database: Database, footage: Footage, filmed: Filmed
) -> None:
    """Of staff and of customers, each by a few looks."""
    detector = SsdDetector()
    truth: dict[StaffState | CustomerState, str] = {
        U: "left",
        S: "came",
        WAITING: "customer came",
        NOBODY: "customer left",
    }
    coarse = edges(sqlite_database, footage, detector, None)
    assert min(coarse[state] - filmed.told[what] for state, what in truth.items()) > timedelta(seconds=1)
    moments = CountedMoments(sqlite_database, footage)
    fine = edges(sqlite_database, footage, detector, moments)
    late = {what: abs(fine[state] - filmed.told[what]) for state, what in truth.items()}
    assert max(late.values()) <= timedelta(seconds=1), late
    assert moments.asked <= len(truth) * MOST_LOOKS


class AwayStore(FolderStore):
    def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        raise StoreError("connection refused")


def test_a_moment_that_cannot_be_had_is_none(sqlite_database: Database, footage: Footage, tmp_path: Path) -> None:
    """Neither a store nor a database that is away costs what was seen already."""
    away = Footage(sqlite_database, AwayStore(tmp_path / "store"), tmp_path / "elsewhere")
    assert FootageMoments(sqlite_database, away).picture(CAMERA, at(3)) is None
    moments = FootageMoments(sqlite_database, footage)
    assert moments.picture(CAMERA, at(3)) is not None
    assert moments.picture("none", at(3)) is None
    next(footage.spool.rglob("*.mp4")).write_bytes(b"not a movie")
    assert moments.picture(CAMERA, at(3)) is None
    broken = Database("sqlite:////nowhere/at/all.db")
    assert FootageMoments(broken, footage).picture(CAMERA, at(3)) is None
