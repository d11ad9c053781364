"""Names of departments and counters that nobody knows here are told, and their rows are taken."""

from pathlib import Path

import pytest
from sqlmodel import func, select

from ingest.approvals import acceptance
from ingest.approvals.importing import import_file
from ingest.approvals.reports import NameKind, UnknownName
from storage.database import Database
from storage.models import CounterAlias, Department, Step
from tests.ingest.approvals.samples import NOW, SOURCE, a_row
from tests.ingest.approvals.test_importing import a_file
from tests.sample import COUNTERS

NOWHERE, BUREAU = "Z99", "没有的局"
UNKNOWN = (UnknownName(NameKind.COUNTER, NOWHERE, 3), UnknownName(NameKind.DEPARTMENT, BUREAU, 2))


@pytest.fixture
def file(platform: Database, tmp_path: Path) -> Path:
    with platform.transaction() as session:
        session.merge(Department(id="tax", name="税务局"))
        session.add(CounterAlias(source_id=SOURCE, alias="A03", counter_id=COUNTERS[0]))
    return a_file(
        tmp_path / "rows.jsonl",
        a_row(step="S1", case="C1", counter=NOWHERE, department=BUREAU),
        a_row(step="S2", case="C1", counter="A03"),
        a_row(step="S3", case="C2", counter=NOWHERE, department="税务局"),
        a_row(step="S4", case="C3", counter=NOWHERE, department="own"),
        {"record": "organisation", "code": "own", "name": "税务局"},
    )


def test_a_dry_run_and_the_import_tell_the_same(
    platform: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert import_file(platform, SOURCE, file, None, NOW, dry_run=True).unknown_names == UNKNOWN
    monkeypatch.setattr(acceptance, "CHUNK", 4)
    report = import_file(platform, SOURCE, file, None, NOW)
    assert (report.accepted, report.rejected_rows) == (5, 0), "they are taken all the same"
    assert report.unknown_names == UNKNOWN
    with platform.transaction() as session:
        assert session.exec(select(func.count()).select_from(Step)).one() == 4


def test_once_a_name_is_known_nothing_is_said_of_it(platform: Database, file: Path) -> None:
    with platform.transaction() as session:
        session.add(Department(id="nowhere", name=BUREAU))
        session.add(CounterAlias(source_id=SOURCE, alias=NOWHERE, counter_id=COUNTERS[1]))
    assert import_file(platform, SOURCE, file, None, NOW).unknown_names == ()
