"""GStreamer's RTSP server as a camera that is not ours. Addresses `/main` and `/sub`."""

import shutil
import signal
import subprocess
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers import LIMIT_S

SYSTEM_PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).with_name("gstreamer_server.py")
_PROBE = "import gi; gi.require_version('GstRtspServer', '1.0')"


@cache
def reason_not_available() -> str:
    """Empty if the machine has what the camera needs."""
    if not shutil.which(SYSTEM_PYTHON):
        return f"no {SYSTEM_PYTHON}"
    probe = subprocess.run([SYSTEM_PYTHON, "-c", _PROBE], capture_output=True, check=False)
    if probe.returncode:
        return "GStreamer's RTSP server is missing: apt-get install gir1.2-gst-rtsp-server-1.0 python3-gi"
    return ""


class GStreamerCamera:
    """Runs from `start` to `stop`; after `kill` it can be started again on the same port."""

    def __init__(self, *options: str) -> None:
        """Options of `gstreamer_server.py`, e.g. `--gop=50`, `--codec=hevc`."""
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/main"

    @property
    def sub_url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/sub"

    def start(self) -> None:
        command = [SYSTEM_PYTHON, str(SERVER), f"--port={self.port}", *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stays connected and sends nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(how)
        self._process.wait(LIMIT_S)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
