"""The approval platform loses no row, whatever the receiver does."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from ingest.approvals.parsing import parse_row
from ingest.approvals.records import StepRow
from ingest.simulator.platform import Platform, row_of
from ingest.simulator.script import story
from tests.servers import wait_until

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ROWS = [
    row_of(act.step, "260302090000", BEGIN, timedelta(0))
    for _, act in zip(range(300), story(1, 2, 20.0), strict=False)
    if act.step
]


class Receiver:
    """Takes pushes as Hallwatch does; `answers` makes it misbehave first."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.bodies: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self.paths: set[str] = set()
        self.keys: set[str] = set()
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def steps(self) -> list[str]:
        return [row["step"] for body in self.bodies for row in body["rows"]]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.paths.add(self.path)
                receiver.keys.add(self.headers["Authorization"])
                status = receiver.answers.pop(0) if receiver.answers else 200
                (receiver.bodies if status == 200 else receiver.refused).append(body)
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                pass

        return Handler


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.start()
    yield receiver
    receiver.stop()


@pytest.fixture
def platform(receiver: Receiver, tmp_path: Path) -> Iterator[Platform]:
    platform = Platform(f"http://127.0.0.1:{receiver.port}", "the-key", 0.05, tmp_path / "rows.jsonl", 100)
    platform.start()
    yield platform
    platform.stop()


def test_rows_arrive_in_order_with_growing_sequences_and_the_key(receiver: Receiver, platform: Platform) -> None:
    for row in ROWS[:20]:
        platform.add(row)
        time.sleep(0.01)
    wait_until(lambda: platform.pushed == 20)
    assert receiver.steps == [row["step"] for row in ROWS[:20]]
    assert [body["sequence"] for body in receiver.bodies] == list(range(100, 100 + len(receiver.bodies)))
    assert receiver.paths == {"/api/v1/sources/cc-sim-platform/batches"}
    assert receiver.keys == {"Bearer the-key"}


def test_nothing_is_lost_while_the_receiver_is_down(receiver: Receiver, platform: Platform) -> None:
    platform.add(ROWS[0])
    wait_until(lambda: platform.pushed == 1)
    receiver.stop()
    with capture_logs() as said:
        for row in ROWS[1:10]:
            platform.add(row)
        wait_until(lambda: "push_waits" in [entry["event"] for entry in said])
    assert platform.waiting == 9
    receiver.start()
    wait_until(lambda: platform.pushed == 10)
    assert receiver.steps == [row["step"] for row in ROWS[:10]]


def test_that_nobody_answers_yet_is_no_news_at_the_start(receiver: Receiver, tmp_path: Path) -> None:
    """As in the demo, whose platform has rows to push before the web server listens."""
    receiver.stop()
    platform = Platform(f"http://127.0.0.1:{receiver.port}", "k", 0.05, tmp_path / "rows.jsonl", 1)
    with socket.create_server(("127.0.0.1", receiver.port)) as deaf, capture_logs() as said:
        platform.start()
        platform.add(ROWS[0])
        for _ in range(2):
            deaf.accept()[0].close()
        deaf.close()
        receiver.start()
        wait_until(lambda: platform.pushed == 1)
        platform.stop()
    assert said == []


def test_that_nobody_has_answered_for_long_is_told(receiver: Receiver, tmp_path: Path) -> None:
    receiver.stop()
    platform = Platform(f"http://127.0.0.1:{receiver.port}", "k", 0.05, tmp_path / "rows.jsonl", 1, patience_s=1)
    with capture_logs() as said:
        platform.start()
        platform.add(ROWS[0])
        wait_until(lambda: [entry["event"] for entry in said] == ["push_waits"])
    platform.stop()


@pytest.mark.parametrize("status", [500, 503, 401, 404])
def test_a_refused_push_is_told_at_once_and_repeated_word_for_word(
    receiver: Receiver, platform: Platform, status: int
) -> None:
    receiver.answers = [status, status]
    with capture_logs() as said:
        for row in ROWS[:5]:
            platform.add(row)
        wait_until(lambda: platform.pushed == 5)
    assert [(entry["event"], entry["problem"]) for entry in said] == [("push_waits", f"HTTP {status}")]
    assert receiver.refused == [receiver.bodies[0]] * 2


def test_a_used_sequence_is_passed_over(receiver: Receiver, platform: Platform) -> None:
    receiver.answers = [409]
    platform.add(ROWS[0])
    wait_until(lambda: platform.pushed == 1)
    assert (receiver.refused[0]["sequence"], receiver.bodies[0]["sequence"]) == (100, 101)


def test_what_waits_is_pushed_at_the_end(receiver: Receiver, tmp_path: Path) -> None:
    platform = Platform(f"http://127.0.0.1:{receiver.port}", "k", 60, tmp_path / "rows.jsonl", 1)
    platform.start()
    platform.add(ROWS[0])
    platform.stop()
    assert receiver.steps == [ROWS[0]["step"]]


def test_every_row_is_written_down(receiver: Receiver, tmp_path: Path) -> None:
    platform = Platform(None, "", 0.05, tmp_path / "rows.jsonl", 1)
    platform.start()
    for row in ROWS:
        platform.add(row)
    platform.stop()
    assert [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()] == ROWS
    assert not receiver.bodies


def test_rows_follow_the_exchange_format() -> None:
    parsed = [parse_row(row) for row in ROWS]
    assert len(parsed) > 50
    assert all(isinstance(row, StepRow) for row in parsed)
    assert len({row["step"] for row in ROWS}) == len(ROWS)


def test_the_clock_of_the_platform_may_be_wrong() -> None:
    step = next(act.step for act in story(1, 1, 20.0) if act.step)
    right, ahead = (row_of(step, "r", BEGIN, timedelta(seconds=offset)) for offset in (0, 42))
    gain = datetime.fromisoformat(ahead["start"]) - datetime.fromisoformat(right["start"])
    assert gain == timedelta(seconds=42)


def _has_pushed(platform: Platform) -> bool:
    return platform.pushed == 1


def test_a_later_run_goes_on_with_the_number_after_the_last(receiver: Receiver, tmp_path: Path) -> None:
    """A leap would be batches that are missing; the demo, started again, had a hundred thousands of them."""
    for run in range(3):
        later = Platform(f"http://127.0.0.1:{receiver.port}", "k", 0.05, tmp_path / "rows.jsonl", 100 * (run + 1))
        later.start()
        later.add(ROWS[run])
        wait_until(partial(_has_pushed, later))
        later.stop()
    assert [body["sequence"] for body in receiver.bodies] == [100, 101, 102]
