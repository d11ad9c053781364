"""Files of the spool that its disk does not let be read, kept or removed: others do not wait for them.

They are told as a job that fails, and tried again.
"""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import structlog

from storage.failures import Failures

JOB = "spool_files"
"""Its name, where it keeps failing."""
AGAIN_S = 60.0
"""Until they are tried again."""
Refused = Callable[[Path, OSError], None]
"""Told of a file or folder that was left as it is."""

log = structlog.get_logger(__name__)


def only_logged(path: Path, error: OSError) -> None:
    log.error("refused_by_disk", path=str(path), error=str(error))


class RefusedFiles:
    """Safe to share between threads."""

    def __init__(self, failures: Failures) -> None:
        self._failures = failures
        self._errors: dict[Path, OSError] = {}
        self._due = 0.0
        self._lock = threading.Lock()

    def note(self, path: Path, error: OSError) -> None:
        with self._lock:
            is_known = path in self._errors
        if not is_known:
            only_logged(path, error)
        with self._lock:
            self._due = self._due if self._errors else time.monotonic() + AGAIN_S
            self._errors[path] = error

    def try_again(self, handle: Callable[[Sequence[Path]], object]) -> None:
        """Hands them over when their turn has come; what is not noted meanwhile is in order. If it raises, all stay."""
        with self._lock:
            if not self._errors or time.monotonic() < self._due:
                return
            tried, self._errors = self._errors, {}
        try:
            handle(list(tried))
        except BaseException:
            with self._lock:
                self._errors = tried | self._errors
            raise

    def tell(self, now: datetime) -> None:
        with self._lock:
            errors = self._errors.copy()
        if not errors:
            self._failures.succeeded(JOB)
            return
        path, error = next(iter(errors.items()))
        said = f"left as they are: {len(errors)}, such as {path}: {error.strerror or error}"
        self._failures.failed(JOB, OSError(said), now)
