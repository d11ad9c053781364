"""Event logs in XES: the same rows as their CSV form, and no trust in the XML."""

import io
from pathlib import Path

import pytest

from ingest.approvals.importing import import_file
from ingest.approvals.known_mappings import mapping_files
from ingest.approvals.mapping import Mapping, MappingError, MappingFile
from ingest.approvals.plain import PlainStep
from ingest.approvals.row import RowError
from ingest.approvals.xes import NUMBER, read_xes
from storage.database import Database
from storage.models import StepKind
from tests.ingest.approvals.samples import NOW, SOURCE, cases
from tests.ingest.approvals.test_importing import RECEIPT

MAPPING = Mapping(
    MappingFile.model_validate(
        {
            "fields": {"case": "case:concept:name", "step": NUMBER, "name": "concept:name", "start": "time:timestamp"},
            "kinds": {"column": "concept:name", "values": {"受理": StepKind.ACCEPT}, "default": StepKind.OTHER},
        }
    )
)
EVENT = (
    '<event><string key="concept:name" value="{}"/>'
    '<date key="time:timestamp" value="2026-03-02T09:00:00+08:00"/></event>'
)
LOG = (
    '<log xmlns="http://www.xes-standard.org/"><global scope="event"><string key="concept:name" value="?"/></global>'
    '<trace><string key="concept:name" value="C1"><string key="nested" value="x"/></string>'
    f"{EVENT.format('受理')}{EVENT.format('审核')}</trace>"
    f'<trace><string key="concept:name" value="C2"/>{EVENT.format("受理")}</trace></log>'
)


def read(text: str) -> list[tuple[int, str, str, str]]:
    rows = list(read_xes(io.BytesIO(text.encode()), MAPPING))
    return [(number, row.case, row.reference, row.kind) for number, row in rows if isinstance(row, PlainStep)]


def test_events_become_steps_of_the_case_of_their_trace() -> None:
    assert read(LOG) == [(1, "C1", "1", "accept"), (2, "C1", "2", "other"), (3, "C2", "1", "accept")]


@pytest.mark.parametrize("cut", [len(LOG) - 20, 0])
def test_a_log_that_breaks_off_gives_what_came_before_and_a_refused_row(cut: int) -> None:
    *_, (_, last) = read_xes(io.BytesIO(LOG[:cut].encode()), MAPPING)
    assert isinstance(last, RowError)
    assert "cannot be read from here on" in last.problems[0].problem


def test_entities_are_not_expanded() -> None:
    bomb = f'<!DOCTYPE log [<!ENTITY a "aaaa">]>{LOG}'
    ((_, refused),) = read_xes(io.BytesIO(bomb.encode()), MAPPING)
    assert isinstance(refused, RowError)


def test_a_log_without_a_mapping_is_refused(sqlite_platform: Database, tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    path.write_text(LOG, "utf-8")
    with pytest.raises(MappingError, match="through a mapping"):
        import_file(sqlite_platform, SOURCE, path, None, NOW)
    assert import_file(sqlite_platform, SOURCE, path, MAPPING, NOW).rows == 3


@pytest.mark.skipif(not RECEIPT.exists(), reason="the municipal log is not beside this checkout")
def test_the_real_log_says_the_same_as_xes_and_as_csv(sqlite_platform: Database) -> None:
    mapping = Mapping.load(mapping_files()["receipt"])
    first = import_file(sqlite_platform, SOURCE, RECEIPT.with_name("receipt.xes.gz"), mapping, NOW)
    assert (first.rows, first.accepted) == (8_577, 8_577)
    assert len(cases(sqlite_platform)) == 1_434
    again = import_file(sqlite_platform, SOURCE, RECEIPT, mapping, NOW)
    assert (again.accepted, again.duplicates) == (0, 8_577)
