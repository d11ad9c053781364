"""The whole product as its user starts it: `hallwatch simulate` and `hallwatch serve` as processes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from ingest.simulator.options import SimulationOptions
from ingest.simulator.site import site_text
from storage.database import Database
from storage.models import Role
from tests.servers import LIMIT_S, S3Server, free_port
from web.accounts import NewUser, create_user

REPOSITORY = Path(__file__).resolve().parents[2]
THRESHOLD_S = 15
SEGMENT_S = 4
"""Less than usual: a moment can be played when its segment is complete."""
PASSWORD = "a-long-password-for-tests"
_OTHER_HALL = """
[[district]]
id = "nanhai"
name = "南海区"

[[hall]]
id = "nh"
district = "nanhai"
name = "南海政务服务大厅"
"""
_COMMAND = (sys.executable, "-c", "from web.cli import app; app()")

Found = TypeVar("Found")


@dataclass
class RunningHall:
    """One simulated camera with two counters; people move only when told to."""

    folder: Path
    database_url: str
    store: S3Server
    port: int = field(default_factory=free_port)
    rtsp_port: int = field(default_factory=free_port)
    control_port: int = field(default_factory=free_port)
    push_key: str = "the-key-of-the-simulated-platform"
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        try:
            self._configure()
            self._run("simulate", *self._simulator_options())
            self._run("serve", "--config", str(self._config))
            wait_for(self._answers, 2 * LIMIT_S, "the pages")
            self._make_users()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()

    def order(self, path: str, **body: object) -> dict[str, Any]:
        """Tells the simulated hall what to do, e.g. order("counters/1/clerk", action="leave")."""
        answer = httpx.post(f"http://127.0.0.1:{self.control_port}/{path}", json=body)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def truth(self) -> list[dict[str, Any]]:
        """What really happened so far."""
        entries: list[dict[str, Any]] = httpx.get(f"http://127.0.0.1:{self.control_port}/truth").json()["entries"]
        return entries

    def logs(self) -> str:
        """The last lines of both processes, for a failing test."""
        return "\n".join(log.read_text(errors="replace")[-4000:] for log in sorted(self.folder.glob("*.log")))

    @property
    def pictures(self) -> Path:
        """Where screenshots go: HALLWATCH_PICTURES, e.g. docs/images to renew the README's, else nowhere lasting."""
        folder = Path(os.environ.get("HALLWATCH_PICTURES", self.folder / "pictures"))
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def _config(self) -> Path:
        return self.folder / "hallwatch.toml"

    def _configure(self) -> None:
        options = SimulationOptions(
            cameras=1, story=False, push_key=self.push_key, absence_threshold_s=THRESHOLD_S, rtsp_port=self.rtsp_port
        )
        head = {
            "data_dir": str(self.folder / "data"),
            "database": {"url": self.database_url},
            "store": {
                "kind": "s3",
                "endpoint": self.store.endpoint,
                "bucket": self.store.bucket,
                "access_key": self.store.access_key,
                "secret_key": self.store.secret_key,
                "secure": False,
            },
            "recorder": {"segment_seconds": SEGMENT_S},
            "web": {"listen": f"127.0.0.1:{self.port}"},
        }
        self._config.write_text(_toml(head) + site_text(options, self.rtsp_port) + _OTHER_HALL, "utf-8")
        self._config.chmod(0o600)

    def _simulator_options(self) -> list[str]:
        ports = ["--rtsp-port", str(self.rtsp_port), "--control-port", str(self.control_port), "--onvif-port", "0"]
        return [
            "--folder",
            str(self.folder / "simulated"),
            "--cameras",
            "1",
            "--no-story",
            *ports,
            "--push-url",
            self.address,
        ]

    def _run(self, name: str, *arguments: str) -> None:
        environment = {**os.environ, "HALLWATCH_PUSH_KEY": self.push_key, "PYTHONPATH": str(REPOSITORY)}
        with (self.folder / f"{name}.log").open("wb") as log:
            command = [*_COMMAND, name, *arguments]
            process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=subprocess.STDOUT)
        self._processes.append(process)

    def _answers(self) -> bool:
        ended = [process for process in self._processes if process.poll() is not None]
        assert not ended, self.logs()
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.address}/sign-in").status_code == 200
        return False

    def _make_users(self) -> None:
        users = (
            NewUser("supervisor", PASSWORD, Role.SUPERVISOR, halls=frozenset({"cc-sim"})),
            NewUser("inspector", PASSWORD, Role.INSPECTOR, halls=frozenset({"cc-sim"})),
            NewUser("stranger", PASSWORD, Role.INVESTIGATOR, halls=frozenset({"nh"})),
        )
        with closing(Database(self.database_url)) as database, database.transaction() as session:
            for user in users:
                create_user(session, user, datetime.now(UTC))


def wait_for(condition: Callable[[], Found | None], seconds: float, what: str) -> Found:
    """The first true answer. Raises TimeoutError that says what was awaited."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {seconds:.0f} s")
        time.sleep(0.2)
    return found


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _toml(tables: dict[str, Any]) -> str:
    """Plain values first, then tables; JSON writes strings, numbers and truth values as TOML does."""
    plain = [f"{key} = {json.dumps(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    nested = [(key, value) for key, value in tables.items() if isinstance(value, dict)]
    return "\n".join([*plain, *(f"\n[{key}]\n{_toml(value)}" for key, value in nested), ""])
