"""Whole files, and the real log of a municipality."""

import csv
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlmodel import delete, func, select

from ingest.approvals import acceptance
from ingest.approvals.acceptance import CHUNK, accept_batch
from ingest.approvals.file_format import UnusableFile
from ingest.approvals.formats import read_rows
from ingest.approvals.importing import import_file
from ingest.approvals.mapping import Mapping, MappingError
from ingest.approvals.reports import BatchReport
from storage.database import Database
from storage.models import Batch, Case, RecordRevision, RejectedRow, Step
from tests.ingest.approvals.samples import NOW, SOURCE, a_row, a_source, facts, rows_of_cases, steps

ROOT = Path(__file__).parents[3]
RECEIPT = ROOT.parent / "shared" / "data" / "eventlogs" / "receipt.csv"
MAPPING = ROOT / "ingest" / "approvals" / "mappings" / "receipt.toml"


def a_file(path: Path, *rows: object) -> Path:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def test_a_file_is_imported_in_chunks_and_tells_how_far_it_is(platform: Database, tmp_path: Path) -> None:
    path = a_file(tmp_path / "rows.jsonl", *(a_row(step=f"S{n}", case=f"C{n // 5}") for n in range(2_500)))
    told: list[tuple[int, int]] = []
    report = import_file(platform, SOURCE, path, None, NOW, lambda done, of: told.append((done, of)))
    assert (report.rows, report.accepted) == (2_500, 2_500)
    assert told == sorted(told)
    assert told[-1] == (path.stat().st_size,) * 2
    with platform.transaction() as session:
        batch = session.exec(select(Batch)).one()
    assert (batch.name, batch.sequence, batch.rows, batch.accepted) == ("rows.jsonl", None, 2_500, 2_500)


def test_a_file_imported_again_adds_nothing(platform: Database, tmp_path: Path) -> None:
    path = a_file(tmp_path / "rows.jsonl", a_row(), a_row(step="S2"))
    import_file(platform, SOURCE, path, None, NOW)
    before = facts(platform)
    again = import_file(platform, SOURCE, path, None, NOW)
    assert (again.accepted, again.duplicates) == (0, 2)
    assert facts(platform) == before


def test_a_file_imported_again_does_not_undo_a_later_correction_but_a_new_file_may(
    platform: Database, tmp_path: Path
) -> None:
    old = a_file(tmp_path / "old.jsonl", a_row(operator="李敏"))
    import_file(platform, SOURCE, old, None, NOW)
    import_file(platform, SOURCE, a_file(tmp_path / "new.jsonl", a_row(operator="王芳")), None, NOW)
    import_file(platform, SOURCE, old, None, NOW)
    assert steps(platform)[0].operator == "王芳"
    import_file(platform, SOURCE, a_file(tmp_path / "back.jsonl", a_row(operator="李敏"), a_row(step="S2")), None, NOW)
    assert steps(platform)[0].operator == "李敏"


def test_an_import_that_was_interrupted_is_completed_by_the_next(sqlite_platform: Database, tmp_path: Path) -> None:
    path = a_file(tmp_path / "rows.jsonl", *(a_row(step=f"S{n}") for n in range(CHUNK + 200)))

    def interrupt(_done: int, _of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(sqlite_platform, SOURCE, path, None, NOW, interrupt)
    with sqlite_platform.transaction() as session:
        assert session.exec(select(Batch.rows)).one() == CHUNK, "whole chunks only"
    report = import_file(sqlite_platform, SOURCE, path, None, NOW)
    assert (report.accepted, report.duplicates) == (200, CHUNK)


def test_an_import_that_is_killed_while_it_writes_and_reads_on_is_completed_by_the_next(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_source(postgres_database)
    died = subprocess.run(
        [sys.executable, "-m", "tests.ingest.approvals.import_and_die", postgres_database.url, "200", "50"],
        cwd=ROOT,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    whole = {"rows": 50, "steps": 50, "said": 50}
    assert _counts(postgres_database) == whole, "the second chunk was being written: nothing of it is there"
    monkeypatch.setattr(acceptance, "LARGE_CHUNK", 50)
    report = _import(postgres_database, rows_of_cases(200))
    assert (report.accepted, report.duplicates) == (150, 50)
    interrupted = facts(postgres_database)
    _forget(postgres_database)
    _import(postgres_database, rows_of_cases(200))
    assert facts(postgres_database) == interrupted


def test_chunks_of_any_size_come_to_the_same(platform: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of_cases(40)
    rows += [
        rows[3] | {"case": "C9", "counter": "1"},
        rows[5],
        {"step": "S1"},
        a_row(case="C1", step="S-late", kind="close"),
    ]
    found = []
    for size in (100, 7, 1):
        monkeypatch.setattr(acceptance, "CHUNK", size)
        monkeypatch.setattr(acceptance, "LARGE_CHUNK", size)
        report = _import(platform, rows)
        assert (report.accepted, report.duplicates, report.rejected_rows) == (42, 1, 1)
        found.append(facts(platform))
        _forget(platform)
    assert found[0] == found[1] == found[2]


def test_what_is_refused_lends_nothing_to_a_good_row_of_the_same_step(platform: Database) -> None:
    ahead = a_row(start="2026-03-09T09:00:00+08:00", end="", operator="王芳")
    report = _import(platform, [a_row(operator="李敏"), ahead])
    assert (report.accepted, report.rejected_rows) == (1, 1)
    assert [step.operator for step in steps(platform)] == ["李敏"]


def _import(database: Database, rows: list[dict[str, Any]]) -> BatchReport:
    return accept_batch(database, SOURCE, read_rows(rows), sequence=None, name="file", sha256="", now=NOW)


def _counts(database: Database) -> dict[str, int]:
    with database.transaction() as session:
        return {
            "rows": session.exec(select(Batch.rows)).one(),
            "steps": session.exec(select(func.count()).select_from(Step)).one(),
            "said": session.exec(select(func.count()).select_from(RecordRevision)).one(),
        }


def _forget(database: Database) -> None:
    with database.transaction() as session:
        for model in (RecordRevision, Step, Case, RejectedRow, Batch):
            session.execute(delete(model))


def test_json_without_a_telling_name_is_recognised(platform: Database, tmp_path: Path) -> None:
    assert import_file(platform, SOURCE, a_file(tmp_path / "rows", a_row()), None, NOW).accepted == 1


def test_a_mapping_for_json_is_refused(platform: Database, tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="A mapping is for tables"):
        import_file(platform, SOURCE, a_file(tmp_path / "rows.jsonl", a_row()), Mapping.load(MAPPING), NOW)


def no_rows_and_no_batches(platform: Database) -> bool:
    with platform.transaction() as session:
        return session.exec(select(Batch)).first() is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("empty.jsonl", b""),
        ("empty", b""),
        ("blank.jsonl", b"\n\n \n"),
        ("header.csv", b"case,step,kind,start\n"),
        ("mark.csv", b"\xef\xbb\xbf"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_without_rows_is_not_taken_for_read(
    platform: Database, tmp_path: Path, name: str, content: bytes, dry_run: bool
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnusableFile, match="holds no rows"):
        import_file(platform, SOURCE, tmp_path / name, None, NOW, dry_run=dry_run)
    assert no_rows_and_no_batches(platform)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cases.xlsx", b"PK\x03\x04rest", "damaged or none"),
        ("cases.xls", b"", "damaged or none"),
        ("renamed.csv", b"PK\x03\x04rest", r"a workbook whose name does not say so.* \(\.xlsx, "),
        ("old.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook whose name does not say so"),
        ("film.mp4", b"\x00\x00\x00\x20ftypisom", r"ends in \.mp4 is not read\. JSON Lines, CSV and workbooks are \("),
        ("film", b"\x00\x00\x00\x20ftypisom", "is not text"),
        (
            "cases.json",
            b' [\n{"case": "1"}]',
            "nothing has been read: write one object per line",
        ),
        ("letter.PDF", b"%PDF-1.7\n", r"ends in \.pdf is not read"),
    ],
)
def test_a_file_that_is_no_such_text_is_refused_with_what_to_do(
    platform: Database, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnusableFile, match=said):
        import_file(platform, SOURCE, tmp_path / name, None, NOW)
    assert no_rows_and_no_batches(platform)


@pytest.mark.skipif(not RECEIPT.exists(), reason="the municipal log is not beside this checkout")
def test_the_real_municipal_log_is_imported_without_losing_a_row(platform: Database) -> None:
    with RECEIPT.open(encoding="utf-8", newline="") as file:
        tasks = {row["concept:instance"] for row in csv.DictReader(file)}
    report = import_file(platform, SOURCE, RECEIPT, Mapping.load(MAPPING), NOW)
    assert (report.rows, report.accepted, report.duplicates, report.rejected_rows) == (8_577, 8_577, 0, 0)
    assert len(tasks) == 8_577, "a task number is a reference"
    with platform.transaction() as session:
        assert set(session.exec(select(Step.reference))) == tasks
        counted = [session.exec(select(func.count()).select_from(m)).one() for m in (Case, RecordRevision, RejectedRow)]
        assert counted == [1_434, 8_577, 0]
        closed = session.exec(select(Case).where(Case.closed_at != None)).all()  # noqa: E711
        assert len(closed) == 1_329
        assert sum(1 for case in closed if case.due_at and case.closed_at and case.closed_at > case.due_at) == 377
