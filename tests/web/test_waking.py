"""The clerk of this machine hears of accepted rows at once."""

import threading
from pathlib import Path

from fastapi.testclient import TestClient

from tests.servers import LIMIT_S
from tests.web.conftest import PUSH_KEY
from web.services import Services
from web.waking import NAME, wake_clerk, woken

ROW = {"case": "2026-0300", "step": "w1", "kind": "receive", "item": "JZ-0103", "start": "2026-03-02T09:00:00+08:00"}


def test_a_push_wakes_the_clerk(anonymous: TestClient, services: Services) -> None:
    heard = threading.Event()
    services.settings.run_folder.mkdir(exist_ok=True)
    with woken(services.settings.run_folder, heard.set):
        body, bearer = {"sequence": 900, "rows": [ROW]}, {"Authorization": f"Bearer {PUSH_KEY}"}
        answer = anonymous.post("/api/v1/sources/cc-platform/batches", json=body, headers=bearer)
        assert answer.status_code == 200, answer.text
        assert heard.wait(LIMIT_S)


def test_without_a_clerk_nobody_waits(tmp_path: Path) -> None:
    wake_clerk(tmp_path)
    wake_clerk(tmp_path / "nowhere")


def test_a_path_too_long_for_a_socket_wakes_nobody_and_stops_nobody(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    with woken(folder, lambda: None):
        wake_clerk(folder)


def test_what_a_killed_clerk_left_behind_is_taken_over(tmp_path: Path) -> None:
    heard = threading.Event()
    (tmp_path / NAME).touch()
    with woken(tmp_path, heard.set):
        wake_clerk(tmp_path)
        assert heard.wait(LIMIT_S)
    assert not (tmp_path / NAME).exists()
