"""The command line, as people use it."""

import json
import re
import stat
from pathlib import Path

import pytest
from sqlmodel import select
from typer.main import get_command

from storage.models import Counter, Role, User
from tests.web.commands.conftest import Run
from tests.web.test_settings_file import GOOD
from web import accounts
from web.cli import app
from web.composition import build_services
from web.settings_file import read_settings


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
