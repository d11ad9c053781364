"""`hallwatch pull`: the view of a platform's database, tried and read."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.web.commands.conftest import Run
from tests.web.test_settings_file import GOOD

SOURCE = '[[source]]\nid = "city"\nhall = "cc"\n'
SECRET = "word-of-the-reader"


@pytest.fixture
def platform(site: Path, tmp_path: Path) -> Path:
    """A configuration that pulls from a database with two steps, one of them without a kind."""
    file = tmp_path / "platform.db"
    with closing(sqlite3.connect(file)) as platform:
        platform.execute('CREATE TABLE steps ("case" TEXT, step TEXT, kind TEXT, start TEXT, number INTEGER)')
        rows = [
            ("C1", "S1", "accept", "2026-03-02T09:00:00+08:00", 1),
            ("C1", "S2", "", "2026-03-02T09:10:00+08:00", 2),
        ]
        platform.executemany("INSERT INTO steps VALUES (?, ?, ?, ?, ?)", rows)
        platform.commit()
    site.write_text(f"{GOOD}{SOURCE}{pulling(f'sqlite:///{file}')}", "utf-8")
    return site


def pulling(url: str) -> str:
    return f'[[pull]]\nsource = "city"\nurl = "{url}"\nview = "steps"\nchanged = "number"\n'


def test_a_trial_shows_the_rows_and_what_they_become(hallwatch: Run, platform: Path) -> None:
    shown = hallwatch("pull", "--dry-run").output
    assert "step: S1" in shown
    assert "refused: kind" in shown
    assert "1 rows new or corrected" in hallwatch("pull").output
    assert "0 rows new or corrected" in hallwatch("pull").output


def test_what_cannot_be_pulled_is_told_without_the_password(hallwatch: Run, platform: Path) -> None:
    away = f"postgresql://reader:{SECRET}@127.0.0.1:1/approvals"
    platform.write_text(f"{GOOD}{SOURCE}{pulling(away)}", "utf-8")
    told = hallwatch("pull", code=1).output
    assert "pull city steps: " in told
    assert SECRET not in told
    platform.write_text(f'{GOOD}{SOURCE}{pulling(away)}mapping = "no.toml"\n', "utf-8")
    assert "There is no mapping “no.toml”" in hallwatch("pull", code=1).output


def test_a_pull_of_no_source_is_a_mistake_of_the_file(hallwatch: Run, platform: Path) -> None:
    platform.write_text(GOOD + pulling("sqlite:///x.db"), "utf-8")
    assert "source" in hallwatch("pull", code=1).output


def test_the_check_asks_each_view_for_a_row_and_names_its_columns(hallwatch: Run, platform: Path) -> None:
    away = f"postgresql://reader:{SECRET}@127.0.0.1:1/approvals"
    written = platform.read_text("utf-8")
    platform.write_text(f"{written}{pulling(away)}{pulling('nonsense')}", "utf-8")
    said = hallwatch("check", "--no-cameras", code=1).output
    [good, bad] = [line for line in said.splitlines() if " pull city " in line]
    assert good.split(maxsplit=3)[3] == "steps has number, case, step, kind, start; its first row would be a step"
    assert good.startswith("ok")
    assert bad.startswith("failed")
    assert "pull[city] steps: " in bad
    assert "pull[3].url: is not the address of a database; use postgresql://" in said
    assert SECRET not in said
    assert "1 rows new or corrected" in hallwatch_of(written, platform, hallwatch), "nothing was read before"


def hallwatch_of(text: str, file: Path, hallwatch: Run) -> str:
    file.write_text(text, "utf-8")
    return hallwatch("pull").output


def test_a_source_from_which_nothing_is_pulled_is_named_beside_those_of_which_it_is(
    hallwatch: Run, platform: Path
) -> None:
    told = hallwatch("pull", "--source", "nope", code=1).output
    assert "There is no [[pull]] of source 'nope': declare it. Those there are pull from: city." in told
