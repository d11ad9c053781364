"""Any moment of recorded footage as a picture for the watcher, also of the segment that is being written."""

from datetime import datetime, timedelta

import av
import structlog
from sqlalchemy.exc import SQLAlchemyError

from analytics.pictures import Picture
from ingest.video.clip_plan import NothingRecorded
from ingest.video.stills import moment_at, shown_at
from storage.database import Database
from storage.footage import Footage
from storage.objects import StoreError
from storage.smeared import smeared_times

_MOMENT = timedelta(microseconds=1)

_log = structlog.get_logger(__name__)


class FootageMoments:
    """Analytics' Moments. What cannot be read now is not waited for, and no error may cost what was seen already."""

    def __init__(self, database: Database, footage: Footage) -> None:
        self._database, self._footage = database, footage

    def picture(self, camera_id: str, at: datetime) -> Picture | None:
        try:
            with self._database.transaction() as session:
                if smeared_times(session, camera_id, at, at + _MOMENT):
                    return None
                moment = moment_at(self._footage, session, camera_id, at)
            shown = shown_at(self._footage, moment)
        except NothingRecorded:
            return None
        except (SQLAlchemyError, StoreError, OSError, ValueError, av.FFmpegError) as error:
            _log.warning("moment_unreadable", camera=camera_id, at=at.isoformat(), error=str(error))
            return None
        return Picture(camera_id, shown.wall, shown.image)
