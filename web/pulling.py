"""What `[[pull]]` of the configuration says, at work."""

from datetime import datetime

from ingest.approvals.known_mappings import mapping_named
from ingest.approvals.pull import Puller, View
from storage.database import Database
from web.settings import PullSettings


def view_of(pull: PullSettings) -> View:
    """Raises MappingError."""
    mapping = mapping_named(pull.mapping) if pull.mapping else None
    return View(pull.source, pull.url.get_secret_value(), pull.view, pull.changed, mapping, pull.again)


class Pulling:
    """Begins with the first run, so that a mapping or an address that cannot be used fails this job alone."""

    def __init__(self, database: Database, pull: PullSettings) -> None:
        self._database, self._pull = database, pull
        self._puller: Puller | None = None

    def run_once(self, now: datetime) -> int:
        """The number of rows that were new or corrected. Raises MappingError and PullFailed."""
        if self._puller is None:
            self._puller = Puller(self._database, view_of(self._pull))
        return self._puller.run_once(now)
