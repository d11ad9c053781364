"""What is wrong in the demo is told, and nothing else."""

import json
import logging
from pathlib import Path

import pytest
import structlog

from web.commands.demo import stopped
from web.commands.demo_log import logging_into, told, warnings_of


def line(**fields: object) -> str:
    return json.dumps({"timestamp": "2026-11-23T00:00:00Z", "role": "recorder", **fields})


def test_only_what_is_wrong_is_told() -> None:
    assert told(line(level="info", event="role_started")) is None
    assert told("not a log line") is None
    assert told(line(level="warning", event="camera_lost", camera="cc-1")) == "recorder: camera_lost camera=cc-1"


def test_warnings_written_meanwhile_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "demo.log"
    file.write_text(line(level="error", event="of_yesterday") + "\n")
    with warnings_of(file), file.open("a") as log:
        log.write(line(level="info", event="quiet") + "\n" + line(level="error", event="loud") + "\n")
    told_now = capsys.readouterr().err
    assert "recorder: loud" in told_now
    assert "of_yesterday" not in told_now
    assert "quiet" in file.read_text()
    assert "of_yesterday" in file.read_text()


def test_what_becomes_of_a_process_is_told_in_words_and_stands_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "demo.log"
    handlers = logging.root.handlers[:]
    try:
        with warnings_of(file), logging_into(file):
            structlog.get_logger().warning("worker_ended", worker="watcher", status="SIGKILL", restart_in_s=0.5)
            structlog.get_logger().error("worker_killed", worker="recorder", waited_s=20.0)
    finally:
        structlog.reset_defaults()
        logging.root.handlers[:] = handlers
    assert capsys.readouterr().err.splitlines() == [
        "The process “watcher” has ended (SIGKILL); it is started again after 0.5 s.",
        "The process “recorder” had not stopped after 20 s and was killed.",
    ]
    assert [json.loads(each)["role"] for each in file.read_text().splitlines()] == ["demo", "demo"]


def test_a_large_log_makes_room(tmp_path: Path) -> None:
    file = tmp_path / "demo.log"
    file.write_bytes(b"x" * 10_000_001)
    with warnings_of(file):
        pass
    assert file.read_bytes() == b""
    assert (tmp_path / "demo.log.1").stat().st_size == 10_000_001


def test_the_last_line_says_where_the_log_is_if_there_is_one() -> None:
    assert "the log is in hall/demo.log." in stopped(Path("hall"), Path("hall/demo.log"))
    assert "log" not in stopped(Path("hall"), None)
