"""Where approval platforms push their records, and the schema they follow."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from ingest.approvals.acceptance import BatchReport, SequenceConflict, accept_batch
from ingest.approvals.formats import read_rows
from ingest.approvals.repeated import Repeated, repeated_in_push
from ingest.approvals.schema import json_schema, record_schema
from storage.models import RecordKind
from storage.sayings import Saying
from web.api.exchange_answers import TO_A_PUSH
from web.errors import Conflict, Unprocessable
from web.field_problems import FieldProblem
from web.services import Services, ServicesDep
from web.source_keys import SourceByKey
from web.waking import wake_clerk

router = APIRouter(prefix="/api/v1", tags=["approvals"])

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
    schema["properties"]["rows"]["items"] = {"anyOf": [_by_itself(record_schema(kind)) for kind in RecordKind]}
    return schema


def _by_itself(schema: dict[str, Any]) -> dict[str, Any]:
    """Without a reference: within another document `#` is the root of that one."""
    defined = schema.get("$defs", {})

    def put_in(part: Any) -> Any:  # noqa: ANN401  (any part of a JSON document)
        if isinstance(part, list):
            return [put_in(each) for each in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            part = defined[part["$ref"].removeprefix("#/$defs/")] | {k: v for k, v in part.items() if k != "$ref"}
        return {name: put_in(each) for name, each in part.items()}

    return {name: put_in(each) for name, each in schema.items() if name not in ("$defs", "$schema")}


@router.post(
    "/sources/{source}/batches",
    response_model=None,
    responses=TO_A_PUSH,
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": _body_schema()}}}},
)
async def push(sender: SourceByKey, request: Request, services: ServicesDep) -> dict[str, Any]:
    """Takes the good rows and reports each bad one. The same sequence with the same body gives the same report.

    401 without the source's key, 404 for a key of another source, 409 for another body under a known sequence,
    413 above 16 MiB, 422 when the body itself cannot be read.
    """
    body = await request.body()  # web.body_limits ends it at 16 MiB
    report = await run_in_threadpool(_accept, services, sender.id, body)
    return report.as_json()


def _accept(services: Services, source_id: str, body: bytes) -> BatchReport:
    push_body, repeated = _parse(body)
    try:
        report = accept_batch(
            services.database,
            source_id,
            read_rows(push_body.rows, repeated.of_rows),
            sequence=push_body.sequence,
            name="push",
            sha256=hashlib.sha256(body).hexdigest(),
            now=services.clock(),
        )
    except SequenceConflict as error:
        raise Conflict(str(error)) from None
    wake_clerk(services.settings.run_folder)
    return report


def _parse(body: bytes) -> tuple[PushBody, Repeated]:
    try:
        parsed = PushBody.model_validate_json(body)
    except ValidationError as error:
        raise _unreadable([FieldProblem.of(detail) for detail in error.errors()]) from None
    repeated = repeated_in_push(body, parsed.rows)
    if repeated.of_body:
        raise _unreadable([FieldProblem(repeated.of_body, Saying("stands twice in the object"))])
    return parsed, repeated


def _unreadable(problems: list[FieldProblem]) -> Unprocessable:
    return Unprocessable('The body must be {"sequence": 17, "rows": [...]}.', problems)
