"""Days of which the spool holds nothing any more: each camera has a folder for each, and whoever counts the files would
walk through years of them."""

from datetime import date
from pathlib import Path

import structlog

from storage.folders import remove_empty

_DAYS = "*/[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]"
"""Below the spool: camera, year, month, day in UTC."""

log = structlog.get_logger(__name__)


def remove_days_past(spool: Path, today: date) -> None:
    """Those in which nothing lies. Raises nothing: they can go another day."""
    try:
        for folder in list(spool.glob(_DAYS)):
            if "/".join(folder.parts[-3:]) < f"{today:%Y/%m/%d}":
                remove_empty(folder, folder.parents[2])
    except OSError as error:
        log.warning("empty_folders_not_removed", error=str(error))
