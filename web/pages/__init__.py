"""Pages for people: each is a frozen dataclass, served as HTML and as JSON at the same address."""

from fastapi import APIRouter

from web.pages import absences, alerts, board, cases, counter, entrance, findings
from web.pages.entrance import render_error

routers: list[APIRouter] = [page.router for page in (entrance, board, counter, alerts, absences, cases, findings)]

__all__ = ["render_error", "routers"]
