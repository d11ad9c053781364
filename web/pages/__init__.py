"""Pages for people: each is a frozen dataclass, served as HTML and as JSON at the same address."""

from fastapi import APIRouter

from web.pages import board, entrance
from web.pages.entrance import render_error

routers: list[APIRouter] = [entrance.router, board.router]

__all__ = ["render_error", "routers"]
