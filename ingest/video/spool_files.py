"""The segments that lie in a spool, whole or unfinished, with second copies, and those that were put aside."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ingest.video.refused_files import Refused, only_logged
from ingest.video.writer import PART

QUARANTINE = "quarantine"
AGAIN = ".again"
"""Ends the name of a second copy while a `.part` is written anew; it is never the only one."""
NOT_OURS = "lost+found"
"""Of the file system, where the spool is one of its own."""


def always() -> bool:
    return True


def segment_files(
    spool: Path, go_on: Callable[[], bool] = always, on_refused: Refused = only_logged, within: Path | None = None
) -> list[Path]:
    """In order of their keys, without those in quarantine. `within`: a folder of the spool, else all of it.

    `go_on` is asked before each folder. A folder that cannot be read is left out.
    """
    top, others = within or spool, {spool / QUARANTINE, spool / NOT_OURS}
    is_other = not others.isdisjoint((top, *top.parents))
    return [path for path in _files(top, go_on, on_refused, others) if is_segment(path) and not is_other]


def is_segment(path: Path) -> bool:
    """By its name."""
    return path.name.endswith((".mp4", ".mp4" + PART)) or is_second_copy(path)


def is_second_copy(path: Path) -> bool:
    """Of a segment, by its name."""
    return path.name.endswith(".mp4" + PART + AGAIN)


def quarantined(spool: Path, go_on: Callable[[], bool] = always, on_refused: Refused = only_logged) -> list[Path]:
    """In order."""
    return [path for path in _files(spool / QUARANTINE, go_on, on_refused) if ".mp4" in path.name]


def still_there(files: Iterable[Path]) -> Iterator[Path]:
    """Under the names that they have now: a `.part` may have been put on the disk for good."""
    for path in files:
        names = (path, path.with_name(path.name.removesuffix(PART)))
        yield from (name for name in names[: 1 if _may_be_there(path) else 2] if _may_be_there(name))


def _may_be_there(path: Path) -> bool:
    """Also where the disk does not say: whoever handles the file will see."""
    try:
        return path.exists()
    except OSError:
        return True


def _files(top: Path, go_on: Callable[[], bool], on_refused: Refused, without: Iterable[Path] = ()) -> Iterator[Path]:
    folders = [top]
    while folders and go_on():
        folder = folders.pop()
        try:
            names, below = _entries(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            on_refused(folder, error)
            continue
        yield from (folder / name for name in names)
        folders += reversed([path for name in below if (path := folder / name) not in without])


def _entries(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the files and of the folders in it, in order. Raises OSError."""
    files: list[str] = []
    folders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif entry.is_file():
                files.append(entry.name)
    return sorted(files), sorted(folders)
