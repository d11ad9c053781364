"""The API's description of itself, for who may use it."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request

from web.auth import CurrentUser

router = APIRouter(prefix="/api", tags=["description"])


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request, viewer: CurrentUser) -> dict[str, Any]:
    """OpenAPI 3; load it into any client of your own."""
    app = request.app
    assert isinstance(app, FastAPI)
    return app.openapi()
