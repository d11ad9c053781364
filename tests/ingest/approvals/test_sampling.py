"""What a dry run shows of a file's first rows."""

import gzip
import json
from pathlib import Path

import pytest

from ingest.approvals.importing import import_file
from ingest.approvals.mapping import Mapping, MappingFile
from ingest.approvals.sampling import samples_of_file
from storage.database import Database
from storage.models import StepKind
from tests.ingest.approvals.samples import NOW, SOURCE, a_row, steps
from tests.ingest.approvals.test_workbook import HEADER, MAPPING, NINE, saved
from tests.ingest.approvals.test_xes import LOG
from tests.ingest.approvals.test_xes import MAPPING as OF_LOG

CSV = (
    "办件编号,环节编号,开始时间,承诺时限,备注\nA-1,S1,2026/03/02 09:00,,急\nA-1,S2,昨天,,\nA-2,S3,2036/03/02 09:00,,\n"
)


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_each_row_stands_beside_what_it_becomes_or_why_it_is_refused(tmp_path: Path) -> None:
    good, unread, ahead = samples_of_file(written(tmp_path / "own.csv", CSV), MAPPING, NOW, 10)
    assert good.said == {"办件编号": "A-1", "环节编号": "S1", "开始时间": "2026/03/02 09:00", "备注": "急"}
    assert good.becomes == {"case": "A-1", "step": "S1", "kind": "accept", "start": "2026-03-02T01:00:00Z"}
    assert (good.line, good.record, good.refused) == (2, "step", ())
    assert (unread.line, unread.said["开始时间"], unread.becomes) == (3, "昨天", {})
    assert "昨天 is not a time" in str(unread.refused[0].problem)
    assert (unread.refused[0].line, unread.refused[0].field) == (3, "开始时间 (start)")
    assert "more than a day after" in str(ahead.refused[0].problem), "as the import would, not as the row alone"


def test_workbooks_and_event_logs_show_theirs_too(tmp_path: Path) -> None:
    book = saved(tmp_path / "own.xlsx", HEADER, ["A-1", "S1", NINE, None, "急"], ["A-2"])
    good, short = samples_of_file(book, MAPPING, NOW, 5)
    assert (good.said["备注"], good.becomes["start"]) == ("急", "2026-03-02T01:00:00Z")
    assert (short.said, bool(short.refused)) == ({"办件编号": "A-2"}, True)
    log = tmp_path / "log.xes.gz"
    log.write_bytes(gzip.compress(LOG.encode()))
    first, *_ = samples_of_file(log, OF_LOG, NOW, 1)
    assert (first.said["case:concept:name"], first.becomes["case"]) == ("C1", "C1")


def test_json_stands_field_by_field_as_a_table_does_and_what_is_no_object_as_it_is(tmp_path: Path) -> None:
    twice = '{"case": "1", "case": "2"}'
    text = f"{json.dumps(a_row())}\n\nnot JSON\n{twice}\n[1]\n{{}}\n" + json.dumps(a_row() | {"joint": 3, "item": ""})
    good, bad, repeated, listed, nothing, odd = samples_of_file(written(tmp_path / "own.jsonl", text), None, NOW, 9)
    assert (good.line, good.said) == (1, a_row())
    assert [each.said for each in (repeated, listed, nothing)] == [{"": twice}, {"": "[1]"}, {"": "{}"}]
    assert (odd.said["joint"], "item" in odd.said) == ("3", False)
    assert good.becomes["step"] == a_row()["step"]
    assert (bad.line, bad.said, bad.record) == (3, {"": "not JSON"}, "unknown")


@pytest.mark.parametrize("header", ["办件编号,环节编号\n", "\n"])
def test_a_header_that_cannot_be_used_is_no_sample(tmp_path: Path, header: str) -> None:
    assert samples_of_file(written(tmp_path / "own.csv", f"{header}A-1,S1\n"), MAPPING, NOW, 5) == ()


def test_only_a_dry_run_shows_samples_and_as_many_as_are_asked_for(tmp_path: Path, sqlite_platform: Database) -> None:
    path = written(tmp_path / "own.csv", CSV)
    tried = import_file(sqlite_platform, SOURCE, path, MAPPING, NOW, dry_run=True, samples=2)
    assert [sample.line for sample in tried.samples] == [2, 3]
    assert tried.rejected[0] == tried.samples[1].refused[0], "the list of refused rows says the same"
    assert steps(sqlite_platform) == []
    assert import_file(sqlite_platform, SOURCE, path, MAPPING, NOW).samples == ()


def test_a_mapped_record_of_another_kind_says_so(tmp_path: Path) -> None:
    fees = Mapping(
        MappingFile.model_validate(
            {
                "record": "fee",
                "fields": {"id": "单号", "case": "办件", "amount": "金额", "charged": "时间"},
                "constants": {"name": "工本费"},
                "time": {"zone": "Asia/Shanghai"},
            }
        )
    )
    path = written(tmp_path / "fees.csv", "单号,办件,金额,时间\nF1,A-1,10.00,2026-03-02T09:00\n")
    (fee,) = samples_of_file(path, fees, NOW, 5)
    assert (fee.record, fee.becomes["name"], fee.refused) == ("fee", "工本费", ())
    assert StepKind.ACCEPT not in fee.becomes.values()
