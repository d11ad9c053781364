"""Two watchers on one database: one watches, and the other says so."""

from pathlib import Path
from threading import Event

import pytest
from sqlmodel import select

from analytics.diary import AnotherWatcher, Diary
from analytics.looker import Looker
from analytics.watch import Watch
from analytics.watcher import Watcher, WatcherSettings
from storage.database import Database
from storage.models import Node
from tests.analytics.scenes import at
from tests.analytics.world import MarkerDetector, World
from tests.sample import a_hall
from tests.servers import LIMIT_S
from web.sole_watcher import claim, instance_of

NODE = "watcher-1"


@pytest.fixture
def site(sqlite_database: Database) -> Database:
    with sqlite_database.transaction() as session:
        a_hall(session)
    return sqlite_database


def beat(database: Database, instance: str, second: float) -> None:
    """As a watcher that begins to watch."""
    watch, diary = Watch(Looker(MarkerDetector())), Diary(database, "marker", NODE, at(second), instance)
    diary.follow(watch, at(second))
    diary.write(watch, at(second), {})


def holder(database: Database) -> str:
    with database.transaction() as session:
        found: str = session.exec(select(Node.detail)).one()["instance"]
        return found


def nobody_waits(seconds: float) -> None:
    raise AssertionError(f"{seconds} s")


def test_while_another_gives_signs_of_life_the_second_is_refused(site: Database) -> None:
    """However wrong the clock of one of the two is."""
    beat(site, "hall-a 1", 0)
    with pytest.raises(AnotherWatcher, match=r"another watcher \(hall-a 1\) watches on this database; stop one"):
        claim(site, NODE, "hall-b 2", lambda _seconds: beat(site, "hall-a 1", 86400))
    assert holder(site) == "hall-a 1"


def test_where_the_other_is_silent_it_is_taken_over_from_with_all_that_it_knew(site: Database) -> None:
    beat(site, "hall-a 1", 0)
    with site.transaction() as session:
        before = session.exec(select(Node)).one()
    claim(site, NODE, "hall-b 2", lambda _seconds: None)
    with site.transaction() as session:
        after = session.exec(select(Node)).one()
    assert after.detail == {**before.detail, "instance": "hall-b 2"}
    assert after.heartbeat == before.heartbeat, "how long nobody watched is told by it"
    beat(site, "hall-b 2", 3)
    with pytest.raises(AnotherWatcher):
        beat(site, "hall-a 1", 4)


def test_nobody_waits_where_there_was_none_or_the_same_was_killed(site: Database) -> None:
    claim(site, NODE, "hall-a 1", nobody_waits)
    beat(site, "hall-a 1", 0)
    claim(site, NODE, "hall-a 1", nobody_waits)


def test_a_watcher_that_another_has_taken_over_from_ends(site: Database) -> None:
    world, ended = World(site, lambda _second: "staff"), Event()
    settings = WatcherSettings(instance="hall-a 1")
    watcher = Watcher(site, MarkerDetector(), world.live, world, settings, world.now, on_another=ended.set)
    beat(site, "hall-b 2", 0)
    watcher.start()
    assert ended.wait(LIMIT_S)
    watcher.stop()
    assert holder(site) == "hall-b 2"


def test_a_folder_has_one_name_for_good_and_no_other_has_it(tmp_path: Path) -> None:
    first, second = instance_of(tmp_path / "a"), instance_of(tmp_path / "b")
    assert first == instance_of(tmp_path / "a")
    assert first != second
