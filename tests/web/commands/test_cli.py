"""The command line, as people use it."""

import io
import json
import logging
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from rich.console import Console
from sqlmodel import select
from typer.main import get_command
from typer.testing import CliRunner, Result

from storage.models import Counter, Role, User
from tests.web.test_settings_file import GOOD
from web import accounts
from web.cli import app
from web.composition import build_services
from web.settings_file import read_settings

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
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def site(config: Path, hallwatch: Run) -> Path:
    """An installation with one hall."""
    config.write_text(GOOD, "utf-8")
    hallwatch("init", "--yes")
    return config


def users(config: Path) -> list[User]:
    services = build_services(read_settings(config, {"CAMERA_PASSWORD": "geheim"}))
    with services.database.transaction() as session:
        found = list(session.exec(select(User)))
    services.database.close()
    return found


def test_every_command_shows_an_example() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        for part in (command, *getattr(command, "commands", {}).values()):
            assert "Example: hallwatch " in (part.help or ""), name


def test_init_makes_a_site_that_only_its_owner_can_read(hallwatch: Run, config: Path) -> None:
    result = hallwatch("init", "--yes", "--listen", "127.0.0.1:9000", "--admin", "li")
    password = re.search(r"password (\S+) \(shown this once\)", result.output)
    assert password
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    settings = read_settings(config)
    assert settings.web.port == 9000
    [admin] = users(config)
    assert (admin.name, admin.role) == ("li", Role.ADMIN)
    services = build_services(settings)
    with services.database.transaction() as session:
        assert accounts.authenticate(session, "li", password[1])
    services.database.close()


def test_init_again_overwrites_nothing(hallwatch: Run, config: Path) -> None:
    hallwatch("init", "--yes")
    before = config.read_text()
    result = hallwatch("init", "--yes", "--listen", "0.0.0.0:1")
    assert config.read_text() == before
    assert "administrator already" in result.output
    assert len(users(config)) == 1


def test_init_refuses_a_weak_password(hallwatch: Run) -> None:
    assert "at least 10 characters" in hallwatch("init", "--yes", "--password", "short", code=1).output


def test_check_names_every_wrong_field(hallwatch: Run, config: Path) -> None:
    config.write_text(GOOD.replace('hall = "cc"', 'hall = "xx"') + '[web]\nlisten = "x"\n', "utf-8")
    result = hallwatch("check", code=1)
    assert "web.listen: must be host:port" in result.output
    config.write_text(GOOD.replace('hall = "cc"', 'hall = "xx"'), "utf-8")
    result = hallwatch("check", code=1)
    assert "counter[cc-1].hall: there is no hall `xx`" in result.output
    assert "camera[cam].hall: there is no hall `xx`" in result.output


def test_check_tells_an_unreachable_camera_and_no_password(hallwatch: Run, site: Path) -> None:
    site.write_text(GOOD.replace("192.0.2.1", "127.0.0.1:1"), "utf-8")
    result = hallwatch("check", code=1)
    [line] = [line for line in result.output.splitlines() if "camera cam" in line]
    assert line.split()[0] == "failed"
    assert "geheim" not in result.output


def test_check_shows_how_far_it_is_with_the_cameras(
    hallwatch: Run, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write_text(GOOD.replace("192.0.2.1", "127.0.0.1:1"), "utf-8")
    assert "Opening cameras" not in hallwatch("check", code=1).stderr
    terminal = Console(file=io.StringIO(), force_terminal=True, force_interactive=True, _environ={})
    monkeypatch.setattr("web.commands.common.err", terminal)
    hallwatch("check", code=1)
    assert isinstance(terminal.file, io.StringIO)
    shown = terminal.file.getvalue()
    assert "Opening cameras" in shown
    assert "100 %" in shown


def test_check_is_content_with_a_good_site(hallwatch: Run, site: Path) -> None:
    result = hallwatch("check", "--no-cameras")
    assert "failed" not in result.output


def test_check_tells_an_unreachable_database_without_its_password(hallwatch: Run, config: Path) -> None:
    config.write_text('[database]\nurl = "postgresql://hall:geheim@127.0.0.1:1/hall"\n', "utf-8")
    result = hallwatch("check", "--no-cameras", code=1)
    assert "database.url: the database does not answer" in result.output
    assert "geheim" not in result.output


def test_check_tells_an_unreachable_store(hallwatch: Run, config: Path) -> None:
    keys = 'access_key = "a"\nsecret_key = "geheim"\nsecure = false'
    store = f'kind = "s3"\nendpoint = "127.0.0.1:1"\nbucket = "footage"\n{keys}'
    config.write_text(f"[store]\n{store}\n", "utf-8")
    result = hallwatch("check", "--no-cameras", code=1)
    [line] = [line for line in result.output.splitlines() if " store " in line]
    assert line.split()[0] == "failed"
    assert "geheim" not in result.output


def test_a_command_before_init_says_what_to_run(hallwatch: Run, config: Path) -> None:
    assert "hallwatch init" in hallwatch("user", "list", code=1).output
    config.write_text(GOOD, "utf-8")
    assert "hallwatch init" in hallwatch("user", "list", code=1).output


def test_users_are_added_listed_disabled_and_enabled(hallwatch: Run, site: Path) -> None:
    assert "shown this once" in hallwatch("user", "add", "li", "--role", "supervisor", "--hall", "cc").output
    assert re.search(r"li +supervisor +cc +yes", hallwatch("user", "list").output)
    hallwatch("user", "disable", "li")
    assert re.search(r"li +supervisor +cc +no", hallwatch("user", "list").output)
    hallwatch("user", "enable", "li")
    hallwatch("user", "password", "li", "--password", "another long one")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("user", "add", "li", "--role", "supervisor", "--hall", "xx"), "there is no hall `xx`"),
        (("user", "add", "li", "--role", "department"), "needs a department"),
        (("user", "add", "admin", "--role", "admin"), "there is a user `admin` already"),
        (("user", "disable", "nobody"), "There is no user 'nobody'"),
        (("counters", "add", "c", "--hall", "xx", "--number", "1"), "There is no hall 'xx'; there are: cc"),
        (("counters", "add", "a b", "--hall", "cc", "--number", "1"), "id: "),
        (("clip", "2026-03-02T09:00", "2026-03-02T09:01", "x.mp4"), "Name either --camera or --counter"),
        (("clip", "today", "2026-03-02T09:01", "x.mp4", "--camera", "cam"), "FROM: 'today' is not a time"),
        (("clip", "2026-03-02T09:00", "2026-03-02T09:01", "x.mp4", "--camera", "cam"), "Nothing of camera cam"),
        (("clip", "2026-03-02T09:00", "2026-03-02T09:01", "x.mp4", "--camera", "no"), "there are: cam"),
        (("evaluate", "/nonexistent", "--detector", "magic"), "There is no detector 'magic'"),
        (("simulate", "--fault", "earthquake"), "is no fault"),
        (("role", "king"), "There is no role 'king'"),
    ],
)
def test_mistakes_are_told_in_plain_words(hallwatch: Run, site: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in hallwatch(*arguments, code=1).output


def test_counters_are_added_and_listed(hallwatch: Run, site: Path) -> None:
    hallwatch("counters", "add", "cc-2", "--hall", "cc", "--number", "2", "--name", "2号窗口")
    output = hallwatch("counters", "list").output
    assert re.search(r"cc-1 +cc +1 +cam", output)
    assert re.search(r"cc-2 +cc +2 +2号窗口", output)
    services = build_services(read_settings(site, {"CAMERA_PASSWORD": ""}))
    with services.database.transaction() as session:
        assert session.get_one(Counter, "cc-2").hall_id == "cc"
    services.database.close()


def test_cases_are_imported_with_a_report(hallwatch: Run, site: Path, tmp_path: Path) -> None:
    site.write_text(GOOD + '[[source]]\nid = "city"\nhall = "cc"\n', "utf-8")
    hallwatch("init", "--yes")
    row = {"case": "1", "step": "s1", "kind": "receive", "counter": "1", "start": "2026-03-02T09:00:00+08:00"}
    file = tmp_path / "steps.jsonl"
    file.write_text(f"{json.dumps(row)}\n{json.dumps(row | {'start': 'soon'})}\n", "utf-8")
    rehearsal = hallwatch("import-cases", str(file), "--source", "city", "--dry-run").output
    assert re.search(r"would be taken +1", rehearsal)
    report = hallwatch("import-cases", str(file), "--source", "city").output
    assert re.search(r"new or corrected +1", report)
    assert re.search(r"2 +start ", report)
    assert re.search(r"said before +1", hallwatch("import-cases", str(file), "--source", "city").output)
    assert "There is no source 'x'" in hallwatch("import-cases", str(file), "--source", "x", code=1).output


def test_what_is_declared_after_init_is_known_to_the_next_command(hallwatch: Run, config: Path) -> None:
    hallwatch("init", "--yes")
    config.write_text(GOOD, "utf-8")
    hallwatch("user", "add", "li.wei", "--role", "supervisor", "--hall", "cc")
    assert "cc" in hallwatch("user", "list").output
