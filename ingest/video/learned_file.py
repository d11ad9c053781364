"""What was learned of cameras, in the spool: a restart of the recorder need not learn it again.

It is a start and no more: what is wrong, because a camera was exchanged or set right meanwhile, is noticed as quickly
as without it. So whatever cannot be read is left out.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import structlog

from ingest.video.clock import MAX_AHEAD_US, MAX_BEHIND_US
from ingest.video.connection import NOTHING_LEARNED, Learned
from ingest.video.source import PICTURELESS_S

NAME = "cameras.learned"
PAUSE_S = 60.0
_SLOWEST_PPM, _FASTEST_PPM = -500_000, 1_000_000
_LARGEST = 16 * 1024 * 1024

log = structlog.get_logger(__name__)


class LearnedFile:
    """Neither method raises: recording must not depend on it."""

    def __init__(self, spool: Path) -> None:
        self._file = spool / NAME
        self._kept: dict[str, Learned] | None = None
        self._kept_at: float | None = None

    def read(self) -> dict[str, Learned]:
        """By camera."""
        try:
            if self._file.stat().st_size > _LARGEST:
                raise ValueError("too large")
            return dict(_sane(json.loads(self._file.read_text("utf-8"))))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            log.warning("learned_not_readable", file=str(self._file), error=str(error))
            return {}

    def keep(self, learned: Mapping[str, Learned], now: float, *, at_once: bool = False) -> None:
        """At most once a minute, unless it has to be `at_once`; `now` in seconds of any clock that does not go back."""
        known = {camera_id: each for camera_id, each in learned.items() if each != NOTHING_LEARNED}
        waits = self._kept_at is not None and now - self._kept_at < PAUSE_S
        if known == self._kept or (waits and not at_once):
            return
        try:
            _write(self._file, json.dumps({camera_id: asdict(each) for camera_id, each in known.items()}))
        except OSError as error:
            log.warning("learned_not_kept", file=str(self._file), error=str(error))
        self._kept, self._kept_at = known, now


def _sane(told: object) -> Iterator[tuple[str, Learned]]:
    """Without what no camera can have taught. Files of before have no pauses."""
    for camera_id, fields in told.items() if isinstance(told, dict) else ():
        if not isinstance(fields, dict):
            continue
        lead_us, ppm, pause_ms = fields.get("lead_us"), fields.get("rate_error_ppm"), fields.get("pause_ms", 0)
        if type(lead_us) is not int or type(ppm) is not int or type(pause_ms) is not int:
            continue
        is_possible = -MAX_BEHIND_US <= lead_us <= MAX_AHEAD_US and _SLOWEST_PPM <= ppm <= _FASTEST_PPM
        if is_possible and 0 <= pause_ms <= PICTURELESS_S * 1000:
            yield camera_id, Learned(lead_us, ppm, pause_ms)


def _write(file: Path, text: str) -> None:
    """Whole or not at all; one that a power cut takes is learned again."""
    partial = file.with_name(f"{file.name}.new")
    partial.write_text(text, "utf-8")
    partial.replace(file)
