import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import select

from analytics.recorded import RecordedPictures
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.fragments import pack_fragments, unpack_fragments
from storage.models import ClockSource, Location, Segment
from storage.objects import StoreError
from tests.analytics.encoded import fragmented
from tests.analytics.scenes import START, a_picture, at
from tests.sample import CAMERA, a_hall


def record(
    database: Database,
    spool: Path,
    start_s: float,
    places: list[float],
    sequence: int,
    gop: int = 1,
    codec: str = "h264",
) -> None:
    data, head, index = fragmented([a_picture(place) for place in places], gop=gop, codec=codec)
    key = f"{CAMERA}/{sequence}.mp4"
    (spool / key).parent.mkdir(parents=True, exist_ok=True)
    (spool / key).write_bytes(data)
    with database.transaction() as session:
        session.add(
            Segment(
                camera_id=CAMERA,
                sequence=sequence,
                start=at(start_s),
                end=at(start_s + len(places)),
                size=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
                key=key,
                location=Location.SPOOL,
                codec=codec,
                width=640,
                height=360,
                init_size=head,
                fragments=pack_fragments(index),
                clock_source=ClockSource.ARRIVAL,
            )
        )


def recorded(database: Database, tmp_path: Path) -> RecordedPictures:
    with database.transaction() as session:
        a_hall(session)
    spool = tmp_path / "spool"
    record(database, spool, 0, [0.2] * 5, 1)
    record(database, spool, 10, [0.8] * 5, 2)
    return RecordedPictures(database, Footage(database, FolderStore(tmp_path / "store"), spool))


def test_recorded_pictures_come_in_order_with_their_wall_time(sqlite_database: Database, tmp_path: Path) -> None:
    source = recorded(sqlite_database, tmp_path)
    pictures = list(source.pictures(CAMERA, at(2), at(13), timedelta(seconds=1)))
    assert [(p.wall - START).total_seconds() for p in pictures] == [2, 3, 4, 10, 11, 12]
    assert np.abs(pictures[0].image.astype(int) - a_picture(0.2)).mean() < 8
    assert np.abs(pictures[-1].image.astype(int) - a_picture(0.8)).mean() < 8


def test_a_coarse_step_decodes_fewer_pictures(sqlite_database: Database, tmp_path: Path) -> None:
    source = recorded(sqlite_database, tmp_path)
    pictures = source.pictures(CAMERA, at(0), at(20), timedelta(seconds=3))
    assert [(p.wall - START).total_seconds() for p in pictures] == [0, 3, 10, 13]


def test_further_parts_of_a_group_of_pictures_are_passed_over(sqlite_database: Database, tmp_path: Path) -> None:
    source = recorded(sqlite_database, tmp_path)
    with sqlite_database.transaction() as session:
        for segment in session.exec(select(Segment)):
            fragments = unpack_fragments(segment.fragments)
            segment.fragments = pack_fragments([replace(f, keyframe=not n % 2) for n, f in enumerate(fragments)])
    pictures = source.pictures(CAMERA, at(0), at(20), timedelta(seconds=1))
    assert [(p.wall - START).total_seconds() for p in pictures] == [0, 2, 4, 10, 12, 14]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_where_keyframes_are_rare_pictures_between_them_are_given_too(
    sqlite_database: Database, tmp_path: Path, codec: str
) -> None:
    source = rarely_keyed(sqlite_database, tmp_path, codec)
    pictures = list(source.pictures(CAMERA, at(3), at(20), timedelta(seconds=2)))
    assert [(p.wall - START).total_seconds() for p in pictures] == [4, 6, 8, 10, 12, 14, 16, 18]
    for picture in pictures:
        place = places()[round((picture.wall - START).total_seconds())]
        assert np.abs(picture.image.astype(int) - a_picture(place)).mean() < 8
    keyframes = source.pictures(CAMERA, at(0), at(20), timedelta(seconds=10))
    assert [(p.wall - START).total_seconds() for p in keyframes] == [0, 10]


def test_what_was_recorded_after_a_loss_is_damaged_until_the_next_keyframe(
    sqlite_database: Database, tmp_path: Path
) -> None:
    source = rarely_keyed(sqlite_database, tmp_path, "h264")
    smeared(sqlite_database, {0})
    pictures = list(source.pictures(CAMERA, at(0), at(20), timedelta(seconds=1)))
    assert [picture.damaged for picture in pictures] == [False] + 9 * [True] + 10 * [False], "H.264 tells of keyframes"


@pytest.mark.parametrize(("codec", "seen"), [("h264", [0, 1, 2, 3, 4]), ("hevc", [0, 1, 3, 4])])
def test_a_recorded_keyframe_that_may_lack_a_part_is_looked_at_only_where_the_decoder_would_tell(
    sqlite_database: Database, tmp_path: Path, codec: str, seen: list[float]
) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
    record(sqlite_database, tmp_path / "spool", 0, [0.5] * 5, 1, codec=codec)
    smeared(sqlite_database, {2})
    source = RecordedPictures(
        sqlite_database, Footage(sqlite_database, FolderStore(tmp_path / "store"), tmp_path / "spool")
    )
    pictures = source.pictures(CAMERA, at(0), at(5), timedelta(seconds=1))
    assert [(p.wall - START).total_seconds() for p in pictures] == seen


def places() -> list[float]:
    return [0.2 + 0.03 * second for second in range(20)]


def rarely_keyed(database: Database, tmp_path: Path, codec: str) -> RecordedPictures:
    """A keyframe each ten seconds."""
    with database.transaction() as session:
        a_hall(session)
    record(database, tmp_path / "spool", 0, places(), 1, gop=10, codec=codec)
    return RecordedPictures(database, Footage(database, FolderStore(tmp_path / "store"), tmp_path / "spool"))


def smeared(database: Database, numbers: set[int]) -> None:
    """Packets of these fragments were lost."""
    with database.transaction() as session:
        for segment in session.exec(select(Segment)):
            fragments = unpack_fragments(segment.fragments)
            segment.fragments = pack_fragments([replace(f, smeared=n in numbers) for n, f in enumerate(fragments)])
            segment.smears = len(numbers)


def test_unreadable_footage_is_skipped(sqlite_database: Database, tmp_path: Path) -> None:
    source = recorded(sqlite_database, tmp_path)
    (tmp_path / "spool" / CAMERA / "1.mp4").unlink()
    (tmp_path / "spool" / CAMERA / "2.mp4").write_bytes(b"not a movie")
    assert list(source.pictures(CAMERA, at(0), at(20), timedelta(seconds=1))) == []


def test_a_recorded_picture_that_is_damaged_is_left_out(sqlite_database: Database, tmp_path: Path) -> None:
    source = recorded(sqlite_database, tmp_path)
    with sqlite_database.transaction() as session:
        third = unpack_fragments(session.exec(select(Segment.fragments).where(Segment.sequence == 1)).one())[2]
    file = tmp_path / "spool" / CAMERA / "1.mp4"
    data = bytearray(file.read_bytes())
    middle = third.byte_offset + third.byte_size // 2
    data[middle : middle + 2000] = bytes(2000)
    file.write_bytes(data)
    pictures = source.pictures(CAMERA, at(0), at(5), timedelta(seconds=1))
    assert [(p.wall - START).total_seconds() for p in pictures] == [0, 1, 3, 4]


class AwayStore(FolderStore):
    def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        raise StoreError("connection refused")

    def check(self) -> None:
        raise StoreError("connection refused")


class DamagedStore(FolderStore):
    def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        if key.endswith("/1.mp4"):
            raise StoreError("500, for ever")
        return super().read(key, offset, length)


def test_a_store_that_is_away_is_told_to_who_can_wait_and_left_out_for_others(
    sqlite_database: Database, tmp_path: Path
) -> None:
    recorded(sqlite_database, tmp_path)
    footage = Footage(sqlite_database, AwayStore(tmp_path), tmp_path / "elsewhere")
    span = (CAMERA, at(0), at(5), timedelta(seconds=1))
    assert list(RecordedPictures(sqlite_database, footage).pictures(*span)) == []
    with pytest.raises(StoreError):
        list(RecordedPictures(sqlite_database, footage, insists=True).pictures(*span))


def test_an_object_that_the_store_cannot_read_ends_no_look_at_the_others(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """It was tried again for ever, and nothing after it was looked at."""
    recorded(sqlite_database, tmp_path)
    footage = Footage(sqlite_database, DamagedStore(tmp_path / "spool"), tmp_path / "elsewhere")
    source = RecordedPictures(sqlite_database, footage, insists=True)
    seen = [p.wall for p in source.pictures(CAMERA, at(0), at(20), timedelta(seconds=1))]
    assert seen
    assert min(seen) >= at(5), "what the second segment has"
