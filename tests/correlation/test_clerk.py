import threading
from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from correlation.clerk import Clerk

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_a_task_that_fails_does_not_stop_the_others_and_is_logged_once() -> None:
    times: list[datetime] = []

    def broken(now: datetime) -> int:
        raise OSError("store is away")

    def works(now: datetime) -> int:
        times.append(now)
        return 2

    clerk = Clerk([("broken", broken), ("works", works)])
    with capture_logs() as logs:
        assert clerk.run_once(NINE) == 2
        assert clerk.run_once(NINE + timedelta(seconds=2)) == 2
        clerk.run_once(NINE + timedelta(seconds=4))
    assert len(times) == 3
    assert [entry["event"] for entry in logs] == ["task_failed", "task_still_fails"]


def test_a_task_that_works_again_says_so() -> None:
    answers = iter([OSError("away"), None])

    def flaky(now: datetime) -> int:
        if (error := next(answers)) is not None:
            raise error
        return 1

    clerk = Clerk([("flaky", flaky)])
    with capture_logs() as logs:
        clerk.run_once(NINE)
        clerk.run_once(NINE)
    assert [entry["event"] for entry in logs] == ["task_failed", "task_works_again"]


def test_it_runs_until_it_is_told_to_stop() -> None:
    stop = threading.Event()
    runs: list[datetime] = []

    def task(now: datetime) -> int:
        runs.append(now)
        if len(runs) == 3:
            stop.set()
        return 1

    Clerk([("task", task)], clock=lambda: NINE).run(stop)
    assert runs == [NINE] * 3
