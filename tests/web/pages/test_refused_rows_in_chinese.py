"""Whoever reads Chinese is told in Chinese why a row was refused; programs and English readers in English."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from ingest.approvals.examples import example_row
from ingest.approvals.formats import Numbered, read_csv, read_jsonl
from ingest.approvals.importing import import_file
from ingest.approvals.known_mappings import mapping_files
from ingest.approvals.lines import MAX_LINE
from ingest.approvals.mapping import Mapping, MappingError, MappingFile
from ingest.approvals.parsing import parse_row
from ingest.approvals.row import Row, RowError, row_of_the_past
from ingest.approvals.xes import read_xes
from storage.models import RecordKind, StepKind
from storage.sayings import Saying
from tests.web.pages.a_day import NOW
from tests.web.pages.chinese import english_sentences, problems
from tests.web.pages.conftest import SignIn
from tests.web.pages.test_forms import ROW
from tests.web.pages.test_language import KEYWORDS, ROOT
from web.i18n import Language, say
from web.services import Services

ZH = {"Accept-Language": "zh-CN"}
HEADER = "case,step,kind,name,start"
NEVER_MET = {
    "is not JSON",  # lone surrogates do not come out of a decoder
    "is not valid",
    "is not valid; see how mappings are written",
}
OF_WHOLE_FILES = {
    "An event log (XES) is read through a mapping: choose one, or write one for its keys.",
    "The file is one JSON array, of which nothing has been read: write one object per line, without the brackets around"
    " all of them and the commas between them.",
    "The file is not text. JSON Lines and CSV are read (%(endings)s).",
    "A file whose name ends in %(ending)s is not read. JSON Lines, CSV and workbooks are (%(endings)s): save a table"
    " as one of them, or give the file its ending.",
    "The file holds no rows: nothing has been read. See whether it is the right one.",
    "The file is an archive, or a workbook whose name does not say so: unpack it, or give it its ending (%(endings)s).",
    "The workbook cannot be read: it is damaged or none. Open it, save it again, and import that.",
    "The workbook has a password: save it without one, and import that.",
    "The workbook is too large to be read as a whole: save it as “CSV UTF-8”, and import that.",
    "The folder is named like no source, so nothing in it is read. Name it like a source, or declare that source.",
}
"""Told before any row is read."""
OF_CONFORMANCE = {
    "is not said, so the step counts as done when it began",
    "report such a step when it is done, or report its end then as a correction",
    "is missing: %(case)s came by a counter, and this is its first step",
    "say at which counter; it costs points of data quality",
    "no written notice is reported",
    "report its number and date",
    "is longer than the limit by law, which is %(legal)s",
    "promise at most that",
    "%(name)s is of %(case)s in line %(line)s",
    "give each record an id that no other case has: this row takes it from that case",
}
"""Told by `hallwatch conform`, of rows that are accepted."""
GOOD_MAPPING = """
[fields]
case = "办件"
step = "环节"
start = "开始"
[kinds]
column = "类型"
values = {"受理" = "accept"}
[time]
zone = "Asia/Shanghai"
"""
WRONG_MAPPINGS = [
    ('case = "办件"\n', "", "没有给出字段 case，请在 [fields] 中补充 case"),
    ('[kinds]\ncolumn = "类型"\nvalues = {"受理" = "accept"}\n', "", "没有给出字段 kind，请增加 [kinds] 一节"),
    ('column = "类型"\n', "", "kinds.column：缺失，请补充"),
    ('case = "', 'caze = "', "fields：caze 不是字段，可用字段为 case、"),
    ('"accept"', '"accepted"', "kinds.values.受理：不是环节类型，可用 receive、"),
    ("[fields]", 'record = "stepp"\n[fields]', "record：不是记录类型，可用 step、"),
    ("[time]", "[tme]", "tme：不是映射的键，可用的节为 record、"),
    ('"开始"', "3\nname = 4", "fields.start：不是文本，请加引号；fields.name：不是文本，请加引号"),
    ('"开始"', "3", "fields.start：不是文本，请加引号"),
    ("[kinds]", "empty = 3\n[kinds]", "fields.empty：不是文本，请加引号"),
    ("\n[fields]", "empty = 3\n[fields]", "empty：不是列表"),
    ("[time]\nzone =", "[operators]\n[[time]]\nzone =", "time：不是一节"),
    ("Asia/Shanghai", "Asia/Foshan", "time.zone：“Asia/Foshan”不是时区，请写成例如 Asia/Shanghai"),
    ("[time]", '[time]\nformat = "%q"', "time.format：“%q”不是时间格式"),
    ("[fields]", "[fields", "第 2 行第 8 列不符合 TOML 格式"),
    ('"Asia/Shanghai"', '"""', "文件末尾不符合 TOML 格式"),
]
WRONG_ROWS: list[object] = [
    {"oprator": "x"},
    {"zzzzzz": "x"},
    {"case": ""},
    {"case": 3},
    {"case": None},
    {"name": "x" * 501},
    {"name": "a\x00b"},
    {"kind": "shred"},
    {"start": ""},
    {"start": "soon"},
    {"start": "2026-03-02T09:14:05"},
    {"start": "1066-10-14T09:00:00Z"},
    {"end": "2020-01-01T00:00:00Z"},
    {"record": "complaint"},
]
WRONG_RECORDS = [
    example_row(RecordKind.EXTENSION) | {"days": "many"},
    example_row(RecordKind.RATING) | {"level": 0},
    example_row(RecordKind.RATING) | {"level": 6},
    example_row(RecordKind.FEE) | {"amount": "ten"},
    example_row(RecordKind.SUSPENSION) | {"notice_date": "soon"},
    example_row(RecordKind.ITEM) | {"links": "accept", "fees": [5], "materials": [{"name": "x", "original": "maybe"}]},
    example_row(RecordKind.ITEM) | {"links": [{"kind": "accept", "days": 3}]},
]
MAPPED = MappingFile.model_validate(
    {
        "fields": {"case": "case", "step": "step", "start": "start"},
        "kinds": {"column": "kind", "values": {"受理": StepKind.ACCEPT}},
    }
)


def wrong_lines() -> bytes:
    rows = [json.dumps(ROW | changes).encode() for changes in WRONG_ROWS if isinstance(changes, dict)]
    rows += [json.dumps(row).encode() for row in WRONG_RECORDS]
    rows += [b"{}", b"5", b'{"case": 1, "case": 2}', b'{"case": ', b"x" * (MAX_LINE + 1), b'{"case": "\xff"}']
    return b"\n".join(rows)


def tables() -> Iterator[tuple[str, Mapping | None]]:
    yield "case,step,case\n", None
    receipt = Mapping.load(mapping_files()["receipt"])
    yield ",".join(receipt.columns) + "\n", None
    yield "case,step\n", receipt
    yield f"{HEADER}\n1,2\n", None
    yield f'{HEADER}\n1,2,3,"4,5\n1,2\n', None
    yield f'{HEADER}\n1,2,3,"4"5,6\n', None
    yield f"{HEADER}\n1,2,3,4\r5,6\n", None
    yield f'{HEADER}\n1,2,3,"{"x" * 140_000}",6\n', None
    for times in ({}, {"format": "%Y/%m/%d"}):
        file = MAPPED.model_copy(update={"time": MAPPED.time.model_copy(update=times)})
        yield "case,step,start,kind\n1,2,soon,退件\n1,2,2026-03-02T09:00:00,受理\n1,2,2026/03/02,受理\n", Mapping(file)


def every_refusal() -> Iterator[Numbered]:
    yield from read_jsonl(io.BytesIO(wrong_lines()))
    yield from read_jsonl(io.BytesIO("{}\n".encode("utf-16")))
    for text, mapping in tables():
        yield from read_csv(io.BytesIO(text.encode()), mapping)
    of_the_future = parse_row(ROW | {"start": "2099-03-02T09:00:00Z"})
    assert isinstance(of_the_future, Row)
    yield 1, row_of_the_past(of_the_future, NOW)
    yield from read_xes(io.BytesIO(b"<log>"), Mapping(MAPPED))


def mapped(folder: Path, old: str, new: str) -> Path:
    assert old in GOOD_MAPPING
    file = folder / "own.toml"
    file.write_text(GOOD_MAPPING.replace(old, new, 1), "utf-8")
    return file


@pytest.mark.parametrize(("old", "new", "told"), WRONG_MAPPINGS)
def test_why_a_mapping_cannot_be_used_is_told_in_chinese(
    sign_in: SignIn, tmp_path: Path, old: str, new: str, told: str
) -> None:
    mapping = mapped(tmp_path, old, new).read_bytes()
    files = {"file": ("own.csv", b"a\n1\n"), "mapping_file": ("own.toml", mapping)}
    page = sign_in("inspector").post("/import", data={"source": "cc-platform"}, files=files, headers=ZH)
    assert page.status_code == 422
    [problem] = problems(page.text)
    assert f"映射 own.toml 无法使用：{told}" in problem
    assert english_sentences(problem) == []


def of_mappings(folder: Path) -> Iterator[str]:
    """Every message that is told of mappings which cannot be used."""
    for old, new, _told in WRONG_MAPPINGS:
        with pytest.raises(MappingError) as refused:
            Mapping.load(mapped(folder, old, new))
        yield from messages(refused.value.saying)
    (folder / "own.toml").write_bytes(b"\xff")
    with pytest.raises(MappingError) as refused:
        Mapping.load(folder / "own.toml")
    yield from messages(refused.value.saying)


def messages(saying: Saying) -> Iterator[str]:
    yield saying.message
    for value in saying.values.values():
        if isinstance(value, Saying):
            yield from messages(value)


def said() -> list[Saying]:
    refused = [row for _line, row in every_refusal() if isinstance(row, RowError)]
    return [saying for row in refused for problem in row.problems for saying in (problem.problem, problem.remedy)]


def test_everything_that_is_said_about_rows_is_said_in_chinese() -> None:
    for saying in said():
        assert english_sentences(say(Language.ZH, saying)) == [], saying
        assert say(Language.EN, saying) == saying


def test_no_refusal_is_left_out_of_this_test(day: Services, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("{}")
    with pytest.raises(MappingError) as refused:
        import_file(day.database, "cc-platform", file, Mapping(MAPPED), NOW)
    found = {saying.message for saying in [*said(), refused.value.saying]} | {*of_mappings(tmp_path)}
    folder = ROOT / "ingest" / "approvals"
    extracted = extract_from_dir(folder, [("**.py", "python")], keywords={"Saying": KEYWORDS["Saying"]})
    assert {
        str(message) for _file, _line, message, *_ in extracted
    } - found == NEVER_MET | OF_WHOLE_FILES | OF_CONFORMANCE


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_report_the_batch_and_its_file_are_chinese(sign_in: SignIn, dry_run: bool) -> None:
    client = sign_in("inspector")
    form = {"source": "cc-platform"} | ({"dry_run": "true"} if dry_run else {})
    page = client.post("/import", data=form, files={"file": ("steps.jsonl", wrong_lines())}, headers=ZH)
    assert page.status_code == 200
    assert english_sentences(page.text) == []
    for words in ("soon 不是有效的时间", "是否应为 operator？", "每一行都必须填写"):
        assert words in page.text
    if not dry_run:
        assert english_sentences(client.get("/import/2", headers=ZH).text) == []
        rows = list(csv.reader(io.StringIO(client.get("/import/2/rejected.csv", headers=ZH).text)))
        assert rows[0] == ["\ufeff行号", "字段", "问题", "处理办法", "原始内容", *SINCE]
        assert all(english_sentences(cell) == [] for row in rows for cell in row[1:4])


SINCE = ("此后收到的批次", "此后收到时间 (Asia/Shanghai)")


def test_programs_read_english_in_any_language(sign_in: SignIn) -> None:
    (row,) = sign_in("inspector").get("/import/1.json", headers=ZH).json()["rejected"]
    assert row["problem"] == "2026-13-01 09:00 is not a time"


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_that_stops_at_its_header_says_that_nothing_was_read_and_why(sign_in: SignIn, dry_run: bool) -> None:
    form = {"source": "cc-platform"} | ({"dry_run": "true"} if dry_run else {})
    files = {"file": ("steps.csv", "case,step,kind,strat\n1,2,accept,soon\n")}
    page = sign_in("inspector").post("/import", data=form, files=files, headers=ZH)
    assert "未读入任何内容：文件的表头无法使用" in page.text
    assert "文件已读入" not in page.text
    assert "缺少该列" in page.text
    assert english_sentences(page.text) == []


def test_a_mapping_that_does_not_fit_is_told_in_chinese(sign_in: SignIn) -> None:
    form = {"source": "cc-platform", "mapping": "receipt"}
    page = sign_in("inspector").post("/import", data=form, files={"file": ("steps.jsonl", "{}")}, headers=ZH)
    assert problems(page.text) == ["映射只用于表格文件；JSON Lines 文件须已是交换格式。"]
