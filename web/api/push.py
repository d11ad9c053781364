"""Where approval platforms push their records, and the schema they follow."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlmodel import Session, select
from starlette.concurrency import run_in_threadpool

from ingest.approvals.acceptance import BatchReport, SequenceConflict, accept_batch
from ingest.approvals.formats import read_rows
from ingest.approvals.schema import json_schema, record_schema
from storage.models import RecordKind, Source
from web import sessions
from web.errors import Conflict, KeyNeeded, NotFound, Unprocessable, WrongKey
from web.field_problems import FieldProblem
from web.places import key_hash
from web.services import Services, ServicesDep

router = APIRouter(prefix="/api/v1", tags=["approvals"])
log = structlog.get_logger(__name__)

MAX_ROWS = 20_000
_MAX_SEQUENCE = 2**53 - 1  # the largest whole number that every JSON reader keeps exactly


class PushBody(BaseModel):
    """`sequence` grows by one with each push of a source; repeat it unchanged until it has been answered."""

    model_config = ConfigDict(extra="forbid")
    sequence: Annotated[int, Field(ge=0, le=_MAX_SEQUENCE, strict=True)]
    rows: Annotated[Sequence[Any], Field(max_length=MAX_ROWS)]


@router.get("/exchange-schema.json")
def exchange_schema() -> dict[str, Any]:
    """JSON Schema of one row of any kind; public, so that platforms can check before they send."""
    return json_schema()


@router.get("/exchange-schema/{kind}.json")
def record_schema_of(kind: RecordKind) -> dict[str, Any]:
    """JSON Schema of the rows of one kind; public."""
    return record_schema(kind)


def _body_schema() -> dict[str, Any]:
    """The body of a push with the rows that it may hold."""
    schema = PushBody.model_json_schema()
    schema["properties"]["rows"]["items"] = {"anyOf": [record_schema(kind) for kind in RecordKind]}
    return schema


@router.post(
    "/sources/{source}/batches",
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": _body_schema()}}}},
)
async def push(
    source: str, request: Request, services: ServicesDep, authorization: Annotated[str, Header()] = ""
) -> dict[str, Any]:
    """Takes the good rows and reports each bad one. The same sequence with the same body gives the same report.

    401 without the source's key, 404 for a key of another source, 409 for another body under a known sequence,
    413 above 16 MiB, 422 when the body itself cannot be read.
    """
    await run_in_threadpool(_check_key, services, source, authorization)
    body = await request.body()  # web.body_limits ends it at 16 MiB
    report = await run_in_threadpool(_accept, services, source, body)
    return report.as_json()


def _check_key(services: Services, source_id: str, authorization: str) -> None:
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise KeyNeeded
    hashed = key_hash(key.strip())
    with services.database.transaction() as session:
        source = session.get(Source, source_id)
        if source is not None and sessions.equal(hashed, source.key_hash):
            return
        elsewhere = _is_known(session, hashed)
    log.warning("push_refused", source=source_id if source else "unknown", known_key=elsewhere)
    if elsewhere:
        raise NotFound("This key belongs to another source.")
    raise WrongKey


def _is_known(session: Session, hashed: str) -> bool:
    return session.exec(select(Source.id).where(Source.key_hash == hashed)).first() is not None


def _accept(services: Services, source_id: str, body: bytes) -> BatchReport:
    push_body = _parse(body)
    try:
        return accept_batch(
            services.database,
            source_id,
            read_rows(push_body.rows),
            sequence=push_body.sequence,
            name="push",
            sha256=hashlib.sha256(body).hexdigest(),
            now=services.clock(),
        )
    except SequenceConflict as error:
        raise Conflict(str(error)) from None


def _parse(body: bytes) -> PushBody:
    try:
        return PushBody.model_validate_json(body)
    except ValidationError as error:
        problems = [FieldProblem.of(detail) for detail in error.errors()]
        raise Unprocessable('The body must be {"sequence": 17, "rows": [...]}.', problems) from None
