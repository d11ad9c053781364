"""One function makes a page's context, a frozen dataclass; its address serves it as HTML and, with `.json`, as JSON."""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from web.assets import asset
from web.error_answers import borne_with
from web.errors import Unprocessable
from web.i18n import Language, say, translations
from web.pages.camera_errors import meaning
from web.pages.element_words import element_words
from web.pages.formats import Formats, clip_address, described, played_parts
from web.pages.number_words import field_word
from web.pages.parameter_words import PARAMETER_WORDS
from web.pages.screen import Screen, ScreenDep, screen

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
PageFunction = Callable[..., object]


def add_page(router: APIRouter, path: str, template: str, context: PageFunction) -> None:
    """Serves what `context` (a FastAPI dependency) returns at `path` as HTML and at `path`.json as JSON.

    JSON comes first: `/counters/{counter}` would otherwise take `7.json` for a counter. A page with an address
    `instead` leads there, as a list does that somebody opens with other filters; its JSON does not.
    """
    page_type = context.__annotations__["return"]

    @router.get(f"{path}.json", summary=f"What the page {path} shows", responses={200: {"model": page_type}})
    def as_json(page: Annotated[object, Depends(context)], request: Request) -> Response:
        refuse_what_pages_bear_with(request)
        return json_response(page)

    @router.get(path, name=template, include_in_schema=False)
    def as_html(page: Annotated[object, Depends(context)], around: ScreenDep) -> Response:
        if instead := getattr(page, "instead", ""):
            return RedirectResponse(instead, 303)
        return html(around, template, page, status=_status(around.request))


def refuse_what_pages_bear_with(request: Request) -> None:
    """A page tells it beside its fields; a program and a file have none."""
    if wrong := borne_with(request):
        raise Unprocessable(fields=wrong)


def _status(request: Request) -> int:
    """htmx swaps in no error, and what it is told stands among the results."""
    return 422 if borne_with(request) and "HX-Request" not in request.headers else 200


def json_response(page: object, status: int = 200) -> Response:
    body = orjson.dumps(page, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
    return Response(body, status, media_type="application/json")


def html(around: Screen, template: str, page: object, *, status: int = 200) -> HTMLResponse:
    """The whole page, or for htmx only the block whose name is the id of the element that it will replace."""
    found = environment(around.language).get_template(template)
    values = {"page": page, "screen": around, "csrf": around.viewer.csrf if around.viewer else ""}
    block = wanted_block(around.request)
    if block in found.blocks:
        return HTMLResponse(_render_block(found, block, values), status, headers={"Vary": "HX-Request"})
    return HTMLResponse(found.render(values), status, headers={"Vary": "HX-Request"})


def wanted_block(request: Request) -> str:
    """htmx names its target as tag#id; a boosted link or a restored history entry wants the whole page."""
    headers = request.headers
    if headers.get("HX-Request-Type") != "partial" or headers.get("HX-History-Restore-Request"):
        return ""
    return headers.get("HX-Target", "").partition("#")[2]


def _render_block(template: Template, block: str, values: dict[str, Any]) -> str:
    context = template.new_context(values)
    return "".join(template.blocks[block](context))


_BLANKS = {Language.ZH: "", Language.EN: " "}
"""After a sentence or a colon: the full-width signs of Chinese have theirs already."""


@lru_cache
def environment(language: Language) -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(Formats(language).filters())
    made.filters["as_json"] = _attribute_json
    # The template's own `_()` takes its argument for safe HTML and a format: it is for literals alone.
    made.filters["words"] = partial(say, language)
    made.filters["camera_meaning"] = lambda error: say(language, meaning(error))
    made.filters["field_word"] = lambda field: say(language, field_word(field))
    made.filters["parameter_words"] = lambda name: say(language, PARAMETER_WORDS.get(name, name))
    made.globals.update(asset=asset, clip_address=clip_address, played_parts=played_parts, described=described)
    made.globals["element_words"] = lambda: Markup(_attribute_json(element_words(language)))  # noqa: S704 (escaped JSON)
    made.globals["blank"] = _BLANKS[language]
    # Macros as globals: a block that is rendered alone for htmx does not see what its template imports.
    parts = (
        "ui",
        "footage",
        "rows",
        "filters",
        "evidence",
        "events",
        "calendar",
        "limits",
        "cards",
        "points",
        "marks",
        "rules",
        "figures",
        "spent",
        "orders",
        "disputes",
        "samples",
        "told",
        "offers",
        "catalogue",
    )
    for name in parts:
        made.globals[name] = made.get_template(f"parts/{name}.html").module
    return made


def _attribute_json(value: object) -> str:
    """JSON for an attribute of an element."""
    return htmlsafe_json_dumps(orjson.loads(orjson.dumps(value, option=orjson.OPT_UTC_Z)))


__all__ = ["Screen", "ScreenDep", "add_page", "environment", "html", "json_response", "screen"]
