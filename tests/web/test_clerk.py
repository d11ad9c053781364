"""The clerk's jobs come round again and again, and none of them waits for a service outside."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlmodel import select
from structlog.testing import capture_logs

from storage.database import Database
from storage.failures import Failures, failures_told
from storage.models import Case, Deadline, FootageLink
from tests.servers import LIMIT_S, wait_until
from tests.web.conftest import NOON
from web.channels import put_channel
from web.clerk import Clerk, Job, at_work
from web.declarations import ChannelDeclaration
from web.roles import clerks
from web.services import Services


@pytest.fixture
def dead_service() -> Iterator[socket.socket]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_a_dead_mail_server_does_not_delay_links(services: Services, dead_service: socket.socket) -> None:
    address = SecretStr(f"json://127.0.0.1:{dead_service.getsockname()[1]}/")
    with services.database.transaction() as session:
        dead = ChannelDeclaration(name="dead", url=address)
        put_channel(session, dead, services.secrets, NOON - timedelta(hours=1))
    linking, notifying, *_ = clerks(services)
    dead_service.settimeout(20)
    with at_work(notifying):
        connection, _ = dead_service.accept()  # the message is on its way, and stays there
        with connection, at_work(linking):
            wait_until(lambda: is_linked(services))


def is_linked(services: Services) -> bool:
    with services.database.transaction() as session:
        return session.exec(select(FootageLink)).first() is not None


def test_the_clerks_reckon_the_limits_of_what_was_told(services: Services) -> None:
    _, _, timing, *_ = clerks(services)
    timing.run_due(NOON)
    with services.database.transaction() as session:
        cases = session.exec(select(Case)).all()
        deadlines = session.exec(select(Deadline)).all()
    assert {deadline.case_id for deadline in deadlines} == {case.id for case in cases} != set()


def test_a_clock_that_was_ahead_and_is_set_back_makes_no_job_wait() -> None:
    ran: list[datetime] = []

    def run(now: datetime) -> int:
        ran.append(now)
        return 1

    job = Job("one", run, timedelta(minutes=1))
    clerk = Clerk([job], lambda: NOON, Failures())
    ahead = NOON + timedelta(hours=8)
    for now in (ahead, ahead + timedelta(seconds=59), NOON, NOON + timedelta(seconds=59), NOON + timedelta(minutes=1)):
        clerk.run_due(now)
    assert ran == [ahead, NOON, NOON + timedelta(minutes=1)]


def test_all_clerks_have_stopped_after_the_block() -> None:
    before = set(threading.enumerate())
    ran = [threading.Event(), threading.Event()]
    jobs = [Job(str(number), _setting(event), timedelta(0)) for number, event in enumerate(ran)]
    with at_work(*(Clerk([job], lambda: NOON, Failures()) for job in jobs)):
        assert all(event.wait(LIMIT_S) for event in ran)
        assert len(set(threading.enumerate()) - before) == 2
    assert set(threading.enumerate()) - before == set()


def _setting(event: threading.Event) -> Callable[[datetime], int]:
    def job(_now: datetime) -> int:
        event.set()
        return 0

    return job


def test_a_job_that_fails_does_not_stop_the_others() -> None:
    ran = threading.Event()

    def broken(_now: datetime) -> int:
        raise RuntimeError("this job is broken")

    failures = Failures()
    jobs = [Job("broken", broken, timedelta(0)), Job("good", _setting(ran), timedelta(0))]
    Clerk(jobs, lambda: NOON, failures).run_due(NOON)
    assert ran.is_set()
    [failure] = failures_told(failures.told())
    assert (failure.job, failure.since, failure.error) == ("broken", NOON, "RuntimeError: this job is broken")


@pytest.mark.parametrize("url", ["postgresql://hall:geheim@127.0.0.1:1/none", "sqlite:////no-such-folder/hall.db"])
def test_of_a_database_that_is_away_each_job_says_one_line(url: str) -> None:
    with closing(Database(url)) as database, capture_logs() as lines:
        failures = Failures()
        Clerk([Job("asking", _asking(database, "SELECT 1"), timedelta(0))], lambda: NOON, failures).run_due(NOON)
    [line] = lines
    assert (line["event"], line["job"], line["log_level"]) == ("database_unavailable", "asking", "warning")
    assert "exc_info" not in line
    assert "OperationalError" in line["error"]
    assert "\n" not in line["error"]
    assert "geheim" not in line["error"]
    assert [failure.job for failure in failures_told(failures.told())] == ["asking"]


def test_of_a_database_that_goes_away_meanwhile_a_job_says_one_line(postgres_database: Database) -> None:
    end_of_it = "SELECT pg_terminate_backend(pg_backend_pid())"
    asking = Job("asking", _asking(postgres_database, end_of_it), timedelta(0))
    with capture_logs() as lines:
        Clerk([asking], lambda: NOON, Failures()).run_due(NOON)
    assert [line["event"] for line in lines] == ["database_unavailable"]


def test_of_a_job_that_asks_for_what_is_not_there_the_log_says_where(services: Services) -> None:
    asking = Job("asking", _asking(services.database, "SELECT nothing FROM nowhere"), timedelta(0))
    with capture_logs() as lines:
        Clerk([asking], lambda: NOON, Failures()).run_due(NOON)
    [line] = lines
    assert (line["event"], line["exc_info"]) == ("clerk_job_failed", True)


def _asking(database: Database, statement: str) -> Callable[[datetime], int]:
    def job(_now: datetime) -> int:
        with database.transaction() as session:
            session.connection().exec_driver_sql(statement)
        return 0

    return job


def test_a_job_that_works_again_fails_no_more() -> None:
    failures, outcomes = Failures(), iter([OSError("away"), None])

    def job(_now: datetime) -> int:
        if error := next(outcomes):
            raise error
        return 0

    clerk = Clerk([Job("job", job, timedelta(0))], lambda: NOON, failures)
    clerk.run_due(NOON)
    assert failures.told() != {}
    clerk.run_due(NOON)
    assert failures.told() == {}


def test_who_is_woken_does_not_wait_for_the_next_tick() -> None:
    ran, other = threading.Semaphore(0), threading.Semaphore(0)

    def counted(ran: threading.Semaphore) -> Callable[[datetime], int]:
        def job(_now: datetime) -> int:
            ran.release()
            return 0

        return job

    hour = timedelta(hours=1)
    jobs = [Job("woken", counted(ran), hour, is_woken=True), Job("other", counted(other), hour)]
    clerk = Clerk(jobs, lambda: NOON, Failures(), tick_s=hour.total_seconds())
    with at_work(clerk):
        for _ in range(2):
            clerk.wake()
            assert ran.acquire(timeout=LIMIT_S)
    assert not ran.acquire(blocking=False)
    assert other.acquire(blocking=False), "at its own time"
    assert not other.acquire(blocking=False)


def test_who_is_woken_runs_again_at_once_until_nothing_is_left_to_do() -> None:
    left, idle = [3, 2, 1, 0], threading.Event()

    def job(_now: datetime) -> int:
        there = left.pop(0)
        if not there:
            idle.set()
        return there

    hour = timedelta(hours=1)
    clerk = Clerk([Job("job", job, hour, is_woken=True)], lambda: NOON, Failures(), tick_s=hour.total_seconds())
    with at_work(clerk):
        clerk.wake()
        assert idle.wait(LIMIT_S)


def test_a_clerk_who_is_told_to_stop_begins_no_further_job() -> None:
    ran, stop = threading.Event(), threading.Event()

    jobs = [Job("last", _setting(stop), timedelta(0)), Job("next", _setting(ran), timedelta(0))]
    clerk = Clerk(jobs, lambda: NOON, Failures(), stop)
    clerk.run_due(NOON)
    assert stop.is_set()
    assert not ran.is_set()
