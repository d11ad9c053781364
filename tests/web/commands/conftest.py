"""The command line as people use it, each test with an installation of its own."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from tests.web.test_settings_file import GOOD
from web.cli import app

Run = Callable[..., Result]


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

    def run(*arguments: str, code: int = 0) -> Result:
        environment = {"HALLWATCH_CONFIG": str(config), "CAMERA_PASSWORD": "geheim", "COLUMNS": "200"}
        result = CliRunner().invoke(app, arguments, env=environment)
        assert result.exit_code == code, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return run


@pytest.fixture
def site(config: Path, hallwatch: Run) -> Path:
    """An installation with one hall."""
    config.write_text(GOOD, "utf-8")
    hallwatch("init", "--yes")
    return config
