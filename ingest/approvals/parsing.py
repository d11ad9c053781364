"""From decoded values to a row of the kind that they name, or to the reasons why they are none."""

import json
from typing import Any

from pydantic import ValidationError

from ingest.approvals.catalogue import ContactRow, ItemRow, OperatorRow, OrganisationRow
from ingest.approvals.plain import PlainStep, plain_step
from ingest.approvals.problems import Problem, explain, shown
from ingest.approvals.records import (
    DeliveryRow,
    ExtensionRow,
    FeeRow,
    RatingRow,
    ResultRow,
    StepRow,
    SuspensionRow,
)
from ingest.approvals.row import UNKNOWN_RECORD, Row, RowError, keepable, reference_said, row_error
from storage.models import RecordKind
from storage.sayings import Saying

MODELS: dict[RecordKind, type[Row]] = {
    model.kind_of_record: model
    for model in (
        StepRow,
        SuspensionRow,
        ExtensionRow,
        FeeRow,
        ResultRow,
        DeliveryRow,
        RatingRow,
        ItemRow,
        OrganisationRow,
        ContactRow,
        OperatorRow,
    )
}
Read = Row | RowError | PlainStep
"""What a row says, or why it cannot be used."""
_BY_WORD: dict[str, type[Row]] = {kind.value: model for kind, model in MODELS.items()}


def read_values(values: object, raw: str | None = None) -> Read:
    """The same as `parse_row`, sooner for most steps."""
    return plain_step(values) or parse_row(values, raw)


def parse_row(values: object, raw: str | None = None) -> Row | RowError:
    """Validates one decoded row; `raw` is its text, if it came as text."""
    if not isinstance(values, dict):
        problem = Problem("", Saying("is not an object"), Saying("send one JSON object for each record"))
        return row_error(problem, raw_of(values, raw), UNKNOWN_RECORD)
    word = values.get("record", RecordKind.STEP)
    model = model_of(word)
    if model is None:
        return row_error(_unknown_record(word), raw_of(values, raw), UNKNOWN_RECORD)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = explain(error, tuple(model.model_fields))
        reference = reference_said(model, values)
        return RowError(problems, keepable(raw_of(values, raw)), record=model.kind_of_record, reference=reference)


def model_of(word: object) -> type[Row] | None:
    """Of the rows whose field `record` says this; None when it is no kind of record."""
    return _BY_WORD.get(word) if isinstance(word, str) else None


def _unknown_record(word: object) -> Problem:
    said = Saying("%(value)s is not a kind of record", value=shown(word))
    return Problem("record", said, Saying("use one of %(words)s", words=", ".join(RecordKind)))


def raw_of(values: Any, raw: str | None = None) -> str:  # noqa: ANN401
    """Its text, as it came or else as it was read."""
    if raw is not None:
        return raw
    try:
        return json.dumps(values, ensure_ascii=False, default=str)
    except RecursionError:
        return "(nested too deeply to be shown)"
