"""The page of a rating tablet: five large buttons, thanks, and back. It works wherever its link is known."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import select

from storage.models import RatingDevice
from storage.sayings import Saying
from web.addresses import client_address
from web.api.devices import token_hash
from web.counter_ratings import keep_rating
from web.errors import NotFound, TooOften
from web.pages.places import CounterRef, counters_by_id
from web.pages.rendering import add_page
from web.public.limits import limits_of
from web.rate_limit import home_of
from web.services import ServicesDep

router = APIRouter()
_NO_SUCH_LINK = Saying("This link is wrong or was taken back. Tell the staff: an administrator can make a new one.")
_SEEN_EVERY = timedelta(minutes=5)
Token = Annotated[str, Path(min_length=20, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Ticket = Annotated[str, Form(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


@dataclass(frozen=True)
class Tablet:
    token: str
    device_id: int
    counter: CounterRef


@dataclass(frozen=True)
class RatingPage:
    counter: CounterRef
    token: str
    ticket: str
    """Sent with the rating, so that it counts once."""


def tablet(token: Token, request: Request, services: ServicesDep) -> Tablet:
    """Raises NotFound for a link that nobody made or that was taken back, and TooOften."""
    now, limits = services.clock(), limits_of(request)
    if not limits.requests.may(f"tablet {home_of(client_address(request))}", now):
        raise TooOften
    with services.database.transaction() as session:
        device = session.exec(select(RatingDevice).where(RatingDevice.token_hash == token_hash(token))).first()
        if device is None or device.revoked_at is not None:
            raise NotFound(_NO_SUCH_LINK)
        if device.last_seen_at is None or not timedelta() <= now - device.last_seen_at < _SEEN_EVERY:
            device.last_seen_at = now
            session.add(device)
        counter = counters_by_id(session, [device.counter_id])[device.counter_id]
        return Tablet(token, device.id or 0, counter)


TabletDep = Annotated[Tablet, Depends(tablet)]


def rating_page(found: TabletDep) -> RatingPage:
    return RatingPage(found.counter, found.token, secrets.token_urlsafe(16))


def thanks_page(found: TabletDep) -> RatingPage:
    return RatingPage(found.counter, found.token, "")


add_page(router, "/rate/{token}", "public/rating.html", rating_page)
add_page(router, "/rate/{token}/thanks", "public/rated.html", thanks_page)


@router.post("/rate/{token}", include_in_schema=False)
def rate(
    found: TabletDep,
    request: Request,
    services: ServicesDep,
    ticket: Ticket,
    level: Annotated[int, Form(ge=1, le=5)],
) -> Response:
    now = services.clock()
    if not limits_of(request).ratings.may(str(found.device_id), now):
        raise TooOften
    with services.database.transaction() as session:
        device = session.get_one(RatingDevice, found.device_id)
        keep_rating(session, device, level, ticket, now)
    return RedirectResponse(f"/rate/{found.token}/thanks", 303)
