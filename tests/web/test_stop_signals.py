"""A process that is asked to stop does, whichever of its threads is told."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.servers import LIMIT_S

ROOT = Path(__file__).resolve().parents[2]
WAITS = """
import signal, threading, time
from web.stop_signals import set_on_signal, wait_for

stop = threading.Event()
set_on_signal(stop)
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # so the system tells the other thread
print("waits", flush=True)
wait_for(stop)
print("stops", flush=True)
"""


def test_a_signal_that_another_thread_gets_stops_the_process() -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "waits\n"
            process.send_signal(signal.SIGTERM)
            assert process.communicate(timeout=LIMIT_S)[0] == "stops\n"
        finally:
            process.kill()
