"""A job that keeps failing is shown, told once, and over when it works again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from ingest.video import journal, recorder, refused_files, uploader
from storage.database import Database
from storage.failures import Failure, Failures
from storage.models import NODE_SILENT_AFTER, Alert, AlertKind, AlertState, Node
from tests.web.conftest import NOON, SignedIn
from web.failure_watch import TOLD_AFTER, FailureWatch, keeps_failing
from web.heartbeat import Heartbeat
from web.pages.code_words import JOB_WORDS
from web.roles import clerks
from web.services import Services
from web.silence import forget

STEP = timedelta(seconds=25)
"""Shorter than a silence; a clerk looks more often."""
LONG = TOLD_AFTER + STEP
BROKEN = OSError("https://user:geheim@store.test is broken")


class Process:
    """A clerk whose jobs work or fail, and the watch beside it; at each step both say so."""

    def __init__(self, database: Database, started: datetime = NOON) -> None:
        self.failures, self.now, self._started = Failures(), started, started
        self._watch = FailureWatch(database)
        self._heartbeat = Heartbeat(database, "clerk-1", "clerk", lambda: self.now, self.failures)

    def run(self, span: timedelta, failing: Sequence[str] = (), working: Sequence[str] = ()) -> int:
        """The number of changes."""
        end, changes = self.now + span, 0
        while self.now < end:
            self.now += STEP
            for job in failing:
                self.failures.failed(job, BROKEN, self.now)
            for job in working:
                self.failures.succeeded(job)
            self._heartbeat.beat(self._started, self.now)
            changes += self._watch.run_once(self.now)
        return changes


def alerts(database: Database) -> list[tuple[str | None, AlertState]]:
    with database.transaction() as session:
        found = session.exec(select(Alert).where(Alert.kind == AlertKind.JOB_FAILING).order_by(col(Alert.id)))
        return [(alert.job_name, alert.state) for alert in found]


def test_a_job_that_keeps_failing_is_one_alert_until_it_works(database: Database) -> None:
    clerk = Process(database)
    assert clerk.run(TOLD_AFTER, failing=["expiry"], working=["link"]) == 0
    assert clerk.run(LONG, failing=["expiry"]) == 1
    assert alerts(database) == [("expiry", AlertState.RAISED)]
    with database.transaction() as session:
        [alert] = session.exec(select(Alert))
        assert (alert.node_name, alert.hall_id, alert.failing_since) == ("clerk-1", None, NOON + STEP)
    assert clerk.run(STEP, working=["expiry"]) == 1
    assert alerts(database) == [("expiry", AlertState.RESOLVED)]
    assert clerk.run(2 * LONG, failing=["expiry"]) == 1
    assert [state for _, state in alerts(database)] == [AlertState.RESOLVED, AlertState.RAISED]


def test_two_clerks_raise_one_alert(database: Database) -> None:
    clerk, other = Process(database), FailureWatch(database)
    for _ in range(LONG // STEP + 1):
        clerk.run(STEP, failing=["expiry"])
        assert other.run_once(clerk.now) == 0
    assert len(alerts(database)) == 1


def test_a_restart_does_not_end_the_alert_of_a_job_that_goes_on_failing(sqlite_database: Database) -> None:
    before = Process(sqlite_database)
    before.run(2 * LONG, failing=["expiry"])
    after = Process(sqlite_database, before.now)
    after.run(STEP)  # it has not had its turn yet
    after.run(2 * LONG, failing=["expiry"])
    assert alerts(sqlite_database) == [("expiry", AlertState.RAISED)]
    mended = Process(sqlite_database, after.now)
    mended.run(LONG)
    assert alerts(sqlite_database) == [("expiry", AlertState.RESOLVED)]


def test_what_failed_while_the_database_was_away_is_nobodys_fault(sqlite_database: Database) -> None:
    clerk = Process(sqlite_database)
    clerk.run(STEP)
    for _ in range(100):
        clerk.now += NODE_SILENT_AFTER
        clerk.failures.failed("abandoned", BROKEN, clerk.now)
    assert clerk.run(2 * LONG) == 0
    assert clerk.run(2 * LONG, failing=["abandoned"]) == 1


def test_a_process_that_is_not_coming_back_has_no_jobs(sqlite_database: Database) -> None:
    clerk = Process(sqlite_database)
    clerk.run(2 * LONG, failing=["expiry"])
    with sqlite_database.transaction() as session:
        forget(session, session.exec(select(Node)).one(), clerk.now)
    FailureWatch(sqlite_database).run_once(clerk.now + STEP)
    assert alerts(sqlite_database) == [("expiry", AlertState.RESOLVED)]


SECONDS = st.integers(0, 3600).map(lambda seconds: timedelta(seconds=seconds))


@given(SECONDS, SECONDS, SECONDS, st.integers(1, 5))
def test_only_failures_that_were_witnessed_for_long_enough_are_told(
    since: timedelta, lasted: timedelta, looking: timedelta, count: int
) -> None:
    last = since + lasted
    failure = Failure("expiry", NOON + since, NOON + last, count, "")
    for now in (last, last + STEP, last + TOLD_AFTER):
        if keeps_failing(failure, NOON + looking, NOON + now):
            assert count > 1
            assert last >= looking
            assert now - max(since, looking) >= TOLD_AFTER


@given(SECONDS, SECONDS)
def test_what_does_not_pass_by_itself_is_told_the_first_time_that_it_is_witnessed(
    since: timedelta, looking: timedelta
) -> None:
    failure = Failure("changed_files", NOON + since, NOON + since, 1, "", at_once=True)
    assert keeps_failing(failure, NOON + looking, NOON + since) is (since >= looking)


def test_every_job_of_clerks_and_recorders_has_words(services: Services) -> None:
    jobs = {job for clerk in clerks(services) for job in clerk.jobs}
    assert jobs
    recorders = {recorder.JOB, journal.JOB, refused_files.JOB, uploader.JOB, uploader.CHANGED_FILES}
    assert jobs | recorders <= JOB_WORDS.keys()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("Deleting what is due", "clerk-1: failed 26 times since", "OSError: https://***@store.test is broken"),
        ),
        ("zh_CN", ("删除到期录像", "clerk-1：自", "失败 26 次")),
    ],
)
def test_the_health_page_and_the_alerts_tell_it_in_words(
    services: Services, signed_in: SignedIn, language: str, words: Sequence[str]
) -> None:
    clerk = Process(services.database)
    clerk.run(2 * LONG, failing=["expiry"])
    admin = signed_in("admin")
    page = admin.get(f"/health?lang={language}").text
    assert [word for word in words if word not in page] == []
    assert "geheim" not in page
    [job] = admin.get("/health.json").json()["failing"]
    assert (job["node"], job["job"], job["failures"]) == ("clerk-1", "expiry", 26)
    told = signed_in("supervisor").get(f"/alerts?kind=job_failing&lang={language}").text
    assert words[0] in told
    assert ("A job keeps failing" in told) == (language == "en")
