"""A Prometheus server scrapes as the guide says, and answers whatever the dashboard asks."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tests.servers import free_port, wait_until
from tests.web.pages.browser import served
from tests.web.test_metrics import DASHBOARD, TOKEN, at_work, queries
from web.services import Services

pytestmark = pytest.mark.skipif(not shutil.which("prometheus"), reason="Prometheus is not installed")


def test_every_query_of_the_dashboard_has_an_answer(services: Services, tmp_path: Path) -> None:
    at_work(services.database)
    web = services.settings.web.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    object.__setattr__(services, "settings", services.settings.model_copy(update={"web": web}))
    (tmp_path / "token").write_text(TOKEN)
    own = f"127.0.0.1:{free_port()}"
    with served(services) as site:
        (tmp_path / "prometheus.yml").write_text(
            f"""
scrape_configs:
  - job_name: hallwatch
    scrape_interval: 1s
    authorization:
      credentials_file: {tmp_path / "token"}
    static_configs:
      - targets: ["{site.address.removeprefix("http://")}"]
"""
        )
        options = [f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}"]
        command = ["prometheus", f"--web.listen-address={own}", *options, "--log.level=warn"]
        with httpx.Client(base_url=f"http://{own}/api/v1") as asking, subprocess.Popen(command) as process:
            try:
                wait_until(lambda: bool(_told(asking, 'count_over_time(up{job="hallwatch"}[1m]) > 2')))
                dashboard = json.loads(DASHBOARD.read_text("utf-8"))
                for expression, _ in queries(dashboard):
                    _answered(asking, expression)
            finally:
                process.terminate()


def _answered(asking: httpx.Client, expression: str) -> None:
    if expression.startswith("label_values("):
        metric, label = expression.removeprefix("label_values(").removesuffix(")").split(", ")
        values = asking.get(f"/label/{label}/values", params={"match[]": metric}).json()["data"]
        assert values, expression
    else:
        wait_until(_has_value(asking, expression.replace("$hall", ".*")))


def _has_value(asking: httpx.Client, expression: str) -> Callable[[], bool]:
    return lambda: bool(_told(asking, expression))


def _told(asking: httpx.Client, expression: str) -> list[Any]:
    try:
        answer = asking.get("/query", params={"query": expression})
    except httpx.TransportError:
        return []
    if answer.status_code == 503:  # it reads what it has, at first
        return []
    told = answer.json()
    assert told["status"] == "success", (expression, told)
    result: list[Any] = told["data"]["result"]
    return result
