"""The product's own processes, as `hallwatch serve` starts them, and what they use."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from web.serve import role_command

ROOT = Path(__file__).parents[1]


@contextmanager
def role(name: str, config: Path) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # Its standard input stays open: when that ends, a role ends.
    process = subprocess.Popen(
        role_command(name, config), env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time that the processes have used."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")
