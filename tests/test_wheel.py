"""What is installed is complete: tables can be made and pages served without the checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAKE_TABLES = """
import sys, storage.migrate
from storage.database import Database
database = Database("sqlite:///made.db")
storage.migrate.upgrade(database)
storage.migrate.check_schema(database)
database.close()
print(storage.migrate.__file__)
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_makes_its_tables(unpacked: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAKE_TABLES],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(unpacked))


def test_the_wheel_holds_what_the_browser_needs_and_not_its_sources(unpacked: Path) -> None:
    for wanted in ("web/static/manifest.json", "web/templates/base.html", "web/locale/zh_CN/LC_MESSAGES/messages.po"):
        assert (unpacked / wanted).exists(), wanted
    assert not (unpacked / "web/ui").exists()
    assert not (unpacked / "tests").exists()


def test_the_wheel_carries_its_licence(unpacked: Path) -> None:
    [licence] = unpacked.glob("*.dist-info/licenses/LICENSE")
    assert "Apache License" in licence.read_text()


def test_what_is_bundled_for_the_browser_keeps_its_licence(unpacked: Path) -> None:
    notice = (unpacked / "web/static/THIRD-PARTY.txt").read_text()
    needed = json.loads((ROOT / "web/ui/package.json").read_text())["dependencies"]
    assert [name for name in needed if f"{name} " not in notice] == []
    assert "MIT" in notice
