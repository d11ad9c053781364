"""`hallwatch init`: one that failed leaves nothing behind, and one that comes too late says what it did not do."""

import os
from pathlib import Path

import pytest

from tests.web.commands.conftest import Run
from web.settings_file import read_settings

STRONG = "long enough for anybody"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--data-dir", "a-file"), "a-file is a file; name a folder"),
        (("--password", "abc"), "A password has at least 10 characters"),
        (("--admin", "bad name!"), "A sign-in name has at most 64 letters, digits"),
        (("--listen", "8080"), "--listen must be host:port"),
    ],
)
def test_after_an_init_that_failed_the_corrected_command_works(
    hallwatch: Run, config: Path, wrong: tuple[str, str], said: str
) -> None:
    (config.parent / "a-file").touch()
    corrected = {"--data-dir": "data", "--password": STRONG, "--admin": "li.wei", "--listen": "127.0.0.1:9000"}
    assert said in hallwatch("init", "--yes", *wrong, code=1).output
    assert not config.exists()
    output = hallwatch("init", "--yes", *(word for pair in corrected.items() for word in pair)).output
    assert f"Wrote {config}." in output
    assert "Made the administrator li.wei." in output
    settings = read_settings(config)
    assert (settings.data_dir, settings.web.listen) == (config.parent / "data", "127.0.0.1:9000")


def test_where_the_file_cannot_be_written_no_administrator_is_made(hallwatch: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").touch()
    elsewhere = ("init", "--yes", "--config", str(tmp_path / "folder" / "hallwatch.toml"), "--data-dir")
    hallwatch(*elsewhere, str(tmp_path / "data"), code=1)
    (tmp_path / "folder").unlink()
    assert "Made the administrator admin" in hallwatch(*elsewhere, str(tmp_path / "data")).output


def test_what_the_file_says_otherwise_is_told_as_not_applied(hallwatch: Run, config: Path) -> None:
    hallwatch("init", "--yes", "--data-dir", "data", "--listen", "127.0.0.1:9000")
    output = hallwatch("init", "--yes", "--data-dir", "other", "--listen", "0.0.0.0:80", "--admin", "li").output
    assert f"{config} is there already and stays as it is." in output
    assert f"--data-dir other is NOT applied, because {config} is there: change `data_dir` in it." in output
    assert f"--listen 0.0.0.0:80 is NOT applied, because {config} is there: change `listen` under [web]" in output
    assert "--admin li is NOT applied, because there is an administrator: `hallwatch user add li --role" in output
    output = hallwatch("init", "--yes", "--password", STRONG).output
    assert "--password is NOT applied, because there is an administrator: `hallwatch user password NAME`" in output


def test_the_same_command_again_complains_of_nothing(hallwatch: Run) -> None:
    command = ("init", "--yes", "--data-dir", "data", "--listen", "127.0.0.1:9000", "--admin", "li.wei")
    hallwatch(*command)
    assert "NOT applied" not in hallwatch(*command).output
    assert "NOT applied" not in hallwatch("init", "--yes").output


def test_a_folder_is_not_said_to_stay_as_it_is(hallwatch: Run, tmp_path: Path) -> None:
    output = hallwatch("init", "--yes", "--config", str(tmp_path), code=1).output
    assert f"is a folder → name the file in it, {tmp_path / 'hallwatch.toml'}" in output
    assert "already" not in output


def test_a_variable_of_the_environment_may_stand_in_an_option(hallwatch: Run, config: Path) -> None:
    os.environ["HALLWATCH_TEST_PLACE"] = "placed"
    try:
        hallwatch("init", "--yes", "--data-dir", "${HALLWATCH_TEST_PLACE}")
        assert (config.parent / "placed" / "hallwatch.db").exists()
    finally:
        del os.environ["HALLWATCH_TEST_PLACE"]
