"""What the demo prints when its pages come."""

import socket
import threading
from pathlib import Path

import pytest

from ingest.simulator.options import SimulationOptions
from storage.models import Role
from tests.servers import free_port
from web.accounts import NewUser
from web.commands import demo
from web.commands.demo_hall import Demo, DemoAccess

USERS = [
    NewUser("department", "", Role.DEPARTMENT, department_id="cc-market"),
    NewUser("centre", "", Role.SUPERVISOR, all_halls=True),
]


def test_names_are_printed_however_late_the_pages_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "_READY_WITHIN_S", 0.1)
    port = free_port()
    show = Demo(tmp_path, DemoAccess("the-password", ""), SimulationOptions(), port, None, open_browser=False)
    announcing = threading.Thread(target=demo._announce, args=(show, USERS, threading.Event()))
    announcing.start()
    while "do not answer yet" not in (told := capsys.readouterr().err):
        assert announcing.is_alive(), told
    with socket.create_server(("127.0.0.1", port)):
        monkeypatch.setattr(demo, "_READY_WITHIN_S", 60)
        announcing.join(60)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["department", "the-password", "cc-market"] in lines
    assert ["centre", "the-password", "every", "hall"] in lines
