"""Of what must be there once on a data folder, the second is refused."""

import os
from pathlib import Path

import pytest

from web.one_instance import AlreadyRunning, only_one


def test_the_second_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    with only_one(tmp_path / "run", ["recorder", "clerk"]):
        told = pytest.raises(AlreadyRunning, match=f"process {os.getpid()} is the clerk of this folder already")
        with told, only_one(tmp_path / "run", ["watcher", "clerk"]):
            pass
        with only_one(tmp_path / "run", ["watcher"]):
            pass


def test_after_the_first_has_ended_there_may_be_another(tmp_path: Path) -> None:
    for _ in range(2):
        with only_one(tmp_path, ["recorder"]):
            pass
