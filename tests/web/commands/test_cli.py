"""The command line, as people use it."""

import json
import re
import socket
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select
from typer.main import get_command

from ingest.approvals.known_mappings import mapping_files
from ingest.approvals.mapping import Mapping
from ingest.simulator.faults import parse_fault
from storage.database import Database
from storage.models import Absence, Counter, Role, User, View
from tests.servers import free_port
from tests.web.commands.conftest import Run
from tests.web.test_settings_file import GOOD
from web import accounts
from web.cli import app
from web.commands.demo_hall import demo_hall, simulator_command
from web.composition import build_services
from web.one_instance import only_one
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


def test_a_password_may_come_by_the_environment(hallwatch: Run, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLWATCH_PASSWORD", "a long one of the environment")
    said = hallwatch("user", "add", "li", "--role", "supervisor", "--hall", "cc").output
    assert "a long one of the environment" not in said
    services = build_services(read_settings(site, {"CAMERA_PASSWORD": ""}))
    with services.database.transaction() as session:
        assert accounts.authenticate(session, "li", "a long one of the environment")
    services.database.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("user", "add", "li", "--role", "supervisor", "--hall", "xx"), "There is no hall “xx”."),
        (("user", "add", "li", "--role", "department"), "needs a department"),
        (("user", "add", "admin", "--role", "admin"), "There is a user “admin” already."),
        (("user", "disable", "nobody"), "There is no user 'nobody'"),
        (("user", "disable", "admin"), "This is the last administrator who may sign in; make or enable another"),
        (("user", "add", "bad name!", "--role", "admin"), "A sign-in name has at most 64 letters, digits and"),
        (("counters", "list", "--hall", "xx"), "There is no hall 'xx'; there are: cc"),
        (("counters", "add", "c", "--hall", "xx", "--number", "1"), "There is no hall 'xx'; there are: cc"),
        (("counters", "add", "a b", "--hall", "cc", "--number", "1"), "id: "),
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


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        yield port


@pytest.mark.parametrize("option", ["--rtsp-port", "--control-port", "--onvif-port"])
def test_the_option_of_a_taken_port_is_named(hallwatch: Run, tmp_path: Path, taken: int, option: str) -> None:
    ports = {"--rtsp-port": "0", "--control-port": "0", "--onvif-port": "0", option: str(taken)}
    given = [part for pair in ports.items() for part in pair]
    output = hallwatch("simulate", "--folder", str(tmp_path), *given, code=1).output
    assert f"{option}: port {taken} cannot be used (Address already in use); stop what uses it" in output
    assert f"{option} 0 takes a free one" in output


def test_the_demo_names_its_option_of_a_taken_port(hallwatch: Run, tmp_path: Path, taken: int) -> None:
    output = hallwatch("demo", "--folder", str(tmp_path / "demo"), "--port", str(taken), code=1).output
    assert f"--port: port {taken} cannot be used (Address already in use)" in output
    assert not (tmp_path / "demo").exists()


def test_a_fault_of_the_demo_that_cannot_be_is_told(hallwatch: Run, tmp_path: Path) -> None:
    folder = ("demo", "--folder", str(tmp_path / "demo"), "--port", str(free_port()))
    assert "is no fault" in hallwatch(*folder, "--fault", "earthquake", code=1).output
    assert "there is no counter 9; this hall has 1 to 4" in hallwatch(*folder, "--fault", "clock_off:9", code=1).output


def test_the_demos_faults_reach_its_simulator(tmp_path: Path) -> None:
    faults = ["leave_early:2@60", "clock_off"]
    command = simulator_command(demo_hall(tmp_path, free_port(), cameras=1, speed=20, faults=faults))
    given = [after for option, after in pairwise(command) if option == "--fault"]
    assert [parse_fault(text) for text in given] == [parse_fault(text) for text in faults]


def test_a_file_where_a_folder_is_needed_is_told(hallwatch: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for command in ("demo", "simulate"):
        assert "is a file" in hallwatch(command, "--folder", str(tmp_path / "file"), code=2).output
    config.write_text('data_dir = "file"\n', "utf-8")
    for arguments in (("init", "--yes"), ("serve",), ("user", "list"), ("role", "web")):
        assert f"data_dir: {tmp_path / 'file'} is a file; name a folder" in hallwatch(*arguments, code=1).output


def test_a_folder_where_a_file_is_needed_is_told(hallwatch: Run, tmp_path: Path) -> None:
    for arguments in (("check",), ("init", "--yes"), ("serve",), ("counters", "list")):
        output = hallwatch(*arguments, "--config", str(tmp_path), code=1).output
        assert f"is a folder → name the file in it, {tmp_path / 'hallwatch.toml'}" in output


def test_a_second_instance_on_the_same_data_is_refused(hallwatch: Run, site: Path, tmp_path: Path) -> None:
    with only_one(tmp_path / "hallwatch-data" / "run", ["recorder"]):
        for arguments in (("serve",), ("role", "recorder")):
            assert "is the recorder of this folder already" in hallwatch(*arguments, code=1).output
    with only_one(tmp_path / "demo" / "data" / "run", ["clerk"]):
        demo = ("demo", "--folder", str(tmp_path / "demo"), "--port", str(free_port()))
        assert "is the clerk of this folder already" in hallwatch(*demo, code=1).output
    with only_one(tmp_path / "simulated", ["simulator"]):
        output = hallwatch("simulate", "--folder", str(tmp_path / "simulated"), "--rtsp-port", "0", code=1).output
    assert "is the simulator of this folder already" in output


def test_a_city_is_written_once(hallwatch: Run, tmp_path: Path) -> None:
    command = ("simulate-city", str(tmp_path / "city"), "--cases", "14")
    assert "14 cases, 4 of them with a fault" in hallwatch(*command).output
    assert (tmp_path / "city" / "truth.jsonl").exists()
    assert "is not empty" in hallwatch(*command, code=1).output


def test_a_newer_database_is_told_to_every_command(hallwatch: Run, site: Path, tmp_path: Path) -> None:
    # On 8080 something else may listen, and `serve` tells that first.
    site.write_text(f'{site.read_text("utf-8")}\n[web]\nlisten = "127.0.0.1:{free_port()}"\n', "utf-8")
    database = Database(f"sqlite:///{tmp_path}/hallwatch-data/hallwatch.db")
    with closing(database), database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    commands = (("init", "--yes"), ("check", "--no-cameras"), ("serve",), ("user", "list"), ("role", "recorder"))
    for arguments in commands:
        assert "a newer Hallwatch has made it" in hallwatch(*arguments, code=1).output


def test_a_file_that_is_no_database_is_told(hallwatch: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "other.db").write_text("something else entirely, and long enough to be read" * 20)
    config.write_text('[database]\nurl = "sqlite:///other.db"\n', "utf-8")
    for arguments in (("init", "--yes"), ("check", "--no-cameras"), ("user", "list")):
        assert "file is not a database" in hallwatch(*arguments, code=1).output


def test_init_writes_no_file_that_could_not_be_used(hallwatch: Run, config: Path) -> None:
    assert "--listen must be host:port" in hallwatch("init", "--yes", "--listen", "8080", code=1).output
    assert not config.exists()


def test_broken_access_data_of_the_demo_are_told(hallwatch: Run, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    for broken in ("{", '{"other": 1}', "[]"):
        (folder / "demo-access.json").write_text(broken)
        output = hallwatch("demo", "--folder", str(folder), "--port", str(free_port()), code=1).output
        assert f"delete {folder} to begin anew" in output


def test_a_clip_never_overwrites_and_says_so_first(hallwatch: Run, site: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.mp4"
    span = ("clip", "2026-03-02T09:00", "2026-03-02T09:01")
    file.touch()
    assert "is there already and is never overwritten" in hallwatch(*span, str(file), "--camera", "cam", code=1).output
    nowhere = str(tmp_path / "no" / "x.mp4")
    assert f"There is no folder {tmp_path / 'no'}" in hallwatch(*span, nowhere, "--camera", "cam", code=1).output


def test_counters_are_added_and_listed(hallwatch: Run, site: Path) -> None:
    hallwatch("counters", "add", "cc-2", "--hall", "cc", "--number", "2", "--name", "2号窗口")
    output = hallwatch("counters", "list").output
    assert re.search(r"cc-1 +cc +1 +cam", output)
    assert re.search(r"cc-2 +cc +2 +2号窗口", output)
    services = build_services(read_settings(site, {"CAMERA_PASSWORD": ""}))
    with services.database.transaction() as session:
        assert session.get_one(Counter, "cc-2").hall_id == "cc"
    services.database.close()


def test_a_counter_is_added_once_and_then_edited(hallwatch: Run, site: Path) -> None:
    add = ("counters", "add", "cc-2", "--hall", "cc", "--number", "2", "--name", "2号窗口")
    hallwatch(*add)
    assert "change it: `hallwatch counters edit cc-2`" in hallwatch(*add, code=1).output
    hallwatch("counters", "edit", "cc-2", "--number", "2A")
    assert re.search(r"cc-2 +cc +2A +2号窗口", hallwatch("counters", "list").output)
    hallwatch("counters", "edit", "cc-2", "--name", "")
    assert "2号窗口" not in hallwatch("counters", "list").output
    assert "There is no hall 'xx'" in hallwatch("counters", "edit", "cc-2", "--hall", "xx", code=1).output
    assert "number: " in hallwatch("counters", "edit", "cc-2", "--number", "", code=1).output
    assert "There is no counter 'cc-9'" in hallwatch("counters", "edit", "cc-9", "--number", "9", code=1).output


def test_a_counters_number_is_used_once_in_its_hall(hallwatch: Run, site: Path) -> None:
    taken = "number: Counter cc-1 of this hall has this number already"
    assert taken in hallwatch("counters", "add", "cc-2", "--hall", "cc", "--number", "1", code=1).output
    hallwatch("counters", "add", "cc-2", "--hall", "cc", "--number", "2")
    assert taken in hallwatch("counters", "edit", "cc-2", "--number", "1", code=1).output


def test_an_edit_of_a_counter_that_names_nothing_is_none(hallwatch: Run, site: Path) -> None:
    output = hallwatch("counters", "edit", "cc-1", code=2).output
    assert "Nothing is named to change" in output
    assert "is changed" not in output


def test_a_users_missing_halls_are_told(hallwatch: Run, site: Path) -> None:
    add = ("user", "add", "--role")
    said = "sees nothing yet, because no hall is named"
    assert f"li {said}" in hallwatch(*add, "supervisor", "li").output
    assert said not in hallwatch(*add, "supervisor", "wang", "--hall", "cc").output
    assert said not in hallwatch(*add, "inspector", "zhang", "--all-halls").output
    assert said not in hallwatch(*add, "admin", "chen").output


def test_one_of_two_administrators_may_be_disabled(hallwatch: Run, site: Path) -> None:
    hallwatch("user", "add", "li", "--role", "admin")
    hallwatch("user", "disable", "admin")
    assert "last administrator" in hallwatch("user", "disable", "li", code=1).output
    hallwatch("user", "enable", "admin")
    hallwatch("user", "disable", "li")


def test_no_library_puts_its_label_before_what_is_wrong(hallwatch: Run, site: Path) -> None:
    output = hallwatch("user", "add", "li", "--role", "boss", code=2).output
    assert "'boss' is not one of" in output
    assert "Value error" not in output


def test_a_counter_is_removed_unless_something_happened_there(hallwatch: Run, site: Path) -> None:
    for number in ("2", "3"):
        hallwatch("counters", "add", f"cc-{number}", "--hall", "cc", "--number", number)
    services = build_services(read_settings(site, {"CAMERA_PASSWORD": ""}))
    with services.database.transaction() as session:
        session.add(View(camera_id="cam", counter_id="cc-3", staff_zone=[[0, 0], [1, 0], [1, 1]]))
        session.add(Absence(counter_id="cc-3", start=datetime(2026, 3, 2, 4, tzinfo=UTC), threshold_s=300))
    services.database.close()
    hallwatch("counters", "remove", "cc-2")
    refused = hallwatch("counters", "remove", "cc-3", code=1).output
    assert "Counter cc-3 stays, because what happened there needs its name: 1 view, 1 absence." in refused
    assert f"{site} declares counter cc-1" in hallwatch("counters", "remove", "cc-1", code=1).output
    assert "There is no counter 'cc-2'" in hallwatch("counters", "remove", "cc-2", code=1).output


def test_cases_are_imported_with_a_report(hallwatch: Run, site: Path, tmp_path: Path) -> None:
    site.write_text(GOOD + '[[source]]\nid = "city"\nhall = "cc"\n', "utf-8")
    hallwatch("init", "--yes")
    row = {"case": "1", "step": "s1", "kind": "receive", "counter": "1", "start": "2026-03-02T09:00:00+08:00"}
    file = tmp_path / "steps.jsonl"
    file.write_text(f"{json.dumps(row)}\n{json.dumps(row | {'start': 'soon'})}\n", "utf-8")
    rehearsal = hallwatch("import-cases", str(file), "--source", "city", "--dry-run").output
    assert re.search(r"would be taken +1", rehearsal)
    assert re.search(r"start: 2026-03-02 09:00:00", rehearsal), "what the first row becomes"
    assert "becomes (times: Asia/Shanghai)" in rehearsal
    assert "refused: start" in rehearsal
    report = hallwatch("import-cases", str(file), "--source", "city").output
    assert re.search(r"new or corrected +1", report)
    assert re.search(r"2 +start ", report)
    assert re.search(r"said before +1", hallwatch("import-cases", str(file), "--source", "city").output)
    assert "There is no source 'x'" in hallwatch("import-cases", str(file), "--source", "x", code=1).output


def test_names_that_nobody_knows_are_told_by_an_import_and_its_rehearsal(
    hallwatch: Run, site: Path, tmp_path: Path
) -> None:
    site.write_text(GOOD + '[[source]]\nid = "city"\nhall = "cc"\n', "utf-8")
    hallwatch("init", "--yes")
    row = {"case": "1", "step": "s1", "kind": "receive", "counter": "1", "start": "2026-03-02T09:00:00+08:00"}
    file = tmp_path / "steps.jsonl"
    file.write_text(json.dumps(row), "utf-8")
    assert "Nobody knows" not in hallwatch("import-cases", str(file), "--source", "city", "--dry-run").output
    file.write_text(json.dumps(row | {"counter": "Z99", "department": "没有的局"}), "utf-8")
    for more in (("--dry-run",), ()):
        said = hallwatch("import-cases", str(file), "--source", "city", *more).output
        assert re.search(r"counter +Z99 +1 ", said)
        assert re.search(r"department +没有的局 +1 ", said)
        assert "[[department]]" in said


@pytest.mark.parametrize(("name", "said"), [("empty.csv", "holds no rows"), ("film.mp4", "ends in .mp4 is not read")])
def test_a_file_of_no_rows_is_told_and_fails(hallwatch: Run, site: Path, tmp_path: Path, name: str, said: str) -> None:
    site.write_text(GOOD + '[[source]]\nid = "city"\nhall = "cc"\n', "utf-8")
    (tmp_path / name).touch()
    assert said in hallwatch("import-cases", str(tmp_path / name), "--source", "city", "--dry-run", code=1).output


def test_a_mapping_of_ours_is_chosen_by_its_name(hallwatch: Run, site: Path, tmp_path: Path) -> None:
    site.write_text(GOOD + '[[source]]\nid = "city"\nhall = "cc"\n', "utf-8")
    file = tmp_path / "receipt.csv"
    row = dict.fromkeys(Mapping.load(mapping_files()["receipt"]).columns, "")
    row |= {"case:concept:name": "c1", "concept:instance": "s1", "concept:name": "Confirmation of receipt"}
    row |= {"time:timestamp": "2011-10-11T13:45:40+02:00"}
    file.write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    command = ("import-cases", str(file), "--source", "city", "--dry-run", "--mapping")
    assert re.search(r"would be taken +1", hallwatch(*command, "receipt").output)
    assert "There is no mapping “no”: name a file, or one" in hallwatch(*command, "no", code=1).output


def test_a_remedy_is_shown_with_its_brackets(hallwatch: Run, site: Path, tmp_path: Path) -> None:
    site.write_text(GOOD + '[[source]]\nid = "city"\nhall = "cc"\n', "utf-8")
    columns = 'case = "c"\nstep = "s"\nstart = "t"'
    (tmp_path / "m.toml").write_text(f'[fields]\n{columns}\n[kinds]\ncolumn = "k"\n[kinds.values]\n"x" = "accept"\n')
    (tmp_path / "cases.csv").write_text("c,s,t,k\n1,s1,2026-03-02T09:00:00+08:00,y\n")
    file, mapping = str(tmp_path / "cases.csv"), str(tmp_path / "m.toml")
    output = hallwatch("import-cases", file, "--source", "city", "--mapping", mapping, code=1).output
    assert "[kinds.values]" in output


def test_what_is_declared_after_init_is_known_to_the_next_command(hallwatch: Run, config: Path) -> None:
    hallwatch("init", "--yes")
    config.write_text(GOOD, "utf-8")
    hallwatch("user", "add", "li.wei", "--role", "supervisor", "--hall", "cc")
    assert "cc" in hallwatch("user", "list").output


def test_a_counter_with_a_view_is_not_moved_to_another_hall(hallwatch: Run, site: Path) -> None:
    other = '[[hall]]\nid = "nh"\ndistrict = "chancheng"\nname = "南海"\n'
    site.write_text(GOOD + other, "utf-8")
    assert "Make a new one" in hallwatch("counters", "edit", "cc-1", "--hall", "nh", code=1).output
    site.write_text(GOOD[: GOOD.index("[[view]]")].replace('hall = "cc"', 'hall = "nh"') + other, "utf-8")
    assert "counter[cc-1]: It has views" in hallwatch("counters", "list", code=1).output
