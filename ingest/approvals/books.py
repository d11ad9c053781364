"""Which table keeps which kind of record, and how a row fills its columns."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlmodel import Session

from ingest.approvals.catalogue import OrganisationRow
from ingest.approvals.directory import Directory
from ingest.approvals.parsing import MODELS
from ingest.approvals.records import FeeRow, StepRow
from ingest.approvals.row import Row
from storage.bulk import table_of
from storage.counter_names import CounterNames
from storage.models import (
    CaseResult,
    Contact,
    Extension,
    Fee,
    ItemVersion,
    Operator,
    Organisation,
    Rating,
    RecordKind,
    Reported,
    ResultDelivery,
    Source,
    Step,
    Suspension,
)

_OTHER_NAMES = {"case": "case_number", "counter": "counter_ref", "department": "department_ref"}
"""Columns that are not named like their field."""


@dataclass(frozen=True)
class Finder:
    """Finds what a source means by its words."""

    counters: CounterNames
    directory: Directory

    @staticmethod
    def load(session: Session, source: Source) -> "Finder":
        return Finder(CounterNames.load(session, source), Directory.load(session, source))


@dataclass(frozen=True)
class Book:
    """One kind of record and its table."""

    record: RecordKind
    table: type[Reported]

    @cached_property
    def _plain(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a field and the column that takes it as it is."""
        columns = set(table_of(self.table).columns.keys()) - {"id"}  # the row's own is the reference
        pairs = ((name, _OTHER_NAMES.get(name, name)) for name in MODELS[self.record].model_fields)
        return tuple((name, column) for name, column in pairs if column in columns)

    def columns(self, row: Row, finder: Finder) -> dict[str, Any]:
        """What the row says, by column, with the names in it resolved as far as they are known."""
        values: dict[str, Any] = {column: getattr(row, name) for name, column in self._plain}
        if "counter_ref" in values:
            values["counter_id"] = finder.counters.find(values["counter_ref"])
        if "department_ref" in values:
            values["department_id"] = finder.directory.department(values["department_ref"])
        if own := _OWN_COLUMNS.get(self.record):
            values |= own(row, finder)
        return values


def _of_step(row: Row, _finder: Finder) -> dict[str, Any]:
    assert isinstance(row, StepRow)
    return {"end": row.end or row.start}


def _of_fee(row: Row, _finder: Finder) -> dict[str, Any]:
    assert isinstance(row, FeeRow)
    return {"amount_fen": int(row.amount * 100)}


def _of_item(row: Row, _finder: Finder) -> dict[str, Any]:
    return row.model_dump(mode="json", include={"links", "fees", "materials", "conditions"})


def _of_organisation(row: Row, finder: Finder) -> dict[str, Any]:
    assert isinstance(row, OrganisationRow)
    find = finder.directory.department
    return {"department_id": find(row.code) or find(row.name)}


_OWN_COLUMNS: dict[RecordKind, Callable[[Row, Finder], dict[str, Any]]] = {
    RecordKind.STEP: _of_step,
    RecordKind.FEE: _of_fee,
    RecordKind.ITEM: _of_item,
    RecordKind.ORGANISATION: _of_organisation,
}

_TABLES: dict[RecordKind, type[Reported]] = {
    RecordKind.ORGANISATION: Organisation,  # before what names them
    RecordKind.ITEM: ItemVersion,
    RecordKind.CONTACT: Contact,
    RecordKind.OPERATOR: Operator,
    RecordKind.STEP: Step,
    RecordKind.SUSPENSION: Suspension,
    RecordKind.EXTENSION: Extension,
    RecordKind.FEE: Fee,
    RecordKind.RESULT: CaseResult,
    RecordKind.DELIVERY: ResultDelivery,
    RecordKind.RATING: Rating,
}
BOOKS: dict[RecordKind, Book] = {record: Book(record, table) for record, table in _TABLES.items()}
"""In the order in which the rows of a batch are written."""
