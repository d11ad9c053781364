"""`hallwatch fsck` and `hallwatch recover`, as people call them."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import delete, select, update

from ingest.video.uploader import Uploader
from ingest.video.writer import settle
from storage.deletion_pause import paused_since
from storage.models import AccessEntry, Camera, Location, Segment, View
from tests.ingest.video.encoded import gops, packets
from tests.ingest.video.spooled import some_gops, write
from tests.ingest.video.test_clip import recorded
from tests.sample import a_hall
from tests.web.commands.conftest import Run
from web.composition import build_services
from web.one_instance import only_one
from web.services import Services
from web.settings_file import read_settings


@pytest.fixture
def services(hallwatch: Run, config: Path) -> Services:
    hallwatch("init", "--yes", "--password", "a long enough password")
    return build_services(read_settings(config))


@pytest.fixture
def footage(services: Services) -> Services:
    """Of a camera that the site has, uploaded."""
    spool = services.footage.spool
    with services.database.transaction() as session:
        a_hall(session)
        session.add_all(recorded(spool, gops(packets(100))))
    while Uploader(services.database, services.store, spool).run_once():
        pass
    return services


def test_what_agrees_ends_with_exit_code_0(hallwatch: Run, footage: Services) -> None:
    assert "2 segments looked at (hashes): all in order." in hallwatch("fsck", "--depth", "hashes").output


def test_what_does_not_agree_is_named_with_what_to_do_and_ends_with_exit_code_1(
    hallwatch: Run, footage: Services
) -> None:
    with footage.database.transaction() as session:
        session.delete(session.exec(select(Segment)).first())
    said = hallwatch("fsck", code=1).output
    assert "has no row; `hallwatch recover` makes one" in said
    assert "1 without a row" in said
    assert "1" in hallwatch("recover").output
    hallwatch("fsck", "--depth", "rows")

    with footage.database.transaction() as session:
        session.exec(update(Segment).values(location=Location.SPOOL))
        key = session.exec(select(Segment.key)).all()[0]
    footage.store.delete(key)
    assert "1 neither here nor in the store" in hallwatch("fsck", code=1).output
    with only_one(footage.settings.run_folder, ["recorder"]):
        assert f"{key}: its row has no bytes: neither spool nor store holds it" in hallwatch("fsck", code=1).output


def test_a_database_of_another_version_is_told_with_what_to_do(hallwatch: Run, footage: Services) -> None:
    with footage.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE segment DROP COLUMN sha256"))
    said = hallwatch("fsck", code=1).output
    assert "sha256" in said
    assert "`hallwatch init` brings them to this one" in said


def test_a_camera_that_is_not_there_is_told(hallwatch: Run, footage: Services) -> None:
    assert "There is no camera 'cam-9'; there are: cc-cam-1." in hallwatch("fsck", "--camera", "cam-9", code=1).output


def test_cameras_that_are_lost_too_can_be_made_switched_off_in_a_hall_of_their_own(
    hallwatch: Run, footage: Services
) -> None:
    with footage.database.transaction() as session:
        for table in (Segment, View, Camera):
            session.exec(delete(table))
    said = hallwatch("recover", code=1).output
    assert "Not declared: cc-cam-1. Declare them, or run again with --add-cameras." in said
    hallwatch("recover", "--dry-run", "--add-cameras")
    hallwatch("recover", "--add-cameras")
    with footage.database.transaction() as session:
        camera = session.exec(select(Camera)).one()
        assert (camera.hall_id, camera.enabled) == ("recovered", False)
        assert [row.location for row in session.exec(select(Segment))] == [Location.STORED] * 2


def test_what_got_its_row_before_cameras_were_made_is_told_as_that(hallwatch: Run, footage: Services) -> None:
    """It was told as footage that had its row already, though the index was empty."""
    stray = write(footage.footage.spool, 1, some_gops(), "cc-cam-9")
    settle(footage.footage.spool, stray.key)
    footage.store.put(stray.key, footage.footage.spool / stray.key, stray.sha256)
    with footage.database.transaction() as session:
        session.exec(delete(Segment))
    said = hallwatch("recover", "--add-cameras").output
    assert re.search(r"got their row\W+3\b", said)
    assert re.search(r"had it already\W+0\b", said)
    said = hallwatch("recover", "--add-cameras").output
    assert re.search(r"got their row\W+0\b", said)
    assert re.search(r"had it already\W+3\b", said)


def test_a_camera_that_neither_the_site_nor_the_store_has_is_told(hallwatch: Run, footage: Services) -> None:
    assert "There is no camera 'nope'; there are: " in hallwatch("recover", "--camera", "nope", code=1).output


def test_deletion_goes_on_once_somebody_says_so_and_who_is_logged(hallwatch: Run, footage: Services) -> None:
    said = hallwatch("recover", "--dry-run").output
    assert "Nothing is deleted" not in said
    said = hallwatch("recover").output
    assert "Nothing is deleted from now on" in said
    assert "let deletion go on under Deleted footage" in said
    for words in ("What is due is deleted again.", "Deletion was not paused."):
        assert words in hallwatch("recover", "--delete-again", "--by", "li").output
    with footage.database.transaction() as session:
        assert paused_since(session) is None
        assert [entry.command_by for entry in session.exec(select(AccessEntry))] == ["li"]
