"""The exchange standard as JSON Schema, published for those who send."""

from typing import Any

from pydantic.json_schema import models_json_schema

from ingest.approvals.parsing import MODELS
from storage.models import RecordKind

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Schema of one row of any kind (draft 2020-12). Beyond it, an end may not be before its start and times need a
    zone."""
    references, shared = models_json_schema(
        [(model, "validation") for model in MODELS.values()], ref_template="#/$defs/{model}"
    )
    rows = [references[model, "validation"] for model in MODELS.values()]
    return {"$schema": _DIALECT, "title": "Hallwatch exchange row", "anyOf": rows, **shared}


def record_schema(kind: RecordKind) -> dict[str, Any]:
    """Schema of the rows of one kind, whose errors are easier to read than those of all kinds at once."""
    return {"$schema": _DIALECT, **MODELS[kind].model_json_schema()}
