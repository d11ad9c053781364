"""`hallwatch conform` needs nothing but the rows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from rich.cells import cell_len

from ingest.approvals.examples import example_row
from storage.models import RecordKind
from tests.web.commands.conftest import Run
from tests.web.pages.chinese import english_sentences

ROWS = [example_row(kind) for kind in RecordKind]


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_a_file_that_conforms_says_so(hallwatch: Run, tmp_path: Path) -> None:
    assert "It conforms." in hallwatch("conform", str(lines(tmp_path / "rows.jsonl", *ROWS))).output


def test_the_body_of_a_push_is_read_too(hallwatch: Run, tmp_path: Path) -> None:
    path = tmp_path / "body.json"
    path.write_text(json.dumps({"sequence": 1, "rows": ROWS}, indent=2), "utf-8")
    found = json.loads(hallwatch("conform", str(path), "--json").output)
    assert found["conforms"]
    assert found["counts"]["rating"]["good"] == 1


def test_what_is_wrong_is_listed_with_its_line_and_the_exit_code_is_1(hallwatch: Run, tmp_path: Path) -> None:
    path = lines(
        tmp_path / "rows.jsonl", ROWS[0], ROWS[1] | {"reason": "weather", "case": "2026-9"}, ROWS[1] | {"case": "X"}
    )
    told = hallwatch("conform", str(path), code=1).output
    assert "weather is not one of the words of this field" in told
    assert "It does not conform." in told


def test_what_would_be_carded_is_a_warning_in_the_language_that_is_asked_for(hallwatch: Run, tmp_path: Path) -> None:
    fee = example_row(RecordKind.FEE) | {"code": "ZZ", "name": "100 % 别的"}
    path = str(lines(tmp_path / "rows.jsonl", *(fee if row["record"] == "fee" else row for row in ROWS)))
    told = hallwatch("conform", path).output
    assert "ZZ is not among the fees of JZ-0103" in told
    assert "It conforms; warnings: 1." in told
    in_chinese = hallwatch("conform", path, "--language", "zh").output
    assert "ZZ 不在事项 JZ-0103 的收费项目之中" in in_chinese
    assert "符合标准；警告 1 条。" in in_chinese
    assert english_sentences(in_chinese) == []
    (note,) = json.loads(hallwatch("conform", path, "--json", "--language", "zh").output)["notes"]
    assert note["problem"] == "ZZ 不在事项 JZ-0103 的收费项目之中"


def test_on_a_narrow_terminal_nothing_is_cut_off(
    hallwatch: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fee = example_row(RecordKind.FEE) | {"code": "ZZ", "name": "别的"}
    path = str(lines(tmp_path / "rows.jsonl", *(fee if row["record"] == "fee" else row for row in ROWS)))
    monkeypatch.setattr("tests.web.commands.conftest.WIDTH", 60)
    told = hallwatch("conform", path, "--language", "zh").output
    assert max(map(cell_len, told.splitlines())) <= 60
    assert "…" not in told


def test_what_is_no_record_is_counted_as_none(hallwatch: Run, tmp_path: Path) -> None:
    """No JSON, no object, and a kind that there is not; what tells of no kind is a step."""
    path = lines(tmp_path / "rows.jsonl", *ROWS, [], {"record": "weather"}, {"case": "A"})
    path.write_text(path.read_text("utf-8") + "Internal Server Error\n", "utf-8")
    counts = json.loads(hallwatch("conform", str(path), "--json", code=1).output)["counts"]
    assert (counts["unknown"]["rows"], counts["unknown"]["refused"]) == (3, 3)
    assert (counts["step"]["rows"], counts["step"]["refused"]) == (2, 1)
    assert "no kind of record" in hallwatch("conform", str(path), code=1).output
    assert "不是记录" in hallwatch("conform", str(path), "--language", "zh", code=1).output


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "符合标准。"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "It conforms."),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_GB.UTF-8"}, "符合标准。"),
        ({"LC_MESSAGES": "zh_CN", "LANG": "de_DE.UTF-8"}, "符合标准。"),
        ({"LANG": "de_DE.UTF-8"}, "It conforms."),
        ({}, "It conforms."),
    ],
)
def test_it_speaks_the_language_of_the_terminal(
    hallwatch: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    path = str(lines(tmp_path / "rows.jsonl", *ROWS))
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert said in hallwatch("conform", path).output
    assert "It conforms." in hallwatch("conform", path, "--language", "en").output


@pytest.mark.parametrize(
    "source", ["nothing.jsonl", "ftp://host/rows", "http://127.0.0.1:9/rows.jsonl", "empty.jsonl", "array.json"]
)
def test_what_cannot_be_read_is_told_in_chinese_too(hallwatch: Run, tmp_path: Path, source: str) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "array.json").write_text("[]", "utf-8")
    path = tmp_path / source
    told = hallwatch("conform", str(path) if path.exists() else source, "--language", "zh", code=1).output
    assert english_sentences(told.replace("[Errno 111] Connection refused", "")) == []


def test_how_many_more_there_are_is_said(hallwatch: Run, tmp_path: Path) -> None:
    refused = (ROWS[0] | {"step": f"S{n}", "start": "then"} for n in range(1_002))
    suspension = example_row(RecordKind.SUSPENSION) | {"notice_number": ""}
    unnoticed = (suspension | {"id": f"R{n}"} for n in range(1_003))
    path = str(lines(tmp_path / "rows.jsonl", *ROWS, *refused, *unnoticed))
    told = hallwatch("conform", path, code=1).output
    assert "… and 2 more." in told
    assert "… and 3 more." in told
    found = json.loads(hallwatch("conform", path, "--json", code=1).output)
    assert (len(found["problems"]), found["more_problems"]) == (1_000, 2)
    assert (len(found["notes"]), found["more_notes"]) == (1_000, 3)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("nothing.jsonl", "There is no file nothing.jsonl"),
        (".", "There is no file ."),
        ("ftp://host/rows", "ftp://host/rows: only addresses that begin with http:// or https://"),
        ("http://127.0.0.1:9/rows.jsonl", "http://127.0.0.1:9/rows.jsonl cannot be fetched"),
    ],
)
def test_what_cannot_be_read_is_told_in_words(hallwatch: Run, source: str, problem: str) -> None:
    assert problem in hallwatch("conform", source, code=1).output


def test_an_address_is_fetched(hallwatch: Run, tmp_path: Path) -> None:
    lines(tmp_path / "rows.jsonl", *ROWS)
    with _served(tmp_path) as address:
        assert "It conforms." in hallwatch("conform", f"{address}/rows.jsonl").output
        assert "404" in hallwatch("conform", f"{address}/other.jsonl", code=1).output


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
