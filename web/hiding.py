"""Who gets a camera's pictures without its privacy masks: by default everybody gets them filled."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from ingest.video.clip_plan import Told
from storage.masks import masks_between, polygons_of
from storage.models import PrivacyMask
from storage.models.places import Polygon
from storage.sayings import Saying
from web.errors import Forbidden, Unprocessable
from web.field_problems import FieldProblem
from web.permissions import Permission
from web.viewer import Viewer

NOT_PERMITTED = Saying("Your role may not see under privacy masks. Ask for the footage with its masks filled.")
_WHY = FieldProblem("purpose", Saying("Say why it has to be seen without its privacy masks; it is written down."))


@dataclass(frozen=True)
class Hiding:
    """What is done about the masks of a camera in a span."""

    masks: tuple[PrivacyMask, ...]
    filled: bool

    @property
    def polygons(self) -> tuple[Polygon, ...]:
        """What is to be filled."""
        return polygons_of(self.masks) if self.filled else ()

    @property
    def told(self) -> Told:
        """What a file says of it."""
        return {
            "privacy_masks": ("filled" if self.filled else "not filled") if self.masks else "none",
            "masks": [mask.id for mask in self.masks],
        }

    @property
    def header(self) -> dict[str, str]:
        return {"X-Privacy-Masks": str(self.told["privacy_masks"])}

    def action(self, name: str) -> str:
        """As the access log names it: whatever was seen under a mask stands out."""
        return f"{name}_unmasked" if self.masks and not self.filled else name


def hiding(
    session: Session, viewer: Viewer, camera_id: str, start: datetime, end: datetime, *, unmasked: bool, purpose: str
) -> Hiding:
    """Raises Forbidden, and Unprocessable where nobody says why it has to be `unmasked`."""
    masks = masks_between(session, camera_id, start, end)
    if masks and unmasked:
        check_unmasked(viewer, purpose)
    return Hiding(masks, filled=not unmasked)


def check_unmasked(viewer: Viewer, purpose: str) -> None:
    if not viewer.may(Permission.UNMASKED):
        raise Forbidden(NOT_PERMITTED)
    if not purpose.strip():
        raise Unprocessable(fields=[_WHY])
