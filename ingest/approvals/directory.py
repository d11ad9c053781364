"""Departments and items by what platforms call them."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from storage.models import Department, Item, Organisation, Source


@dataclass(frozen=True)
class Directory:
    """Read once for a chunk of a batch."""

    department_ids: frozenset[str]
    departments_by_name: dict[str, str]
    """Also by the code that the source reported for an organisation of that name."""
    item_departments: dict[str, str | None]
    hall_id: str | None
    """Of the source."""

    @staticmethod
    def load(session: Session, source: Source) -> "Directory":
        departments = session.execute(select(col(Department.id), col(Department.name))).all()
        organisations = select(col(Organisation.code), col(Organisation.department_id)).where(
            col(Organisation.source_id) == source.id, col(Organisation.department_id).is_not(None)
        )
        items = session.execute(select(col(Item.code), col(Item.department_id))).all()
        names = {code: department_id for code, department_id in session.execute(organisations) if department_id}
        return Directory(
            department_ids=frozenset(department_id for department_id, _ in departments),
            departments_by_name=names | {name: department_id for department_id, name in departments},
            item_departments={row[0]: row[1] for row in items},
            hall_id=source.hall_id,
        )

    def department(self, reported: str, item_code: str = "") -> str | None:
        """Its id: as reported, by its name, or the item's own; None when unknown."""
        if not reported:
            return self.item_departments.get(item_code)
        return reported if reported in self.department_ids else self.departments_by_name.get(reported)
