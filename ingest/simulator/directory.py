"""Whom the platform reports beside its cases: who works at which counter, and the contact person of each department."""

from collections.abc import Iterator

from ingest.simulator.catalogue import CONTACTS, DEPARTMENTS, OPERATORS, DepartmentEntry
from ingest.simulator.platform import Row
from ingest.simulator.script import clerks

_SINCE = "2026-01-01T00:00:00+08:00"
"""The same in each run, so that a later run reports nothing new."""
_OPERATORS_OF_ONE = 4
"""So many of OPERATORS, in their order, are of one department."""


def directory_rows(counters: int) -> Iterator[Row]:
    """Rows of the exchange format, the same each time."""
    for department, contact in zip(DEPARTMENTS, CONTACTS, strict=True):
        yield {
            "record": "contact",
            "id": department.id,
            "department": department.id,
            "name": contact.name,
            "phone": contact.phone,
            "mail": f"contact@{department.id}.example",
            "valid_from": _SINCE,
        }
    for counter in range(1, counters + 1):
        for clerk in sorted(clerks(counter)):
            yield {
                "record": "operator",
                "id": f"{counter}-{clerk + 1}",
                "operator": OPERATORS[clerk],
                "department": department_of(clerk).id,
                "counter": str(counter),
                "valid_from": _SINCE,
            }


def department_of(clerk: int) -> DepartmentEntry:
    """`clerk` is an index into OPERATORS."""
    return DEPARTMENTS[clerk // _OPERATORS_OF_ONE]
