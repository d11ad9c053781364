"""A whole formula on a page: its indicators are written as in a file, and drafted for somebody else to approve."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from correlation.evaluation import keeping
from correlation.evaluation.formula import TEMPLATE, Formula, FormulaProblem, in_force, parse_formulas, template_text
from correlation.evaluation.formula_text import as_text
from storage.sayings import Saying
from web.access_log import log_access
from web.addresses import client_address
from web.api.formulas import Drafter
from web.errors import NotFound, Unprocessable
from web.evaluating import site_zone
from web.field_problems import FieldProblem
from web.formula_changes import check_sees_all, propose_whole
from web.pages.admin.forms import SentForm, text
from web.pages.catalogue.rows import problems_of
from web.pages.months import local_day
from web.pages.rendering import ScreenDep, add_page, html
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
ONE = Saying("Write one formula.")
WRONG = Saying("This value is not valid.")
WHY = Saying("This is needed.")
LONGEST_REASON = 2000
FIELDS = ("formula", "reason")
"""Of the form, in its order."""


@dataclass(frozen=True)
class FormulaWritingPage:
    bases: tuple[str, ...]
    """What there is to begin with: the versions, and the template."""
    base: str
    formula: str
    """TOML."""
    reason: str
    problems: Mapping[str, Saying]
    """By field of the form; of what is wrong within the formula by key: `indicators.3.weight`, counted from 0."""

    @property
    def within_formula(self) -> dict[str, Saying]:
        """What stands beside no field of the form, by the keys that were typed."""
        return {key: problem for key, problem in self.problems.items() if key not in FIELDS}


def writing_page(
    viewer: Drafter, services: ServicesDep, base: Annotated[str, Query(max_length=64)] = ""
) -> FormulaWritingPage:
    """From a version, or from the template; without one from what holds today. Raises NotFound."""
    check_sees_all(viewer)
    versions, now = _versions(services)
    chosen = base or now
    if chosen != TEMPLATE and chosen not in versions:
        raise NotFound
    written = template_text() if chosen == TEMPLATE else as_text(versions[chosen])
    return FormulaWritingPage((*versions, TEMPLATE), chosen, written, "", {})


def _versions(services: Services) -> tuple[dict[str, Formula], str]:
    with services.database.transaction() as session:
        formulas = keeping.formulas(session)
        found = in_force(formulas, local_day(services.clock(), site_zone(session)))
    return {each.version: each for each in formulas}, (found or formulas[0]).version


add_page(router, "/evaluation/formulas/write", "formula_write.html", writing_page)


@router.post("/evaluation/formulas/write", include_in_schema=False)
def write(request: Request, viewer: Drafter, services: ServicesDep, around: ScreenDep, form: SentForm) -> Response:
    check_sees_all(viewer)
    written, reason = text(form, "formula"), text(form, "reason")
    try:
        made = _draft(request, viewer, services, written, reason)
    except Unprocessable as error:
        versions, _ = _versions(services)
        page = FormulaWritingPage((*versions, TEMPLATE), "", written, reason, problems_of(error))
        return html(around, "formula_write.html", page, status=422)
    return RedirectResponse(f"/evaluation/formulas/{made}?done=drafted", 303)


def _draft(request: Request, viewer: Viewer, services: Services, written: str, reason: str) -> int:
    """Raises Unprocessable."""
    formula, now = _checked(written, reason), services.clock()
    with services.database.transaction() as session:
        change = propose_whole(session, formula, reason, viewer, now)
        log_access(session, viewer, "propose", f"formula:{change.version}", "", now, client_address(request))
        return change.id or 0


def _checked(written: str, reason: str) -> Formula:
    """Raises Unprocessable with all that is wrong, of the formula and of the reason."""
    about = _wrong_reason(reason)
    try:
        formula = _read(written)
    except Unprocessable as error:
        raise Unprocessable(fields=[*error.fields, *about]) from None
    if about:
        raise Unprocessable(fields=about)
    return formula


def _wrong_reason(reason: str) -> list[FieldProblem]:
    if not reason:
        return [FieldProblem("reason", WHY)]
    if len(reason) > LONGEST_REASON:
        return [FieldProblem("reason", Saying("This has more than %(most)s characters.", most=LONGEST_REASON))]
    return []


def _read(written: str) -> Formula:
    try:
        found = parse_formulas(written)
    except FormulaProblem as error:
        raise Unprocessable(fields=[_problem(error, field) for field in error.problems]) from None
    if len(found) > 1:
        raise Unprocessable(fields=[FieldProblem("formula", ONE)])
    return found[0]


def _problem(error: FormulaProblem, field: str) -> FieldProblem:
    """In the words of the pages, which are said in the language of the reader."""
    said = error.problems[field]
    if field in error.details:
        return FieldProblem(field, FieldProblem.of(error.details[field]).problem)
    return FieldProblem(field, said if isinstance(said, Saying) else WRONG)
