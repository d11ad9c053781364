"""A disk that is soon full."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of 4 MiB at the folder."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", folder)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing can be put into the folder or taken away."""
    for options in (["--bind"], ["-o", "remount,ro,bind"]):
        _mount(*options, folder, folder)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def _mount(*arguments: str | Path) -> None:
    """Skips the test where this user or this machine may not."""
    mounted = subprocess.run(["mount", *arguments], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.decode().strip()}")
