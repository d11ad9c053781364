"""Everything that was reported of one case, as a table to take along."""

from collections.abc import Iterator
from operator import itemgetter
from typing import Annotated

from fastapi import APIRouter, Depends

from web.pages.case import CasePage, case_page
from web.pages.case_course import Stop
from web.pages.case_records import CaseRecord
from web.pages.step_rows import StepRow
from web.pages.tables import Cell, Moments, Table, add_table

router = APIRouter()

_MOMENTS = tuple(map(Moments, ("start", "end", "entered", "first_told_at")))
_SAID = (
    "days",
    "amount_yuan",
    "listed_yuan",
    "decision",
    "level",
    "reason",
    "document",
    "way",
    "tracking",
    "comment",
    "card",
)
_COLUMNS = ("record", "id", "name", *_MOMENTS, "revision", "by", "counter", "findings", *_SAID)


def case_table(page: Annotated[CasePage, Depends(case_page)]) -> Table:
    """Steps, suspensions and the other records, in the order in which they began."""
    lines = [
        *((step.start, _of_step(step)) for step in page.steps),
        *((stop.start, _of_stop(stop)) for stop in page.stops),
        *((record.at, _of_record(record)) for record in page.records),
    ]
    return Table(
        f"case-{page.case.number}", page.zone, _COLUMNS, (line for _, line in sorted(lines, key=itemgetter(0)))
    )


def _line(record: str, **said: Cell) -> list[Cell]:
    return [record, *(said.get(name) for name in _COLUMNS[1:])]


def _of_step(step: StepRow) -> list[Cell]:
    return _line(
        "step",
        id=step.id,
        name=step.name or step.kind.value,
        start=step.start,
        end=step.end,
        entered=step.entered,
        first_told_at=step.first_told_at,
        revision=step.revision,
        by=step.operator,
        counter=step.counter.id if step.counter else step.counter_ref,
        findings=", ".join(finding.kind.value for finding in step.findings),
    )


def _of_stop(stop: Stop) -> list[Cell]:
    said = {"start": stop.start, "end": stop.end, "first_told_at": stop.first_told_at}
    return _line("suspension", reason=stop.reason.value, document=stop.notice_number, **said)


def _of_record(record: CaseRecord) -> list[Cell]:
    return _line(
        record.kind.value,
        id=record.reference,
        name=record.name,
        start=record.at,
        first_told_at=record.first_told_at,
        revision=record.revision,
        by=record.by,
        **dict(_said(record)),
    )


def _said(record: CaseRecord) -> Iterator[tuple[str, Cell]]:
    for name in _SAID:
        if name == "listed_yuan":
            yield name, record.listed.amount if record.listed else None
            continue
        value = getattr(record, name)
        yield name, str(value.value) if name == "decision" and value else value


add_table(router, "/cases/{case_id}", case_table)
