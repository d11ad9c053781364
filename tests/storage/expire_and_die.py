"""Deletes what is due and kills itself, as `kill -9` does, at a step: `python -m tests.storage.expire_and_die …`."""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from storage.database import Database
from storage.deletions import DeletionStep
from storage.expiry import Expiry
from storage.folder_store import FolderStore


def dying_at(step: DeletionStep) -> Callable[[DeletionStep], None]:
    def on_step(reached: DeletionStep) -> None:
        if reached is step:
            os.kill(os.getpid(), signal.SIGKILL)

    return on_step


def main(url: str, store: str, spool: str, now: str, step: str) -> None:
    expiry = Expiry(
        Database(url), FolderStore(Path(store)), Path(spool), lambda *_: None, dying_at(DeletionStep(step)), batch=2
    )
    expiry.run_once(datetime.fromisoformat(now))


if __name__ == "__main__":
    main(*sys.argv[1:])
