"""The doors of the public pages: whether they are open at all, and how often one client may knock."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from web.addresses import client_address
from web.attempts import FailedAttempts
from web.errors import NotFound, TooOften
from web.rate_limit import Limiter, Rate, home_of
from web.services import ServicesDep
from web.settings import PublicSection

_COMPLAINTS_OF_ONE = Rate(5, timedelta(hours=1))
_RATINGS_OF_ONE = Rate(10, timedelta(minutes=5))
EVERYBODY = "everybody"


@dataclass
class Limits:
    """Of this process: each server counts for itself."""

    requests: Limiter
    complaints: Limiter
    """Of all together."""
    complaints_of_one: Limiter = field(default_factory=lambda: Limiter(_COMPLAINTS_OF_ONE))
    ratings: Limiter = field(default_factory=lambda: Limiter(_RATINGS_OF_ONE))
    """Of one device: a counter has not more customers."""
    lookups: FailedAttempts = field(default_factory=FailedAttempts)
    """Of secrets that were wrong."""

    @classmethod
    def of(cls, settings: PublicSection) -> "Limits":
        return cls(
            requests=Limiter(Rate(settings.requests_per_minute, timedelta(minutes=1))),
            complaints=Limiter(Rate(settings.complaints_per_hour, timedelta(hours=1))),
        )


@dataclass(frozen=True)
class Visitor:
    """Somebody whom nobody knows."""

    home: str
    """The address, or the network of an IPv6 address."""
    limits: Limits


def limits_of(request: Request) -> Limits:
    found = request.app.state.limits
    assert isinstance(found, Limits)
    return found


def visitor(request: Request, services: ServicesDep) -> Visitor:
    """Raises NotFound where the public side is switched off, and TooOften."""
    if not services.settings.public.enabled:
        raise NotFound
    found = Visitor(home_of(client_address(request)), limits_of(request))
    if not found.limits.requests.may(found.home, services.clock()):
        raise TooOften
    return found


VisitorDep = Annotated[Visitor, Depends(visitor)]
