"""What the pages of the catalogue have in common."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from pydantic import ValidationError
from sqlmodel import Session, col, select

from correlation.catalogue.differences import Difference
from storage.models import CatalogueChange, Department, ProposalState, Source
from storage.sayings import Saying
from web.auth import require
from web.catalogue_shelf import Held, Origin
from web.errors import Unprocessable
from web.field_problems import FieldProblem
from web.pages.case_rows import DepartmentRef
from web.permissions import Permission
from web.scope import scoped_source
from web.viewer import Viewer

Differences = tuple[Difference, ...]
CatalogueViewer = Annotated[Viewer, Depends(require(Permission.CATALOGUE))]


@dataclass(frozen=True)
class SourceRef:
    id: str
    name: str


@dataclass(frozen=True)
class EntryShown:
    """A version that holds, or would."""

    origin: Origin
    version: str
    valid_from: datetime | None
    name: str
    name_en: str
    department: DepartmentRef | None
    entry: Mapping[str, Any]


@dataclass(frozen=True)
class ChangeRef:
    """A change as lists name it."""

    id: int
    code: str
    name: str
    source: SourceRef | None
    """None: for the cases of every source."""
    number: int | None
    state: ProposalState
    valid_from: datetime
    ends: bool
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None
    answer: str


def source_ref(source: Source) -> SourceRef:
    return SourceRef(source.id, source.name or source.id)


def source_asked(session: Session, viewer: Viewer, source: str) -> SourceRef | None:
    """Raises NotFound for one out of scope."""
    return source_ref(scoped_source(session, viewer, source)) if source else None


def departments_of(session: Session, entries: Iterable[Mapping[str, Any]]) -> dict[str, DepartmentRef]:
    wanted = {entry["department"] for entry in entries if entry.get("department")}
    found = session.exec(select(Department).where(col(Department.id).in_(wanted)))
    return {each.id: DepartmentRef(each.id, each.name, each.name_en) for each in found}


def entry_shown(held: Held, departments: Mapping[str, DepartmentRef]) -> EntryShown:
    called = held.entry.get("department") or ""
    department = departments.get(called) or (DepartmentRef("", called, "") if called else None)
    name, name_en = held.entry.get("name", ""), held.entry.get("name_en", "")
    return EntryShown(held.origin, held.version, held.valid_from, name, name_en, department, held.entry)


def change_ref(change: CatalogueChange, sources: Mapping[str, SourceRef], names: Mapping[int | None, str]) -> ChangeRef:
    return ChangeRef(
        id=change.id or 0,
        code=change.code,
        name=change.name,
        source=sources.get(change.source_id or ""),
        number=change.number,
        state=change.state,
        valid_from=change.valid_from,
        ends=change.ends,
        reason=change.reason,
        proposed_by=names.get(change.proposed_by, ""),
        proposed_at=change.proposed_at,
        decided_by=names.get(change.decided_by, ""),
        decided_at=change.decided_at,
        answer=change.answer,
    )


def problems_of(error: ValidationError | Unprocessable) -> dict[str, Saying]:
    """By field, the first of each; under the empty name what concerns the whole."""
    fields = error.fields if isinstance(error, Unprocessable) else map(FieldProblem.of, error.errors())
    found: dict[str, Saying] = {}
    for problem in fields:
        found.setdefault(problem.field.removeprefix("entry.").removeprefix("entry"), problem.problem)
    return found or {"": Saying(str(error))}
