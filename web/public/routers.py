"""The routers of the public pages."""

from fastapi import APIRouter

from web.public import board, catalogue, complaint_form, evaluation, first_page, progress, rating

routers: list[APIRouter] = [
    page.router for page in (first_page, catalogue, progress, evaluation, board, complaint_form, rating)
]

__all__ = ["routers"]
