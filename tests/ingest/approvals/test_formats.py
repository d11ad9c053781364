"""Files of every sort: what is good is read, what is bad is reported at its line."""

import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.approvals.formats import Numbered, read_csv, read_jsonl
from ingest.approvals.known_mappings import mapping_files
from ingest.approvals.lines import MAX_LINE
from ingest.approvals.mapping import Mapping
from ingest.approvals.plain import exact
from ingest.approvals.records import StepRow
from ingest.approvals.row import Row, RowError

GOOD = '{"case": "2026-001", "step": "S1", "kind": "accept", "name": "受理", "start": "2026-03-02T09:14:05+08:00"}'
HEADER = "case,step,kind,name,start"
CELLS = "2026-001,S1,accept,受理,2026-03-02T09:14:05+08:00"


Found = list[tuple[int, Row | RowError]]


def jsonl(text: str | bytes) -> Found:
    return as_models_read(read_jsonl(io.BytesIO(text if isinstance(text, bytes) else text.encode())))


def table(text: str | bytes) -> Found:
    return as_models_read(read_csv(io.BytesIO(text if isinstance(text, bytes) else text.encode())))


def as_models_read(found: Iterable[Numbered]) -> Found:
    return [(line, row if isinstance(row, RowError) else exact(row)) for line, row in found]


def said(found: Found) -> list[tuple[int, str, str]]:
    """Line, field and problem of everything refused."""
    return [(line, p.field, p.problem) for line, row in found if isinstance(row, RowError) for p in row.problems]


def good(found: Found) -> list[int]:
    return [line for line, row in found if isinstance(row, StepRow)]


def test_lines_are_counted_from_one_and_blank_ones_are_skipped() -> None:
    assert good(jsonl(f"{GOOD}\n\n  \r\n{GOOD}\r\n")) == [1, 4]


def test_broken_json_is_reported_and_the_next_line_is_read() -> None:
    found = jsonl(f'{{"case": \n{GOOD}')
    assert said(found)[0][:2] == (1, "")
    assert said(found)[0][2].startswith("is not JSON")
    assert isinstance(found[0][1], RowError)
    assert found[0][1].raw == '{"case": '
    assert good(found) == [2]


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        (GOOD.replace("{", '{"case": "2026-002", '), "case"),
        (GOOD.replace("}", ', "c\\u0061se" : "2026-002"}'), "case"),
        (GOOD.replace("}", ', "zz": 1, "zz": 1}'), "zz"),
    ],
)
def test_an_object_that_says_a_field_twice_is_refused(text: str, twice: str) -> None:
    found = jsonl(f"{text}\n{GOOD}")
    assert said(found) == [(1, twice, "stands twice in the object")]
    assert good(found) == [2]


def test_what_only_looks_like_a_field_twice_is_none() -> None:
    assert good(jsonl(GOOD.replace("受理", 'he said \\"case\\": and \\"step\\" : too'))) == [1]
    nested = GOOD.replace("}", ', "z": ' + '{"a":' * 900 + "1" + "}" * 901)
    assert [field for _line, field, _said in said(jsonl(nested))] == ["z"]


def test_a_header_that_a_mapping_of_ours_fits_is_told_which() -> None:
    columns = ",".join(Mapping.load(mapping_files()["receipt"]).columns)
    for header, remedy in {
        columns: "add it to the header line, or choose the mapping receipt, which fits this file",
        "case,step": "add it to the header line, or choose a mapping",
    }.items():
        ((_line, row),) = table(f"{header}\n")
        assert isinstance(row, RowError)
        assert remedy in {problem.remedy for problem in row.problems}


def test_a_year_that_cannot_be_is_told_as_such() -> None:
    ((_line, row),) = jsonl(GOOD.replace("2026-03-02T", "1066-03-02T"))
    assert isinstance(row, RowError)
    assert row.problems[0].problem == "1066-03-02T09:14:05+08:00 lies outside 1990–2100"
    assert row.problems[0].remedy.startswith("correct the year")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_chinese_encodings_are_recognised(encoding: str) -> None:
    for found in (jsonl(GOOD.encode(encoding)), table(f"{HEADER}\n{CELLS}\n".encode(encoding))):
        row = found[-1][1]
        assert isinstance(row, StepRow)
        assert row.name == "受理"


def test_utf_16_is_refused_with_the_remedy() -> None:
    ((line, row), *_) = table(f"{HEADER}\n{CELLS}\n".encode("utf-16"))
    assert isinstance(row, RowError)
    assert (line, row.problems[0].problem, row.problems[0].remedy) == (1, "is UTF-16", "save the file as UTF-8")


def test_a_line_in_another_encoding_than_the_rest_is_refused_alone() -> None:
    text = (GOOD + "\n").encode() * 20_000
    found = jsonl(text + GOOD.encode("gbk") + b"\n" + GOOD.encode())
    assert said(found) == [(20_001, "", "cannot be read as UTF-8")]
    assert len(good(found)) == 20_001


def test_a_huge_line_is_refused_without_being_held_in_memory_and_the_next_is_read() -> None:
    huge = b'{"case": "' + b"x" * (3 * MAX_LINE) + b'"}'
    found = jsonl(huge + b"\n" + GOOD.encode())
    assert said(found) == [(1, "", f"is longer than {MAX_LINE} bytes")]
    assert good(found) == [2]


def test_cells_may_hold_line_breaks_and_the_line_of_the_record_is_its_first() -> None:
    found = table(f'{HEADER}\n2026-001,S1,accept,"受\n理",2026-03-02T09:14:05+08:00\n{CELLS}\n')
    assert good(found) == [2, 4]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_recognised(delimiter: str) -> None:
    assert good(table(f"{HEADER}\n{CELLS}\n".replace(",", delimiter))) == [2]


def test_a_record_with_too_few_cells_is_refused_alone() -> None:
    found = table(f"{HEADER}\n2026-001,S1\n{CELLS}\n")
    assert said(found) == [(2, "", "has 2 cells where the header has 5")]
    assert good(found) == [3]


def test_an_unclosed_quote_costs_its_own_line_alone() -> None:
    found = table(f'{HEADER}\n2026-001,S1,accept,"受理,2026-03-02T09:14:05+08:00\n{CELLS}\n{CELLS}\n')
    assert said(found) == [(2, "", "is not CSV: a quote is not closed or stands inside a cell")]
    assert good(found) == [3, 4]


def test_an_unclosed_quote_in_a_long_file_costs_its_own_line_alone() -> None:
    rows = [CELLS.replace("001", f"{number:05}") for number in range(5_000)]
    rows[0] = rows[0].replace("受理", '"李')
    found = table("\n".join([HEADER, *rows]))
    assert [line for line, _, _ in said(found)] == [2]
    assert good(found) == list(range(3, 5_002))


@given(st.dictionaries(st.integers(0, 39), st.sampled_from([0, 3]), max_size=12))
def test_lone_quotes_cost_no_row_but_their_own(spoilt: dict[int, int]) -> None:
    """Also where the next lone quote seems to close the first: what lies between is a row by itself."""
    rows = []
    for number in range(40):
        cells = CELLS.replace("001", f"{number:03}").split(",")
        if number in spoilt:
            cells[spoilt[number]] = '"' + cells[spoilt[number]]
        rows.append(",".join(cells))
    found = table("\n".join([HEADER, *rows]))
    assert [line for line, _, _ in said(found)] == sorted(number + 2 for number in spoilt)
    assert good(found) == [number + 2 for number in range(40) if number not in spoilt]


def test_a_line_that_cannot_be_read_is_told_where_an_open_quote_reaches_it() -> None:
    found = table(f'{HEADER}\n2026-001,S1,accept,"受理,2026-03-02T09:14:05+08:00\n{"x" * MAX_LINE}xx\n{CELLS}\n')
    assert said(found) == [
        (2, "", "is not CSV: a quote is not closed or stands inside a cell"),
        (3, "", f"is longer than {MAX_LINE} bytes"),
    ]
    assert good(found) == [4]


def test_missing_unknown_and_doubled_columns_are_all_named() -> None:
    found = table("case,step,kind,case,strat\n")
    assert said(found) == [
        (1, "start", "column is missing"),
        (1, "case", "is the name of 2 columns"),
        (1, "strat", "is not a field of the exchange format"),
    ]


def test_a_bad_cell_is_reported_with_its_line_and_column() -> None:
    found = table(f"{HEADER}\n{CELLS}\n,S2,accept,x,yesterday\n")
    assert said(found) == [(3, "case", "is empty"), (3, "start", "yesterday is not a time")]


def test_an_empty_file_has_no_rows() -> None:
    assert jsonl("") == []
    assert table("") == []


garbage = st.binary(max_size=400) | st.text(st.sampled_from('",;\n\r\t{}[]:ab受\x00'), max_size=200).map(str.encode)


@given(garbage)
def test_garbage_in_json_lines_is_reported_line_by_line(body: bytes) -> None:
    found = jsonl(body)
    if not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        lines = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        assert {line for line, _ in found} >= {n for n, line in enumerate(lines, 1) if line.strip().startswith(b"{")}


@given(garbage, st.booleans())
def test_garbage_in_csv_is_reported_and_never_raised(body: bytes, with_header: bool) -> None:
    found = table((HEADER.encode() + b"\n" if with_header else b"") + body)
    assert [line for line, _ in found] == sorted({line for line, _ in found})
    for _, row in found:
        assert not isinstance(row, RowError) or row.problems
