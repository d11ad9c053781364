"""Large files are read in a process of their own."""

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest

from ingest.approvals import acceptance, importing
from ingest.approvals.importing import import_file
from ingest.approvals.reading_apart import Order, ReadingEnded, portions_read_apart
from storage.database import Database
from tests.ingest.approvals.samples import NOW, SOURCE, a_row, a_source, cases, facts, rows_of_cases, steps

ROOT = Path(__file__).parents[3]
FEE = {"record": "fee", "id": "F1", "case": "C1", "amount": "20.00", "charged": "2026-03-02T10:00:00+08:00"}


def a_file(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def odd_rows() -> list[dict[str, Any]]:
    """Those of the last chunks correct, repeat, move, are refused, and are no plain steps."""
    rows, early = rows_of_cases(40), a_row(case="C2", step="S-early", start="2026-03-01T09:00:00+08:00", counter="")
    return [
        *rows[:25],
        {"step": "S1"},
        FEE,
        a_row(case="C1", step="S-joint", name=" 受理 ", joint=True),
        *rows[25:],
        rows[3] | {"case": "C9", "counter": "9"},
        rows[5],
        a_row(case="C1", step="S-late", kind="close"),
        early | {"item": "JZ-1", "due": "2026-04-01T09:00:00Z"},
        early | {"item": "JZ-2"},
    ]


@pytest.mark.parametrize("size", [100, 9])
def test_what_is_read_apart_comes_to_the_same(
    postgres_database: Database, sqlite_platform: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    a_source(postgres_database)
    monkeypatch.setattr(acceptance, "LARGE_CHUNK", size)
    monkeypatch.setattr(importing, "LARGE_FILE", 0)
    path, told = a_file(tmp_path / "rows.jsonl", odd_rows()), list[tuple[int, int]]()
    report = import_file(postgres_database, SOURCE, path, None, NOW, lambda done, of: told.append((done, of)))
    assert (report.rows, report.accepted, report.duplicates, report.rejected_rows) == (48, 46, 1, 1)
    assert report.rejected[0].line == 26
    assert told == sorted(told)
    assert told[-1] == (path.stat().st_size,) * 2
    monkeypatch.undo()
    import_file(sqlite_platform, SOURCE, path, None, NOW)
    assert facts(postgres_database) == facts(sqlite_platform)


def test_a_reader_that_ends_early_is_told_and_the_next_import_goes_on(
    postgres_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_source(postgres_database)
    monkeypatch.setattr(acceptance, "LARGE_CHUNK", 1_000)
    monkeypatch.setattr(importing, "LARGE_FILE", 0)
    path = a_file(tmp_path / "rows.jsonl", rows_of_cases(8_000))

    def kill(_done: int, _of: int) -> None:
        for child in psutil.Process().children():
            with suppress(psutil.ZombieProcess):
                if "reading_apart" in " ".join(child.cmdline()):
                    child.kill()

    with pytest.raises(ReadingEnded):
        import_file(postgres_database, SOURCE, path, None, NOW, kill)
    written = len(steps(postgres_database))
    assert written % 1_000 == 0
    assert 0 < written < 8_000
    again = a_file(tmp_path / "again.jsonl", rows_of_cases(8_000)[: written + 10])
    report = import_file(postgres_database, SOURCE, again, None, NOW)
    assert (report.accepted, report.duplicates) == (10, written)


def test_an_importer_that_is_killed_leaves_whole_chunks_and_no_reader(
    postgres_database: Database, tmp_path: Path
) -> None:
    a_source(postgres_database)
    path = a_file(tmp_path / "rows.jsonl", rows_of_cases(3_000))
    died = subprocess.run(
        [sys.executable, "-m", "tests.ingest.approvals.import_and_die", postgres_database.url, str(path), "50"],
        cwd=ROOT,
        check=False,
        capture_output=True,  # whoever still has it is waited for
    )
    assert died.returncode == -signal.SIGKILL
    assert len(steps(postgres_database)) == 100
    assert import_file(postgres_database, SOURCE, path, None, NOW).duplicates == 100
    assert len(steps(postgres_database)) == 3_000
    assert {case.opened_at for case in cases(postgres_database)} == {steps(postgres_database)[0].start}


def test_what_goes_wrong_apart_goes_wrong_here(tmp_path: Path) -> None:
    order = Order(tmp_path / "none.jsonl", None, NOW, 10)
    with pytest.raises(FileNotFoundError), portions_read_apart(order) as portions:
        list(portions)
