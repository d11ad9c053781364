"""The watch while the database is away, and time that it missed."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from analytics import watcher
from storage.database import Database
from storage.models import Absence, Reanalysis
from tests.analytics.test_watcher import (
    STAFFED,
    THRESHOLD,
    UNKNOWN,
    UNSTAFFED,
    a_world,
    close_to,
    edges,
    presence,
    rows,
    running,
)
from tests.analytics.world import World


class Leaving(Database):
    """A database whose server can be stopped."""

    is_away = False

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        if self.is_away:
            raise OperationalError("SELECT 1", {}, ConnectionError("the server closed the connection"))
        with super().transaction() as session:
            yield session


def test_the_watch_goes_on_while_the_database_is_away(sqlite_database: Database) -> None:
    with closing(Leaving(sqlite_database.url)) as leaving:
        world = a_world(leaving, lambda t: "nobody" if t < 30 or t >= 52 else "staff")
        with running(world):
            world.wait_until(lambda: bool(rows(world, Absence)), within=THRESHOLD + 5)
            leaving.is_away = True
            world.wait_until(lambda: world.seconds() > 60, within=60)
            leaving.is_away = False
            world.wait_until(lambda: len(edges(world)) == 3, within=10)
        assert [state for state, _ in edges(world)] == [UNSTAFFED, STAFFED, UNSTAFFED]
        assert all(close_to(moment, true) for (_, moment), true in zip(edges(world)[1:], (30, 52), strict=True))
        (absence,) = rows(world, Absence)
        assert (absence.ended_by, close_to(absence.end, 30)) == ("returned", True)


def test_a_hole_in_the_looks_is_looked_at_again_once_its_footage_is_there(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "staff" if 30 <= t < 36 else "nobody")
    with running(world):
        world.wait_until(lambda: bool(rows(world, Absence)), within=THRESHOLD + 5)
        world.is_watched = False
        stalled = world.seconds()
        world.wait_until(lambda: world.seconds() > stalled + 18, within=20)
        world.is_watched = True
        world.wait_until(lambda: UNKNOWN in {state for state, _ in edges(world)}, within=20)
        world.wait_until(lambda: any(row.done_at for row in rows(world, Reanalysis)), within=100)
    assert {row.asked_by for row in rows(world, Reanalysis)} == {"watcher"}
    assert [state for state, _ in edges(world)] == [UNSTAFFED, STAFFED, UNSTAFFED]
    assert "gap" not in {row.reason for row in presence(world)}
    first, *_ = rows(world, Absence)
    assert (first.ended_by, close_to(first.start, 0)) == ("returned", True)


@contextmanager
def looked_at_again(world: World) -> Iterator[None]:
    """A watch that was away too long to catch up with all of it, from when that has been looked at afterwards."""
    with running(world):
        world.wait_until(lambda: bool(rows(world, Absence)), within=THRESHOLD + 5)
    world.wait_until(lambda: world.seconds() > 100, within=100)
    world.catch_up_budget = timedelta(seconds=1)
    with running(world):
        world.wait_until(lambda: [bool(row.done_at) for row in rows(world, Reanalysis)] == [True], within=500)
        yield


def test_what_is_too_long_ago_to_catch_up_with_is_looked_at_again_afterwards(sqlite_database: Database) -> None:
    world = a_world(sqlite_database, lambda t: "staff" if 40 <= t < 60 else "nobody")
    with looked_at_again(world):
        pass
    assert [state for state, _ in edges(world)] == [UNSTAFFED, STAFFED, UNSTAFFED]
    assert all(close_to(moment, true) for (_, moment), true in zip(edges(world)[1:], (40, 60), strict=True))
    lasting = [absence for absence in rows(world, Absence) if absence.ended_by != "withdrawn"]
    assert [(absence.ended_by, absence.end is None) for absence in lasting] == [("returned", False), ("", True)]
    assert close_to(lasting[1].start, 60)


def test_an_absence_that_was_judged_anew_is_not_begun_once_more_by_what_is_remembered_of_it(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_PLAN_EVERY", timedelta(seconds=1000))  # so long what was remembered stands
    comes: list[float] = []
    world = a_world(
        sqlite_database,
        lambda t: "staff" if 40 <= t < 60 else "customer" if comes and t >= comes[0] else "nobody",
    )
    with looked_at_again(world):
        comes.append(world.seconds() + 1)
        world.wait_until(lambda: world.seconds() > comes[0] + 20, within=30)
    assert [absence.ended_by for absence in rows(world, Absence) if absence.ended_by != "withdrawn"] == ["returned", ""]
