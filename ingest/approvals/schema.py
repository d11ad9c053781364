"""The exchange format as JSON Schema, published for those who send."""

from typing import Any

from ingest.approvals.row import Row


def json_schema() -> dict[str, Any]:
    """Schema of one row (draft 2020-12). Beyond it, `end` may not be before `start` and times need a zone."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Row.model_json_schema()}
