"""The first page of the public side: what there is."""

from dataclasses import dataclass

from fastapi import APIRouter
from sqlmodel import col, select

from storage.models import Hall
from web.pages.places import HallRef, hall_ref
from web.pages.rendering import add_page
from web.public.limits import VisitorDep
from web.services import ServicesDep

router = APIRouter()


@dataclass(frozen=True)
class PublicPage:
    halls: tuple[HallRef, ...]


def public_page(visitor: VisitorDep, services: ServicesDep) -> PublicPage:
    with services.database.transaction() as session:
        halls = session.exec(select(Hall).order_by(col(Hall.name)))
        return PublicPage(tuple(map(hall_ref, halls)))


add_page(router, "/public", "public/first.html", public_page)
