"""Where the forms stand whose addresses take nothing but what is sent.

A browser keeps such an address in its bar after a form was refused, and opens it again later.
"""

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.routing import compile_path

from web.addresses import wants_json

STANDS_ON: Mapping[str, str] = {
    "/sign-out": "/",
    "/language": "/",
    "/theme": "/",
    "/counters/{counter}/covers": "/counters/{counter}/day",
    "/counters/{counter}/covers/{cover_id}/{act}": "/counters/{counter}/day",
    "/alerts/{alert_id}/acknowledge": "/alerts",
    "/alerts/{alert_id}/wrong/take-back": "/alerts/{alert_id}/wrong",
    "/absences/{absence_id}/say": "/absences/{absence_id}",
    "/cases/views": "/cases",
    "/cases/views/default": "/cases",
    "/cases/views/{view_id}/rename": "/cases",
    "/cases/views/{view_id}/remove": "/cases",
    "/cases/{case_id}/orders": "/cases/{case_id}",
    "/cards/{card_id}/say": "/cards/{card_id}",
    "/cards/{card_id}/orders": "/cards/{card_id}",
    "/orders/{order_id}/say": "/orders/{order_id}",
    "/call-backs/{call_back_id}/done": "/call-backs",
    "/complaints/{complaint_id}/settle": "/complaints/{complaint_id}",
    "/contacts/{contact_id}": "/contacts",
    "/calendar/{camera}/corrections": "/calendar/{camera}",
    "/working-days/{closure_id}/withdrawal": "/working-days",
    "/holds/{hold_id}/lift": "/holds",
    "/deletions/resume": "/deletions",
    "/evaluation/{evaluation_id}/publish": "/evaluation",
    "/health/forget": "/health",
    "/admin/cameras/found": "/admin/cameras/find",
    "/admin/cameras/check": "/admin/cameras",
    "/admin/channels/test": "/admin/channels",
    "/admin/{section}/remove": "/admin/{section}",
}
"""By the route of each form its page's."""


def page_of_form(request: Request) -> str | None:
    """With the filters and the place of the address; None for what is no form's, and for programs."""
    if request.method != "GET" or wants_json(request):
        return None
    for form, page in _PATTERNS:
        if found := form.match(request.url.path):
            query = f"?{request.url.query}" if request.url.query else ""
            return page.format(**found.groupdict()) + query
    return None


_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (compile_path(form)[0], page) for form, page in STANDS_ON.items()
)
