"""Folders of days past go from the spool, and nobody who writes notices."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from threading import Event, Thread

from ingest.video.day_folders import remove_days_past
from ingest.video.fragmented import Recording
from ingest.video.frames import to_us
from ingest.video.uploader import Uploader
from ingest.video.writer import SegmentWriter
from storage.database import Database
from storage.folder_store import FolderStore
from storage.folders import remove_empty
from storage.models import ClockSource
from storage.objects import sha256_of
from tests.ingest.video.encoded import START, info_of, packets
from tests.sample import CAMERA
from tests.servers import wait_until

TODAY = date(2026, 1, 2)


def folders(spool: Path) -> set[str]:
    return {str(path.relative_to(spool)) for path in spool.rglob("*") if path.is_dir()}


def test_what_is_empty_of_days_past_goes_and_nothing_else(tmp_path: Path) -> None:
    for day in ("2025/12/30", "2025/12/31", "2026/01/01", "2026/01/02", "2026/01/03"):
        (tmp_path / "c1" / day).mkdir(parents=True)
    for other in ("lost+found", "c2/2024/notes", "c3/2024/05/06"):
        (tmp_path / other).mkdir(parents=True)
    (tmp_path / "c1/2025/12/30/230000-1.mp4").touch()
    remove_days_past(tmp_path, TODAY)
    left = {"c1", "c1/2025", "c1/2025/12", "c1/2025/12/30", "c1/2026", "c1/2026/01", "c1/2026/01/02", "c1/2026/01/03"}
    assert folders(tmp_path) == left | {"lost+found", "c2", "c2/2024", "c2/2024/notes", "c3"}


def test_a_spool_that_is_not_there_has_no_days(tmp_path: Path) -> None:
    remove_days_past(tmp_path / "nowhere", TODAY)


def test_the_uploader_removes_what_earlier_days_have_left(site: Database, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    (spool / CAMERA / "2025/12/30").mkdir(parents=True)
    uploader = Uploader(site, FolderStore(tmp_path / "store"), spool)
    uploader.start()
    wait_until(lambda: not (spool / CAMERA / "2025").exists())
    uploader.stop()
    assert folders(spool) == {CAMERA}


@contextmanager
def removed_again_and_again(day: Path, times: int = 5) -> Iterator[None]:
    """As soon as it is there and empty, less often than it is made again."""
    over = Event()

    def run() -> None:
        left = times
        while left and not over.is_set():
            with suppress(OSError):
                day.rmdir()
                left -= 1
                remove_empty(day.parent, day.parents[2])

    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_whoever_begins_a_segment_while_its_folder_is_removed_makes_it_again(tmp_path: Path) -> None:
    recording, info = Recording(CAMERA, 1, to_us(START), ClockSource.ARRIVAL, 0), info_of(packets(5))
    for _ in range(50):
        with removed_again_and_again(tmp_path / CAMERA / f"{START:%Y/%m/%d}"):
            SegmentWriter(tmp_path, recording, info).close()


def test_a_store_makes_the_folder_again_that_was_removed_with_the_last_object_in_it(tmp_path: Path) -> None:
    store, source = FolderStore(tmp_path / "store"), tmp_path / "source"
    source.write_bytes(b"footage")
    for _ in range(10):
        with removed_again_and_again(store.root / CAMERA / "2026/01/02"):
            store.put(f"{CAMERA}/2026/01/02/1.mp4", source, sha256_of(source))
        store.delete(f"{CAMERA}/2026/01/02/1.mp4")
    assert folders(store.root) == {".coming", CAMERA}
