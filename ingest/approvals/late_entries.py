"""Steps of which their platform says itself that they were entered well after they had ended."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from storage.models import IN_HAND


def is_late(end: datetime, entered: datetime) -> bool:
    return entered - end > IN_HAND


def late_entry(
    step_id: int,
    revision: int,
    batch_id: int,
    source_id: str,
    case_number: str,
    operator: str,
    end: datetime,
    entered: datetime,
) -> dict[str, Any]:
    """Columns of `LateEntry`."""
    return {
        "step_id": step_id,
        "revision": revision,
        "batch_id": batch_id,
        "source_id": source_id,
        "case_number": case_number,
        "operator": operator,
        "end": end,
        "entered": entered,
    }


def late_entries(source_id: str, revisions: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Columns of `LateEntry` from those of `RecordRevision` of steps; one without an operator tells of nobody."""
    for revision in revisions:
        said = revision["row"]
        if not said.get("entered") or not said.get("operator") or revision["overtaken_by"] is not None:
            continue
        end, entered = datetime.fromisoformat(said.get("end") or said["start"]), datetime.fromisoformat(said["entered"])
        if is_late(end, entered):
            step_id, number, batch_id = revision["record_id"], revision["revision"], revision["batch_id"]
            yield late_entry(step_id, number, batch_id, source_id, said["case"], said["operator"], end, entered)
