"""Why there is no footage where somebody asks for some: nothing was recorded, or it was deleted in its time."""

from sqlmodel import Session, col, select

from storage.intervals import Span
from storage.models import Gap, GapCause
from storage.sayings import Saying
from web.errors import NotFound

_NOTHING_IN_SPAN = Saying("Nothing was recorded in this span.")
_NOTHING_THEN = Saying("Nothing was recorded at this moment.")
_DELETED = Saying("The footage was deleted when its keeping time was over.")


def no_footage(session: Session, camera_id: str, span: Span) -> NotFound:
    """The answer to whoever asks for it; a span without length is a moment."""
    ends_within = col(Gap.end) > span.start
    begins_within = col(Gap.start) < span.end if span.end > span.start else col(Gap.start) <= span.start
    expired = select(Gap.id).where(Gap.camera_id == camera_id, Gap.cause == GapCause.EXPIRED)
    if session.exec(expired.where(begins_within, ends_within).limit(1)).first() is not None:
        return NotFound(_DELETED)
    return NotFound(_NOTHING_IN_SPAN if span.end > span.start else _NOTHING_THEN)
