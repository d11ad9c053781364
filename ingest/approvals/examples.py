"""One good row of each kind, made of the examples of its fields."""

from typing import Any

from ingest.approvals.parsing import MODELS
from storage.models import RecordKind


def example_row(kind: RecordKind) -> dict[str, Any]:
    """As a platform would send it."""
    fields = MODELS[kind].model_fields.items()
    values = {name: field.examples[0] for name, field in fields if field.examples}
    return {"record": kind.value} | values
