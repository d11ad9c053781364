"""Publishing the erratum of a month that is drafted."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from web import evaluating
from web.addresses import client_address
from web.auth import require
from web.declared_values import Moment, Strict
from web.evaluations import EvaluationRef, evaluation_ref
from web.permissions import Permission
from web.row_ids import RowId
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["evaluation"])
Publisher = Annotated[Viewer, Depends(require(Permission.PUBLISH))]


class ErratumRequest(Strict):
    counted_at: Moment
    """Of the draft that was looked at."""
    erratum: Annotated[str, Field(min_length=1, max_length=2000)]
    """What is corrected and why; everybody who sees the evaluation reads it."""


@router.post("/evaluation/{evaluation_id}/publish")
def publish(
    evaluation_id: RowId, wanted: ErratumRequest, request: Request, services: ServicesDep, viewer: Publisher
) -> EvaluationRef:
    """Beside what is published, for good. A draft that was counted again since is refused with 409."""
    made = evaluating.publish_drafted(
        services.database,
        evaluation_id,
        wanted.counted_at,
        viewer,
        services.clock(),
        wanted.erratum,
        client_address(request),
    )
    return evaluation_ref(made)
