"""The cameras that the recorder knew last, in its spool: sealed, because their addresses hold passwords."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import structlog

from ingest.video.camera import CameraFeed
from storage.secrets import SecretBox, SecretError

NAME = "cameras.sealed"

log = structlog.get_logger(__name__)


class SealedFeeds:
    """A recorder that starts while the database is away records these."""

    def __init__(self, spool: Path, secrets: SecretBox) -> None:
        self._file = spool / NAME
        self._secrets = secrets

    def keep(self, feeds: Sequence[CameraFeed]) -> None:
        try:
            _write(self._file, self._secrets.seal(json.dumps([asdict(feed) for feed in feeds])))
        except (OSError, SecretError) as error:
            log.error("cameras_not_kept", file=str(self._file), error=str(error))

    def read(self) -> list[CameraFeed]:
        try:
            return [CameraFeed(**fields) for fields in json.loads(self._secrets.open(self._file.read_text("utf-8")))]
        except FileNotFoundError:
            return []
        except (OSError, SecretError, ValueError, TypeError) as error:
            log.error("cameras_not_readable", file=str(self._file), error=str(error))
            return []


def _write(file: Path, text: str) -> None:
    """Whole or not at all, also when the power fails."""
    partial = file.with_name(f"{file.name}.new")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    partial.replace(file)
