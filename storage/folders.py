"""Folders that are made when something is put into them, and go with the last that lay there."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_TRIES = 10

Made = TypeVar("Made")


def remove_empty(folder: Path, top: Path) -> None:
    """The folder and those above it, as far as nothing lies in them; `top` and what is not below it stays."""
    try:
        while top in folder.parents:
            folder.rmdir()
            folder = folder.parent
    except OSError:  # something lies there, or somebody else has removed it
        return


def in_its_folder(make: Callable[[], Made]) -> Made:
    """`make` makes a folder and puts something into it; between the two somebody may remove the folder as empty."""
    for _ in range(_TRIES - 1):
        try:
            return make()
        except (FileNotFoundError, FileExistsError):  # the latter: it was there and is not any more
            continue
    return make()
