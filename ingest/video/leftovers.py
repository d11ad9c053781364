"""Gaps that could not be written down before the recorder ended, because the database was away: kept in the spool.

Segments need nothing of the kind: their files give the rows back.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import structlog

from ingest.video.gaps import GapClosed, GapOpened, Lost
from ingest.video.steps import Step, reached
from ingest.video.writer import sync_directories
from storage.models import GapCause

Leftover = GapOpened | GapClosed | Lost
NAME = "gaps.left"
REFUSED = "gaps.refused"
_KINDS: dict[str, type[Leftover]] = {kind.__name__: kind for kind in (GapOpened, GapClosed, Lost)}

log = structlog.get_logger(__name__)


def keep(spool: Path, entries: Sequence[Leftover]) -> None:
    """After those that lie there already. Raises OSError."""
    if not entries:
        return
    with (spool / NAME).open("a", encoding="utf-8") as file:
        file.writelines(_line(entry) + "\n" for entry in entries)
        file.flush()
        os.fsync(file.fileno())
    sync_directories(spool, spool)
    reached(Step.LEFTOVERS_KEPT)


def kept(spool: Path) -> list[Leftover]:
    """In the order in which it happened. A line that a crash has cut off or a disk has damaged is left out.

    Raises OSError.
    """
    return [entry for entry in map(_entry, _lines(spool)) if isinstance(entry, Leftover)]


def forget(spool: Path) -> None:
    """They are written down; the log says which lines could not be read."""
    for found in map(_entry, _lines(spool)):
        if isinstance(found, Exception):
            log.error("leftover_not_readable", error=str(found))
    (spool / NAME).unlink(missing_ok=True)


def set_aside(spool: Path) -> None:
    """The database refuses them: they stay where a person finds them, behind those that it has refused before."""
    with (spool / REFUSED).open("ab") as refused:
        refused.write((spool / NAME).read_bytes())
        refused.flush()
        os.fsync(refused.fileno())
    forget(spool)


def _line(entry: Leftover) -> str:
    return json.dumps({"kind": type(entry).__name__, **asdict(entry)}, default=datetime.isoformat, ensure_ascii=False)


def _lines(spool: Path) -> list[str]:
    """Raises OSError."""
    try:
        return [line for line in (spool / NAME).read_text("utf-8", errors="replace").split("\n") if line]
    except FileNotFoundError:
        return []


def _entry(line: str) -> Leftover | Exception:
    """Or why the line is none."""
    try:
        fields = json.loads(line)
        kind = _KINDS[fields.pop("kind")]
        for name in {"start", "end"} & fields.keys():
            fields[name] = datetime.fromisoformat(fields[name])
        if "cause" in fields:
            fields["cause"] = GapCause(fields["cause"])
        return kind(**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return error
