"""The command line as people use it, each test with an installation of its own."""

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from tests.web.test_settings_file import GOOD
from web.cli import app
from web.commands.plain_errors import err, out

Run = Callable[..., Result]
WIDTH = 200


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Commands set up logging for their process; here they share one with all other tests."""
    handlers = logging.root.handlers[:]
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "hallwatch.toml"


@pytest.fixture
def hallwatch(config: Path) -> Run:
    """`hallwatch("user", "list")`, with the configuration of this test."""
    return run_with(config)


def run_with(config: Path) -> Run:
    def run(*arguments: str, code: int = 0) -> Result:
        environment = {"HALLWATCH_CONFIG": str(config), "CAMERA_PASSWORD": "geheim", "COLUMNS": str(WIDTH)}
        out.width = err.width = WIDTH  # they may have been made where COLUMNS said otherwise
        result = CliRunner().invoke(app, arguments, env=environment)
        assert result.exit_code == code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return run


@pytest.fixture(scope="session")
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once; each test gets a copy."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "hallwatch.toml").write_text(GOOD, "utf-8")
    run_with(folder / "hallwatch.toml")("init", "--yes")
    return folder


@pytest.fixture
def site(_installed: Path, config: Path) -> Path:
    """An installation with one hall."""
    shutil.copytree(_installed, config.parent, dirs_exist_ok=True)
    return config
