"""What a process says of its jobs that fail: which, since when, how often, and why in one line without secrets."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from storage.failures import DETAIL, Failures, failures_told, in_one_line

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.booleans())))
def test_a_job_is_told_from_its_first_failure_until_it_works(course: list[tuple[str, bool]]) -> None:
    failures = Failures()
    expected: dict[str, list[datetime]] = {"a": [], "b": []}
    for number, (job, works) in enumerate(course):
        now = NOON + number * SECOND
        if works:
            failures.succeeded(job)
            expected[job] = []
        else:
            failures.failed(job, RuntimeError("broken"), now)
            expected[job].append(now)
    told = {failure.job: (failure.since, failure.last, failure.count) for failure in failures_told(failures.told())}
    assert told == {job: (times[0], times[-1], len(times)) for job, times in expected.items() if times}


def test_a_process_whose_jobs_all_work_says_nothing_of_them() -> None:
    assert DETAIL not in Failures().told()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("no such place\nand more"), "ValueError: no such place"),
        (ValueError(), "ValueError"),
        (OSError("https://user:geheim@store.test/x is away"), "OSError: https://***@store.test/x is away"),
        (
            IntegrityError("INSERT ...", {"name": "张三"}, ValueError("UNIQUE failed: a.b")),
            "ValueError: UNIQUE failed: a.b",
        ),
        (RuntimeError("x" * 500), "RuntimeError: " + "x" * 286),
    ],
)
def test_an_error_is_one_line_without_passwords_and_without_anybodys_data(error: Exception, line: str) -> None:
    assert in_one_line(error) == line
