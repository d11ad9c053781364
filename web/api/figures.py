"""Figures of the evaluation that people enter by hand."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request
from pydantic import AfterValidator, BaseModel, Field, model_validator

from correlation.evaluation.counted import HUNDREDTHS
from storage.models import EnteredFigure, UnitKind
from storage.sayings import Saying
from web.access_log import log_access
from web.addresses import client_address
from web.auth import require
from web.declared_values import Strict
from web.entered_figures import enter
from web.permissions import Permission
from web.row_ids import LARGEST_ID
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["evaluation"])
FigureEnterer = Annotated[Viewer, Depends(require(Permission.ENTER_FIGURES))]
_FINER = Saying("Give at most two digits behind the point.")
_MOST = 1_000_000
_TOO_MUCH = Saying("The figure is more than its maximum.")


def _to_a_hundredth(value: float) -> float:
    rounded = round(value * HUNDREDTHS) / HUNDREDTHS
    if abs(rounded - value) > 1e-6:
        raise ValueError(_FINER)
    return rounded


Figure = Annotated[float, Field(ge=0, le=_MOST, allow_inf_nan=False), AfterValidator(_to_a_hundredth)]
Maximum = Annotated[float, Field(gt=0, le=_MOST, allow_inf_nan=False), AfterValidator(_to_a_hundredth)]


class FigureRequest(Strict):
    month: Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
    kind: UnitKind
    unit: Annotated[str, Field(min_length=1, max_length=130)]
    """Its id in the evaluation of the month."""
    indicator: Annotated[str, Field(min_length=1, max_length=40)]
    """Its id in the formula; one of the kind `entered`."""
    value: Figure | None
    """Null takes back what was entered: then it is not known."""
    maximum: Maximum
    """Of which the value is so much: 8 of 10 is 80 points."""
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    """Why, and where it comes from."""
    seen: Annotated[int, Field(ge=0, le=LARGEST_ID)] | None = None
    """The `id` of the newest version that was looked at, 0 for none: 409 where a newer one of this figure holds."""

    @model_validator(mode="after")
    def _is_within(self) -> Self:
        if self.value is not None and self.value > self.maximum:
            raise ValueError(_TOO_MUCH)
        return self


class FigureShown(BaseModel):
    id: int
    month: str
    kind: UnitKind
    unit: str
    indicator: str
    value: float | None
    maximum: float
    reason: str
    entered_at: datetime
    entered_by: str


@router.post("/evaluation/figures")
def enter_figure(wanted: FigureRequest, request: Request, services: ServicesDep, viewer: FigureEnterer) -> FigureShown:
    """A version beside those before it, which are kept. Of a published month it makes the draft of an erratum.

    With `seen` it is refused with 409 where somebody else has entered this figure since.
    """
    now = services.clock()
    with services.database.transaction() as session:
        said = wanted.model_dump(exclude={"unit", "seen"})
        row = enter(session, viewer, EnteredFigure(key=wanted.unit, **said), now, wanted.seen)
        subject = f"figure:{row.month} {row.kind} {row.key} {row.indicator}"
        log_access(session, viewer, "enter_figure", subject, row.reason, now, client_address(request))
        return FigureShown(unit=row.key, **row.model_dump(exclude={"key"}))
