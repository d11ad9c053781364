"""The form that drafts a version of an item's entry, filled in with what holds now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session, col, select
from starlette.datastructures import FormData

from storage.models import CatalogueChange, Department, StepKind
from storage.sayings import Saying
from web.api import catalogue as api
from web.api.catalogue import Drafter
from web.catalogue_changes import (
    ApprovedMeanwhile,
    check_place,
    entry_or_empty,
    newest_approved,
    scoped_change,
    waiting_draft,
    zone_of_source,
)
from web.catalogue_entry import MOST_PARTS, CatalogueDraft
from web.catalogue_shelf import Shelf
from web.errors import Conflict, Unprocessable
from web.pages.admin.forms import SentForm, text
from web.pages.case_rows import DepartmentRef
from web.pages.catalogue.rows import SourceRef, problems_of, source_asked
from web.pages.months import local_day
from web.pages.rendering import ScreenDep, add_page, html
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
SPARE_ROWS = 3
"""Empty ones, to write more into."""
PARTS: Mapping[str, tuple[str, ...]] = {
    "links": ("kind", "name", "limit", "unit"),
    "fees": ("code", "name", "amount", "basis"),
    "materials": ("name", "original", "copies", "required"),
}
_CHOICES = ("unit", "original", "required")
"""What says nothing by itself: a row with nothing else is empty."""
_PLAIN = ("name", "name_en", "department", "legal_limit", "promised_limit", "limit_unit", "joint")
Part = Mapping[str, str]


@dataclass(frozen=True)
class DraftPage:
    code: str
    """Empty for an item of which nothing is said yet."""
    is_typed: bool
    """The code is written here, and can be corrected until a draft is kept."""
    source: SourceRef | None
    zone: str
    departments: tuple[DepartmentRef, ...]
    kinds: tuple[StepKind, ...]
    valid_from: str
    reason: str
    may_end: bool
    """Something that was approved here holds, and can be given up."""
    waiting: int | None
    """The change of this item that is drafted already: until it is decided on no other one is kept."""
    seen: int
    """The change that was approved last when the form was opened, 0 for none."""
    meanwhile: int | None
    """One that was approved since; kept once more, the draft follows it."""
    plain: Mapping[str, str]
    parts: Mapping[str, tuple[Part, ...]]
    """Rows of the lists; the last ones empty."""
    conditions: str
    """One a line."""
    problems: Mapping[str, str]
    """By field; under the empty name what concerns the whole."""


def draft_page(
    viewer: Drafter,
    services: ServicesDep,
    code: Annotated[str, Query(max_length=100)] = "",
    source: Annotated[str, Query(max_length=100)] = "",
    change: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> DraftPage:
    """`change`: filled in with what that one says, as after it was sent back."""
    with services.database.transaction() as session:
        copied = scoped_change(session, viewer, change) if change else None
    if copied:
        return _page(viewer, services, copied.code, copied.source_id or "", copied)
    return _page(viewer, services, code.strip(), source)


def _page(
    viewer: Viewer, services: Services, code: str, source: str, copied: CatalogueChange | None = None
) -> DraftPage:
    now = services.clock()
    with services.database.transaction() as session:
        check_place(session, viewer, source or None)
        of = source_asked(session, viewer, source)
        zone = zone_of_source(session, source or None)
        shelf = Shelf(session, [code])
        entry = copied.content if copied and copied.content else entry_or_empty(
            shelf.in_force(code, source or None, now, now)
        )  # fmt: skip
        own = shelf.layers(code, source or None)[0 if source else 1]
        newest = newest_approved(session, code, source or None)
        tomorrow = local_day(now, zone) + timedelta(days=1)
        return DraftPage(
            code=code,
            is_typed=not code,
            source=of,
            zone=zone,
            departments=_departments(session),
            kinds=tuple(StepKind),
            valid_from=local_day(copied.valid_from, zone).isoformat() if copied else tomorrow.isoformat(),
            reason=copied.reason if copied else "",
            may_end=bool(own) and own[-1].content is not None,
            waiting=waiting_draft(session, code, source or None),
            seen=newest.id or 0 if newest else 0,
            meanwhile=None,
            plain={name: _written(entry[name]) for name in _PLAIN},
            parts={name: _with_spare(name, _parts(entry, name)) for name in PARTS},
            conditions="\n".join(entry["conditions"]),
            problems={},
        )


def _departments(session: Session) -> tuple[DepartmentRef, ...]:
    found = session.exec(select(Department).order_by(col(Department.name)))
    return tuple(DepartmentRef(each.id, each.name, each.name_en) for each in found)


def _parts(entry: Mapping[str, Any], name: str) -> tuple[Part, ...]:
    return tuple({field: _written(part.get(field)) for field in PARTS[name]} for part in entry[name])


def _with_spare(name: str, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    empty = dict.fromkeys(PARTS[name], "") | ({"required": "true"} if name == "materials" else {})
    return (*parts, *(empty for _ in range(SPARE_ROWS)))[:MOST_PARTS]


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


add_page(router, "/catalogue/draft", "catalogue_draft.html", draft_page)


@router.post("/catalogue/draft", include_in_schema=False)
def draft(request: Request, viewer: Drafter, services: ServicesDep, around: ScreenDep, form: SentForm) -> Response:
    code, source = text(form, "code"), text(form, "source")
    empty = _page(viewer, services, code, source)
    if text(form, "more"):
        return html(around, "catalogue_draft.html", _sent(empty, form, {}))
    try:
        wanted = CatalogueDraft.model_validate(_declared(form))
        made = api.draft(wanted, request, services, viewer)
    except (ValidationError, Unprocessable) as error:
        return html(around, "catalogue_draft.html", _sent(empty, form, problems_of(error)), status=422)
    except Conflict as error:
        now = _page(viewer, services, code, source)  # somebody may have drafted, or decided, meanwhile
        problems = {} if now.waiting else {"": error.detail if isinstance(error.detail, Saying) else Saying(str(error))}
        sent = _sent(now, form, problems)
        if isinstance(error, ApprovedMeanwhile):
            sent = replace(sent, seen=error.change_id, meanwhile=error.change_id)
        return html(around, "catalogue_draft.html", sent, status=error.status)
    return RedirectResponse(f"/catalogue/changes/{made.id}?done=drafted", 303)


def _declared(form: FormData) -> dict[str, Any]:
    said: dict[str, Any] = {name: text(form, name) for name in ("code", "valid_from", "reason")}
    said |= {"seen": text(form, "seen") or None}
    place = {"source": text(form, "source") or None}
    if text(form, "ends"):
        return said | place | {"ends": True}
    entry: dict[str, Any] = {name: text(form, name) for name in ("name", "name_en", "limit_unit")}
    entry["joint"] = text(form, "joint") == "true"
    entry |= {"department": text(form, "department") or None}
    entry |= {name: text(form, name) or None for name in ("legal_limit", "promised_limit")}
    entry |= {name: [_read(part) for part in _rows(form, name)] for name in PARTS}
    entry["conditions"] = [line.strip() for line in text(form, "conditions").splitlines() if line.strip()]
    return said | place | {"entry": entry}


def _read(part: Part) -> dict[str, Any]:
    """An empty number is none; of copies that means 0."""
    left_out = {name for name in ("limit", "copies", "original", "required", "unit") if not part.get(name, "-")}
    return {name: value for name, value in part.items() if name not in left_out}


def _rows(form: FormData, name: str) -> tuple[Part, ...]:
    """Those in which something stands."""
    rows = ({field: text(form, f"{name}.{number}.{field}") for field in PARTS[name]} for number in range(MOST_PARTS))
    return tuple(row for row in rows if any(value for field, value in row.items() if field not in _CHOICES))


def _sent(page: DraftPage, form: FormData, problems: Mapping[str, Saying]) -> DraftPage:
    """The form as it was sent, with what is wrong."""
    return replace(
        page,
        is_typed=bool(text(form, "is_typed")) or "code" in problems,
        valid_from=text(form, "valid_from"),
        reason=text(form, "reason"),
        seen=int(text(form, "seen")) if text(form, "seen").isdecimal() else page.seen,
        plain={name: text(form, name) for name in _PLAIN},
        parts={name: _with_spare(name, _rows(form, name)) for name in PARTS},
        conditions=text(form, "conditions"),
        problems=problems,
    )
