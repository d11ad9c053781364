"""The routes of administration: one list and one form for each section."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import RedirectResponse, Response

from web.api import cameras as cameras_api
from web.api import channels as channels_api
from web.api.administration import AdminDesk, Desk
from web.api.channels import Trial
from web.camera_check import CameraCheck
from web.errors import NotFound
from web.i18n import gettext_marker as _
from web.i18n import say
from web.pages.admin import found as finding
from web.pages.admin.cameras import Cameras
from web.pages.admin.channels import Channels
from web.pages.admin.devices import Devices
from web.pages.admin.forms import Field, Row, Saved, Section, SentForm, problems_of, with_form
from web.pages.admin.items import Items
from web.pages.admin.masks import Masks
from web.pages.admin.meanwhile import CHANGED_MEANWHILE, changed_meanwhile, mark_of
from web.pages.admin.people import Sources, Users
from web.pages.admin.places import Counters, Departments, Districts, Halls
from web.pages.admin.retention import Retention
from web.pages.admin.rules import Rules, number_of_former
from web.pages.admin.views import OtherView, Views, is_of_camera, other_views
from web.pages.filters import DEFAULT_ZONE
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.tables import Table, add_table

router = APIRouter()
SECTIONS: Mapping[str, Section] = {
    section.name: section
    for section in (
        Halls(),
        Counters(),
        Cameras(),
        Views(),
        Masks(),
        Rules(),
        Retention(),
        Users(),
        Sources(),
        Channels(),
        Items(),
        Devices(),
        Departments(),
        Districts(),
    )
}


@dataclass(frozen=True)
class Tab:
    name: str
    title: str


@dataclass(frozen=True)
class AdminPage:
    section: str
    title: str
    one: str
    about: str
    tabs: tuple[Tab, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    key: str
    """Of the row that is edited; empty for a new one."""
    is_former: bool
    """It holds no more: it can be read and tried, and not be changed."""
    named: str
    """The key as people read it."""
    seen: str
    """The mark of what is stored of it, by which is told whether somebody else changes it; empty for a new one."""
    changed_meanwhile: bool
    """Somebody else has changed it since the form that was sent was opened."""
    there: str
    """Of the row that is there already under the name of the new one; empty if none is."""
    form_open: bool
    fields: tuple[Field, ...]
    problems: tuple[str, ...]
    """What concerns the whole form."""
    only: str
    """The camera whose views are shown alone; empty for all."""
    choosing: bool
    """A camera has to be chosen before zones can be drawn over its picture."""
    camera: str
    """Over whose picture zones are drawn; empty where there are none."""
    others: tuple[OtherView, ...]
    """What is drawn in that picture already."""
    secret: str
    secret_of: str
    done: str
    """What more there is to say beside a secret, of DONE_WORDS."""
    check: CameraCheck | None
    """Whether the camera answered, where that was asked."""
    trial: Trial | None
    """Whether the channel's service took a test message, where one was sent."""


def admin_page(
    section: str,
    desk: AdminDesk,
    edit: Annotated[str, Query(max_length=200)] = "",
    new: bool = False,
    camera: Annotated[str, Query(max_length=100)] = "",
    counter: Annotated[str, Query(max_length=100)] = "",
    found: bool = False,
) -> AdminPage:
    """`camera` shows the views of that camera alone; with `new` a view of `camera` and `counter` is drawn.

    `found` fills in a new camera with what a camera in the network has told.
    """
    shown = _section(section)
    page = _page(desk, shown, edit, form_open=new or bool(edit))
    if found and new and section == "cameras":
        return replace(page, fields=finding.filled_in(page.fields, finding.kept_camera(desk)))
    if not camera or not shown.camera_picture:
        return page
    if new:
        chosen = {"camera": camera, "counter": counter}
        fields = tuple(replace(field, value=chosen.get(field.name, field.value)) for field in page.fields)
        others = other_views(desk, camera, counter)
        return replace(page, fields=_camera_fixed(fields), camera=camera, choosing=False, others=others)
    return replace(page, rows=tuple(row for row in page.rows if is_of_camera(row.key, camera)), only=camera)


def _camera_fixed(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """What is drawn over one camera's picture is not for another."""
    fixed = (field.name == "camera" and not field.problem for field in fields)
    return tuple(replace(field, fixed=True) if fix else field for fix, field in zip(fixed, fields, strict=True))


def _section(name: str) -> Section:
    if name not in SECTIONS:
        raise NotFound
    return SECTIONS[name]


def _page(
    desk: Desk,
    section: Section,
    key: str,
    *,
    form_open: bool,
    fields: tuple[Field, ...] | None = None,
    problems: tuple[str, ...] = (),
    saved: Saved = Saved(),
    check: CameraCheck | None = None,
    trial: Trial | None = None,
) -> AdminPage:
    stored = section.fields(desk, key)
    shown = stored if fields is None else fields
    rows = tuple(section.rows(desk))
    former = number_of_former(key) if section.name == Rules.name else ""
    camera = next((field.value for field in shown if field.name == "camera"), "") if section.camera_picture else ""
    shown = _camera_fixed(shown) if camera else shown
    return AdminPage(
        section=section.name,
        title=section.title,
        one=section.one,
        about=section.about,
        tabs=tuple(Tab(each.name, each.title) for each in SECTIONS.values()),
        columns=section.columns,
        rows=rows,
        key=key,
        is_former=bool(former),
        named=former or key.replace("~", " · "),
        seen=mark_of(stored) if key else "",
        changed_meanwhile=False,
        there="",
        form_open=form_open or not rows,
        fields=shown,
        problems=problems,
        only="",
        choosing=section.camera_picture and not (key or camera),
        camera=camera,
        others=other_views(desk, camera, _chosen_counter(shown)) if camera else (),
        secret=saved.secret,
        secret_of=saved.secret_of,
        done=saved.done if saved.done != "saved" else "",
        check=check,
        trial=trial,
    )


def _chosen_counter(fields: tuple[Field, ...]) -> str:
    return next((field.value for field in fields if field.name == "counter"), "")


@router.get("/admin", include_in_schema=False)
def first_section(_desk: AdminDesk) -> Response:
    return RedirectResponse(f"/admin/{next(iter(SECTIONS))}", 303)


@router.get("/admin.json", include_in_schema=False)
def first_section_as_data(_desk: AdminDesk) -> Response:
    return RedirectResponse(f"/admin/{next(iter(SECTIONS))}.json", 303)


def admin_table(page: Annotated[AdminPage, Depends(admin_page)], around: ScreenDep) -> Table:
    """The list of a section, in the reader's words."""

    def words(text: str) -> str:
        return say(around.language, text) if text else ""

    rows = ([row.key, *(cell if cell == row.key else words(cell) for cell in row.cells)] for row in page.rows)
    return Table(page.section, DEFAULT_ZONE, tuple(map(words, (_("Identifier"), *page.columns))), rows)


add_table(router, "/admin/{section}", admin_table)  # first, lest halls.csv is taken for a section
add_page(router, "/admin/{section}", "admin.html", admin_page)


@router.post("/admin/{section}", include_in_schema=False)
def save(
    section: str,
    desk: AdminDesk,
    around: ScreenDep,
    form: SentForm,
    edit: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    found = _section(section)
    empty = found.fields(desk, edit)
    if edit and changed_meanwhile(form, empty):
        fields = with_form(empty, form, {})
        page = _page(desk, found, edit, form_open=True, fields=fields, problems=(CHANGED_MEANWHILE,))
        return html(around, "admin.html", replace(page, changed_meanwhile=True), status=409)
    asked = desk if edit else replace(desk, only_new=True)
    saved, problems = problems_of(lambda: found.save(asked, form, edit))
    if problems:
        fields = with_form(empty, form, problems)
        page = _page(desk, found, edit, form_open=True, fields=fields, problems=_general(problems, empty))
        page = page if edit else replace(page, there=_there(page))
        return html(around, "admin.html", page, status=422)
    return _after(desk, around, found, saved)


def _general(problems: Mapping[str, str], fields: tuple[Field, ...]) -> tuple[str, ...]:
    """What no field of the form can show."""
    known = {field.name for field in fields}
    return tuple(problem for name, problem in problems.items() if name not in known)


def _there(page: AdminPage) -> str:
    """The key of the row that has the name of the one to be added; empty if none has."""
    name = page.fields[0]
    return name.value if name.problem and name.value in {row.key for row in page.rows} else ""


def _after(desk: Desk, around: ScreenDep, section: Section, saved: Saved) -> Response:
    if saved.secret:
        return html(around, "admin.html", _page(desk, section, "", form_open=False, saved=saved))
    return RedirectResponse(saved.goes_to or f"/admin/{section.name}?done={saved.done}", 303)


@router.post("/admin/{section}/remove", include_in_schema=False)
def remove(section: str, desk: AdminDesk, around: ScreenDep, edit: Annotated[str, Query(max_length=200)]) -> Response:
    found = _section(section)

    def removing() -> Saved:
        found.remove(desk, edit)
        return Saved()

    _, problems = problems_of(removing)
    if problems:
        page = _page(desk, found, edit, form_open=True, problems=tuple(problems.values()))
        return html(around, "admin.html", page, status=409)
    return RedirectResponse(f"/admin/{section}?done=removed", 303)


@router.post("/admin/cameras/check", include_in_schema=False)
def check_camera(desk: AdminDesk, around: ScreenDep, edit: Annotated[str, Query(max_length=200)]) -> Response:
    """Opens the stored camera as the recorder would; takes some seconds where it does not answer."""
    result = cameras_api.check_stored_camera(desk, edit)
    return html(around, "admin.html", _page(desk, SECTIONS["cameras"], edit, form_open=True, check=result))


@router.post("/admin/channels/test", include_in_schema=False)
def test_channel(desk: AdminDesk, around: ScreenDep, edit: Annotated[str, Query(max_length=200)]) -> Response:
    """Sends a test message; takes some seconds where the service does not answer."""
    result = channels_api.send_test(desk, edit)
    return html(around, "admin.html", _page(desk, SECTIONS["channels"], edit, form_open=True, trial=result))
