"""Real servers for tests: PostgreSQL and an S3 server, each in its own folder and gone with it."""

import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pymysql
from minio import Minio

LIMIT_S = 180.0
"""Of everything that is waited for: long past what a busy machine takes, so that only what never comes fails."""


class ServerDied(Exception):
    """A test server ended while it was starting; the message is its output."""


_MEMORY = Path("/dev/shm")
_MEMORY_NEEDED = 4 << 30
"""In bytes: several processes of pytest may have a cluster there, each of some 200 MB."""

_GIVEN: set[int] = set()


def free_port() -> int:
    """A TCP port that can be listened on at 127.0.0.1.

    Below 20000: servers may take the one 10000 further, too, which is never given here, and the ports from 32768 on
    are given to whoever connects somewhere.
    """
    for _ in range(1000):
        port = 10_000 + secrets.randbelow(10_000)
        if port in _GIVEN:
            continue  # whoever has it may not listen yet
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _GIVEN.add(port)
            return port
    raise OSError("no free port found")


def wait_until(condition: Callable[[], object], seconds: float = LIMIT_S, pause_s: float = 0.02) -> None:
    """Raises TimeoutError unless the condition becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{condition} did not become true within {seconds} s")
        time.sleep(pause_s)


@contextmanager
def database_folder() -> Iterator[Path]:
    """In memory where there is room: each database is hundreds of files, and some disks need half a second for them."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_NEEDED
    place = _MEMORY if roomy else None
    with tempfile.TemporaryDirectory(prefix="hallwatch-postgres-", dir=place, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


class PostgresServer:
    """A cluster on a Unix socket only. `initdb` refuses root, so root starts it as `postgres`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data = folder / "data"
        self._owner = "postgres" if os.getuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def programs() -> Path | None:
        """The folder of initdb and postgres, of the newest version installed; None if there is none."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parent.parent.name))
        if found:
            return found[-1].parent
        elsewhere = shutil.which("initdb")
        return Path(elsewhere).resolve().parent if elsewhere else None

    def start(self) -> None:
        programs = self.programs()
        if programs is None:
            raise FileNotFoundError("initdb")
        if self._owner:
            account = pwd.getpwnam(self._owner)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        if not self._data.exists():
            self._run(programs / "initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        self._process = subprocess.Popen(
            [programs / "postgres", "-D", self._data, "-k", self.folder, *_settings(listen_addresses="", fsync="off")],
            user=self._owner,
            group=self._owner,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._accepts)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)  # ends at once, sessions included
        self._process.wait(timeout=30)
        self._process = None

    def signal(self, signal_number: int) -> None:
        """To the server and all its processes."""
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        for process in (server, *server.children(recursive=True)):
            process.send_signal(signal_number)

    def _accepts(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise ServerDied("postgres")
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, *arguments: object) -> None:
        done = subprocess.run(
            [str(argument) for argument in arguments],
            user=self._owner,
            group=self._owner,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServerDied(done.stdout + done.stderr)


class MariaDbServer:
    """On a port of this machine, for whoever has the password; needs the package mariadb-server-core."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password = secrets.token_hex(8)
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def program() -> str | None:
        """None if it is not installed."""
        return shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

    def start(self) -> None:
        program = self.program()
        if program is None:
            raise FileNotFoundError("mariadbd")
        first = self.folder / "first.sql"
        first.write_text(
            "CREATE DATABASE approvals CHARACTER SET utf8mb4;\n"
            f"CREATE USER platform@'127.0.0.1' IDENTIFIED BY '{self.password}';\n"
            "GRANT ALL ON *.* TO platform@'127.0.0.1';\n"
        )
        data, user = self.folder / "data", ["--user=root"] if os.getuid() == 0 else []
        shared = ["--no-defaults", f"--datadir={data}", *user]
        data.mkdir()
        # What mariadb-install-db does, which is in another package.
        tables = (Path("/usr/share/mysql") / f"mysql_{name}.sql" for name in ("system_tables", "system_tables_data"))
        made = subprocess.run(
            [program, *shared, "--bootstrap"],
            input="CREATE DATABASE mysql;\nUSE mysql;\n" + "\n".join(file.read_text("utf-8") for file in tables),
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise ServerDied(made.stdout + made.stderr)
        listening = [f"--port={self._port}", "--bind-address=127.0.0.1", f"--socket={self.folder / 'socket'}"]
        self._process = subprocess.Popen(
            [program, *shared, *listening, f"--init-file={first}", f"--pid-file={self.folder / 'pid'}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._accepts)

    @property
    def url(self) -> str:
        return f"mariadb://platform:{self.password}@127.0.0.1:{self._port}/approvals?charset=utf8mb4"

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _accepts(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise ServerDied("mariadbd")
        try:
            pymysql.connect(
                host="127.0.0.1", port=self._port, user="platform", password=self.password, database="approvals"
            ).close()
        except pymysql.OperationalError:
            return False
        return True


class S3Server:
    """SeaweedFS with one bucket. Survives `kill()` and starts again on the same folder and port."""

    def __init__(self, folder: Path, bucket: str = "segments") -> None:
        self.folder = folder
        self.bucket = bucket
        self.access_key = "hallwatch"
        self.secret_key = secrets.token_hex(16)
        self.endpoint = ""
        self._ports = {name: free_port() for name in ("master", "volume", "filer", "s3", "admin")}
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def program() -> Path | None:
        """The `weed` of this environment, else of the path; None if there is none."""
        beside = Path(sys.executable).with_name("weed")
        found = str(beside) if beside.exists() else shutil.which("weed")
        return Path(found) if found else None

    def start(self) -> None:
        program = self.program()
        if program is None:
            raise FileNotFoundError("weed")
        log = self.folder / "weed.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [program, "mini", *self._options()],
                cwd=self.folder,
                env={**os.environ, "AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        # It moves to another port silently when its own is taken: believe only what it says.
        wait_until(lambda: self._read_endpoint(log))
        wait_until(self._has_bucket)

    def client(self) -> Minio:
        return Minio(
            endpoint=self.endpoint,
            access_key=self.access_key,
            secret_key=self.secret_key,
            secure=False,
            region="us-east-1",
        )

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP freezes it, SIGCONT lets it go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        self.kill()

    def _options(self) -> list[str]:
        ports = [f"-{name}.port={port}" for name, port in self._ports.items()]
        return [
            f"-dir={self.folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-bucket={self.bucket}",
            f"-filer.localSocket={self.folder}/filer.sock",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.localSocket={self.folder}/s3.sock",
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
            *ports,
        ]

    def _read_endpoint(self, log: Path) -> bool:
        text = log.read_text(errors="replace")
        if self._process is not None and self._process.poll() is not None:
            raise ServerDied(text)
        found = re.search(r"S3 Endpoint:\s+http://(\S+)", text)
        self.endpoint = found[1] if found else ""
        return bool(found)

    def _has_bucket(self) -> bool:
        return self.client().bucket_exists(bucket_name=self.bucket)


def _settings(**values: str) -> list[str]:
    return [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
