"""`hallwatch check`: everything that is wrong at once, and what is in force."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console

from analytics.detectors import choose
from ingest.simulator.clock_camera import ClockCamera
from ingest.simulator.rtsp_messages import Credentials
from ingest.simulator.rtsp_server import RtspServer
from storage.models import Camera, NotifyChannel
from storage.s3_store import S3Store
from tests.servers import S3Server
from tests.web.commands.conftest import Run
from tests.web.test_settings_file import GOOD
from web.channels import put_channel
from web.composition import build_services
from web.declarations import ChannelDeclaration
from web.services import Services
from web.settings_file import read_settings

DEAD = "rtsp://127.0.0.1:1/dead"
DEAD_STORE = """
[store]
kind = "s3"
endpoint = "127.0.0.1:1"
bucket = "footage"
access_key = "a"
secret_key = "geheim"
secure = false
"""


@pytest.fixture(scope="module")
def server() -> Iterator[RtspServer]:
    """Cameras at /main and /sub, no others."""
    with RtspServer() as running, ClockCamera(running.mount("/main")), ClockCamera(running.mount("/sub"), 320, 180):
        yield running


@pytest.fixture(scope="module", autouse=True)
def _detector_tested_once() -> Iterator[None]:
    """A detector is as good for each test of this file as for the first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choose, "ready_detector", cache(choose.ready_detector))
        yield


@pytest.fixture
def services(site: Path) -> Iterator[Services]:
    made = build_services(read_settings(site, {"CAMERA_PASSWORD": "geheim"}))
    yield made
    made.database.close()


def lines(output: str, part: str) -> list[str]:
    return [line for line in output.splitlines() if re.match(rf"(ok|failed|–) +{re.escape(part)}( |$)", line)]


def with_camera(url: str, sub_url: str = "") -> str:
    return GOOD.replace('url = "rtsp://192.0.2.1/main"', f'url = "{url}"\nsub_url = "{sub_url}"')


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
    [line] = lines(result.output, "camera cam")
    assert "main stream: It refuses the connection: check the address" in line
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


def test_check_says_that_a_camera_has_no_sound_to_record(hallwatch: Run, site: Path, server: RtspServer) -> None:
    site.write_text(with_camera(server.url("/main")).replace("sub_url", "audio = true\nsub_url"), "utf-8")
    [main] = lines(hallwatch("check").output, "camera cam")
    assert "h264 640×360" in main
    assert "the camera sends no audio; switch it on" in main


def test_check_is_content_with_a_good_site(hallwatch: Run, site: Path, server: RtspServer) -> None:
    site.write_text(with_camera(server.url("/main"), server.url("/sub")), "utf-8")
    output = hallwatch("check").output
    assert "failed" not in output
    main, sub = lines(output, "camera cam")
    assert "main stream: h264 640×360" in main
    assert "sub-stream: h264 320×180" in sub
    assert output.splitlines()[-1] == "All in order."
    assert "detector_tested" not in output


def test_one_run_tells_of_fields_references_store_channel_and_camera(hallwatch: Run, site: Path) -> None:
    wrong = with_camera(DEAD).replace('name = "禅城大厅"', 'name = "禅城大厅"\ntimezone = "Asia/Shanghaii"')
    rule = '[[absence_rule]]\ncounter = "cc-7"\n'
    channel = '[[notify]]\nname = "duty"\nurl = "no-such-service://geheim"\n'
    site.write_text(wrong + rule + channel + DEAD_STORE, "utf-8")
    output = hallwatch("check", code=1).output
    assert "hall[cc].timezone: “Asia/Shanghaii” is not an IANA time zone" in output
    assert "absence_rule[1].counter: there is no counter `cc-7`" in output
    assert "there is no hall" not in output
    assert [line.split()[0] for part in ("store", "channel duty", "camera cam") for line in lines(output, part)] == [
        "failed"
    ] * 3
    assert [line.split()[0] for part in ("database", "tables") for line in lines(output, part)] == ["ok", "ok"]
    assert output.splitlines()[-1] == "5 to mend."
    assert "geheim" not in output


def test_nothing_is_said_of_a_section_that_is_wrong_itself(hallwatch: Run, site: Path) -> None:
    site.write_text(GOOD + DEAD_STORE.replace("127.0.0.1:1", "http://s3") + '[database]\nurl = "${NOWHERE}"\n', "utf-8")
    output = hallwatch("check", "--no-cameras", code=1).output
    assert "store.endpoint: must be host:port" in output
    assert "database.url: the environment has no variable NOWHERE" in output
    assert lines(output, "store") == ["–      store                not tried: mend store first"]
    assert lines(output, "database") == ["–      database             not tried: mend database first"]
    assert output.splitlines()[-1] == "2 to mend."


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://root:geheim@db/hall", "database.url: mysql is not supported; use sqlite:///file.db or postgresql://"),
        ("geheim", "database.url: is not the address of a database; use sqlite:///file.db or postgresql://"),
        ("postgresql://hall:geheim@db:port/hall", "database.url: is not the address of a database"),
        ("sqlite://", "database.url: names no file"),
    ],
)
def test_a_database_that_cannot_be_is_a_wrong_field(hallwatch: Run, config: Path, url: str, said: str) -> None:
    config.write_text(f'[database]\nurl = "{url}"\n', "utf-8")
    for command in (("check", "--no-cameras"), ("user", "list"), ("serve",)):
        output = hallwatch(*command, code=1).output
        assert said in output
        assert "geheim" not in output


def test_check_opens_the_sub_stream_too_and_says_which_failed(hallwatch: Run, site: Path, server: RtspServer) -> None:
    site.write_text(with_camera(server.url("/main"), server.url("/none")), "utf-8")
    main, sub = lines(hallwatch("check", code=1).output, "camera cam")
    assert main.startswith("ok")
    assert sub.startswith("failed")
    assert "sub-stream: It has no stream under this path" in sub


def test_check_opens_the_address_that_a_page_gave_until_the_file_says_something_new(
    hallwatch: Run, site: Path, server: RtspServer, services: Services
) -> None:
    site.write_text(with_camera(DEAD), "utf-8")
    hallwatch("user", "list")  # as every command it takes over what the file says now
    with services.database.transaction() as session:
        session.get_one(Camera, "cam").url = server.url("/main")
    [line] = lines(hallwatch("check").output, "camera cam")
    assert "main stream (changed by page, not as the file says): h264" in line
    site.write_text(with_camera(DEAD + "/2"), "utf-8")
    [line] = lines(hallwatch("check", code=1).output, "camera cam")
    assert "changed by page" not in line


def test_check_opens_a_changed_camera_with_the_password_that_a_page_gave(
    hallwatch: Run, site: Path, services: Services
) -> None:
    credentials = Credentials("viewer", "by-page")
    with RtspServer(credentials=credentials) as guarded, ClockCamera(guarded.mount("/main")):
        bare = with_camera(guarded.url("/main")).replace('password = "${CAMERA_PASSWORD}"\n', "")
        site.write_text(bare, "utf-8")
        hallwatch("user", "list")
        with services.database.transaction() as session:
            session.get_one(Camera, "cam").credentials = services.secrets.seal("viewer:by-page")
        site.write_text(bare.replace('id = "cam"', 'id = "cam"\nname = "Hall"'), "utf-8")
        [line] = lines(hallwatch("check").output, "camera cam")
    assert "h264" in line


def test_check_opens_cameras_made_by_page_and_none_that_were_disabled_there(
    hallwatch: Run, site: Path, server: RtspServer, services: Services
) -> None:
    with services.database.transaction() as session:
        session.get_one(Camera, "cam").enabled = False
        session.add(Camera(id="by-page", hall_id="cc", url=server.url("/main")))
    output = hallwatch("check").output
    assert lines(output, "camera by-page")
    assert not lines(output, "camera cam")


def test_check_opens_no_camera_that_has_left_the_file(hallwatch: Run, site: Path) -> None:
    site.write_text(GOOD[: GOOD.index("[[camera]]")], "utf-8")
    assert not lines(hallwatch("check").output, "camera cam")


def test_check_tells_a_password_sealed_with_another_key(hallwatch: Run, site: Path, services: Services) -> None:
    with services.database.transaction() as session:
        session.get_one(Camera, "cam").credentials = "not-a-token-of-this-key"
    [line] = lines(hallwatch("check", code=1).output, "camera cam")
    assert "enter the password again" in line


def test_check_looks_at_the_channels_that_were_made_by_page(hallwatch: Run, site: Path, services: Services) -> None:
    addresses = {"good": "json://127.0.0.1/", "wrong": "nonsense://geheim"}
    with services.database.transaction() as session:
        for name, url in addresses.items():
            put_channel(session, ChannelDeclaration(name=name, url=SecretStr(url)), services.secrets, datetime.now(UTC))
        session.add(NotifyChannel(name="sealed", url="with another key", kinds=[], since=datetime.now(UTC)))
    output = hallwatch("check", "--no-cameras", code=1).output
    assert "ok" in lines(output, "channel good")[0]
    assert "not an address that Apprise understands" in lines(output, "channel wrong")[0]
    assert "enter it again" in lines(output, "channel sealed")[0]
    assert "geheim" not in output


def test_check_makes_nothing_before_init(hallwatch: Run, config: Path, tmp_path: Path) -> None:
    config.write_text("", "utf-8")
    assert "is not there yet; run `hallwatch init`" in hallwatch("check", code=1).output
    assert list(tmp_path.iterdir()) == [config]


def test_check_tells_that_the_data_folder_is_a_file(hallwatch: Run, config: Path, tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    config.write_text('data_dir = "data"\n', "utf-8")
    assert "is a file; name a folder" in hallwatch("check", code=1).output


def test_check_tells_an_unreachable_database_without_its_password(hallwatch: Run, config: Path) -> None:
    config.write_text('[database]\nurl = "postgresql://hall:geheim@127.0.0.1:1/hall"\n', "utf-8")
    result = hallwatch("check", "--no-cameras", code=1)
    assert "database.url: the database does not answer" in result.output
    assert "geheim" not in result.output


def test_check_tells_an_unreachable_store(hallwatch: Run, config: Path) -> None:
    config.write_text(DEAD_STORE, "utf-8")
    result = hallwatch("check", "--no-cameras", code=1)
    [line] = lines(result.output, "store")
    assert line.startswith("failed")
    assert "geheim" not in result.output


def test_check_says_that_a_folder_cannot_lock(hallwatch: Run, site: Path) -> None:
    [line] = lines(hallwatch("check", "--no-cameras").output, "store")
    assert line.startswith("ok")
    assert "cannot lock objects" in line


def test_check_tries_to_delete_a_locked_object(
    hallwatch: Run, config: Path, s3_server: S3Server, locking_store: S3Store
) -> None:
    config.write_text(
        f'''
[store]
kind = "s3"
endpoint = "{s3_server.endpoint}"
bucket = "{locking_store.bucket}"
access_key = "{s3_server.access_key}"
secret_key = "{s3_server.secret_key}"
secure = false
''',
        "utf-8",
    )
    [line] = lines(hallwatch("check", "--no-cameras", code=1).output, "store")
    assert line.startswith("ok")
    assert "a locked object withstood its deletion" in line


def test_a_fresh_site_is_told_what_to_add(hallwatch: Run, config: Path) -> None:
    hallwatch("init", "--yes")
    output = hallwatch("check").output
    assert "no hall, no counter, no camera, no view is declared yet → add them, in this order" in output
    assert "All in order." not in output
    assert output.splitlines()[-1] == "In order so far; no counter is watched before you add what is missing."
    config.write_text(GOOD[: GOOD.index("[[camera]]")], "utf-8")
    assert "to add places               no camera, no view is declared yet" in hallwatch("check").output


def test_what_is_declared_wrongly_is_declared(hallwatch: Run, config: Path) -> None:
    hallwatch("init", "--yes")
    wrong = GOOD.replace("number = 1", 'number = ""').replace("rtsp://", "http://")
    config.write_text(wrong.replace("staff_zone", "staff_zones").replace("mon-fri", "mo-fr"), "utf-8")
    output = hallwatch("check", "--no-cameras", code=1).output
    assert "counter[cc-1].number: this is needed → correct the value" in output
    assert "is declared yet" not in output


def test_what_was_declared_by_page_counts(hallwatch: Run, site: Path) -> None:
    site.write_text("", "utf-8")
    output = hallwatch("check", "--no-cameras").output
    assert "to add" not in output
    assert output.splitlines()[-1] == "All in order."


def test_no_empty_line_stands_where_nobody_looks_on(hallwatch: Run, site: Path, tmp_path: Path) -> None:
    site.write_text(GOOD.replace("192.0.2.1", "127.0.0.1:1") + '[[source]]\nid = "city"\n', "utf-8")
    (tmp_path / "rows.jsonl").write_text("{}\n")
    for command in (
        ("check",),
        ("import-cases", str(tmp_path / "rows.jsonl"), "--source", "city"),
        ("evaluate", str(tmp_path / "nothing")),
    ):
        result = hallwatch(*command, code=1)
        assert "" not in [*result.stdout.splitlines(), *result.stderr.splitlines()], command
