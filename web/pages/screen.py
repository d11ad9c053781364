"""What every page has around it: the reader, the language, the theme, and the navigation with what is open."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request
from sqlmodel import Session, func, select
from starlette.datastructures import URL, QueryParams

from storage.models import Alert, AlertState
from web.auth import OptionalViewer
from web.i18n import Language, language_for
from web.i18n import gettext_marker as _
from web.pages.batch_list import SourceRef
from web.pages.case_sources import sources_of_cases
from web.pages.code_words import DONE_WORDS
from web.pages.open_work import OpenWork, open_work
from web.pages.typed import Typed
from web.permissions import Permission, home_path
from web.scope import alerts_in_scope
from web.services import Services, ServicesDep
from web.viewer import Viewer

THEME_COOKIE = "hallwatch_theme"
THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class NavLink:
    path: str
    words: str
    icon: str
    group: str
    permission: Permission


NAVIGATION = (
    NavLink("/", _("Board"), "board", _("Counters"), Permission.BOARD),
    NavLink("/cameras", _("Camera board"), "eye", _("Counters"), Permission.BOARD),
    NavLink("/alerts", _("Alerts"), "alert", _("Counters"), Permission.ALERTS),
    NavLink("/absences", _("Absences"), "absence", _("Counters"), Permission.ABSENCES),
    NavLink("/samples", _("Labelled samples"), "evaluation", _("Counters"), Permission.FEEDBACK),
    NavLink("/overview", _("Case overview"), "evaluation", _("Cases"), Permission.CASES),
    NavLink("/cases", _("Cases"), "case", _("Cases"), Permission.CASES),
    NavLink("/cards", _("Cards"), "card", _("Cases"), Permission.CASES),
    NavLink("/orders", _("Supervision orders"), "case", _("Cases"), Permission.CASES),
    NavLink("/call-backs", _("Calls back"), "case", _("Cases"), Permission.CALL_BACKS),
    NavLink("/complaints", _("Complaints"), "finding", _("Cases"), Permission.COMPLAINTS),
    NavLink("/findings", _("Findings"), "finding", _("Cases"), Permission.FINDINGS),
    NavLink("/span", _("Span"), "span", _("Cases"), Permission.SPAN),
    NavLink("/calendar", _("Recording calendar"), "calendar", _("Cases"), Permission.SPAN),
    NavLink("/holds", _("Holds"), "hold", _("Cases"), Permission.HOLD),
    NavLink("/deletions", _("Deleted footage"), "expired", _("Cases"), Permission.DELETIONS),
    NavLink("/contacts", _("Contact persons"), "card", _("Data"), Permission.CONTACTS),
    NavLink("/catalogue", _("Catalogue"), "case", _("Data"), Permission.CATALOGUE),
    NavLink("/working-days", _("Working days"), "calendar", _("Data"), Permission.CASES),
    NavLink("/rules", _("Supervision rules"), "case", _("Data"), Permission.CASES),
    NavLink("/evaluation", _("Evaluation"), "evaluation", _("Data"), Permission.EVALUATION),
    NavLink("/import", _("Import"), "import", _("Data"), Permission.IMPORT),
    NavLink("/data-quality", _("Data quality"), "finding", _("Data"), Permission.DATA_QUALITY),
    NavLink("/health", _("Health"), "health", _("System"), Permission.HEALTH),
    NavLink("/admin/halls", _("Administration"), "admin", _("System"), Permission.ADMIN),
)


@dataclass(frozen=True)
class Screen:
    request: Request
    services: Services
    viewer: Viewer | None
    language: Language
    theme: str
    refused: Typed | None = None
    """The form that the page shows once more."""
    shown_at: str = ""
    """The address of the page, where what was asked for is that of a form."""

    def again(self, refused: Typed, shown_at: str) -> "Screen":
        """Around the page at that address, with the form as it was typed."""
        return replace(self, refused=refused, shown_at=shown_at)

    def typed(self, form: str) -> Typed:
        return self.refused if self.refused and self.refused.name == form else Typed(form)

    @property
    def url(self) -> URL:
        return URL(self.shown_at) if self.shown_at else self.request.url

    @property
    def query_params(self) -> QueryParams:
        return QueryParams(self.url.query)

    @property
    def links(self) -> list[NavLink]:
        return [link for link in NAVIGATION if self.viewer and self.viewer.may(link.permission)]

    def is_current(self, link: NavLink) -> bool:
        path = self.url.path
        if link.path == "/":
            return path in ("/", "/board") or path.startswith(("/halls/", "/counters/"))
        if path == "/reconciliation":
            return link.path == "/data-quality"
        return path == link.path or path.startswith(f"{link.path.removesuffix('/halls')}/")

    @property
    def home(self) -> str:
        if self.services.settings.public.enabled and self.url.path.startswith("/public"):
            return "/public"
        return home_path(self.viewer.role) if self.viewer else "/sign-in"

    @property
    def lacks_halls(self) -> bool:
        """Every list of theirs is empty until an administrator has given them a hall."""
        return self.viewer is not None and self.viewer.halls is not None and not self.viewer.halls

    @property
    def address(self) -> str:
        """Where the reader is, to come back to."""
        url = self.url
        return f"{url.path}?{url.query}" if url.query else url.path

    def with_query(self, **changes: str | None) -> str:
        """This address with other filters, from the first page on; an empty value leaves the filter out."""
        kept = [(k, v) for k, v in self.query_params.multi_items() if k not in changes and k not in ("after", "done")]
        query = urlencode(kept + [(name, value) for name, value in changes.items() if value])
        return f"{self.url.path}?{query}" if query else self.url.path

    def as_file(self, ending: str, below: str = "") -> str:
        """This list, or that `below` it, as a file with its filters and from its beginning."""
        path, sign, query = self.with_query().partition("?")
        return f"{path}{below}.{ending}{sign}{query}"

    @property
    def paged(self) -> bool:
        """Whether this is a later page of a list."""
        return "after" in self.query_params

    @property
    def csrf(self) -> str:
        return self.viewer.csrf if self.viewer else ""

    @property
    def notice(self) -> str:
        """What the form that led here has done."""
        done = self.query_params.get("done", "")
        return done if done in DONE_WORDS else ""

    def may(self, permission: str) -> bool:
        return self.viewer is not None and self.viewer.may(Permission(permission))

    @cached_property
    def open_alerts(self) -> int:
        """Raised and not yet acknowledged, in the viewer's halls."""
        if self.viewer is None or not self.viewer.may(Permission.ALERTS):
            return 0
        with self.services.database.transaction() as session:
            return count_open_alerts(session, self.viewer)

    @cached_property
    def open_work(self) -> OpenWork:
        if self.viewer is None:
            return OpenWork(0, 0, 0)
        with self.services.database.transaction() as session:
            return open_work(session, self.viewer, self.services.clock())

    @cached_property
    def sources_of_cases(self) -> tuple[SourceRef, ...]:
        """The platforms whose cases the viewer may look for."""
        if self.viewer is None or not self.viewer.may(Permission.CASES):
            return ()
        with self.services.database.transaction() as session:
            return sources_of_cases(session, self.viewer)

    def open_of(self, link: NavLink) -> str:
        """Which of what is open stands beside the link; empty: nothing does."""
        return _OPEN.get(link.path, "")


_OPEN = {"/cards": "cards", "/orders": "orders", "/call-backs": "call_backs"}


def count_open_alerts(session: Session, viewer: Viewer) -> int:
    wanted = select(func.count()).select_from(Alert).where(Alert.state == AlertState.RAISED)
    return session.exec(wanted.where(alerts_in_scope(viewer))).one()


def screen(request: Request, services: ServicesDep, viewer: OptionalViewer) -> Screen:
    """A dependency: the surroundings of the page that is asked for."""
    theme = request.cookies.get(THEME_COOKIE, "auto")
    language = language_for(request, viewer.language if viewer else "")
    return Screen(request, services, viewer, language, theme if theme in THEMES else "auto")


ScreenDep = Annotated[Screen, Depends(screen)]
