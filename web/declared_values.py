"""Values that declarations are made of: names, times of day, addresses of cameras, polygons."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import combinations
from typing import Annotated
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator

from ingest.video.rtsp.addresses import names_password
from storage.models import Polygon
from storage.sayings import Saying
from web.network_names import is_host

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ID = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
RESERVED = frozenset(("quarantine", "gaps.left", "gaps.refused", "cameras.learned"))
"""What stands in the spool beside the folders of the cameras."""
TIME_OF_DAY = r"^$|^([01]\d|2[0-3]):[0-5]\d$"
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"
USER_NAME = r"^[^:\x00-\x1f\x7f]*$"
"""As it goes into the header of a request."""
_NOT_PRINTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Control characters other than tabs and ends of lines."""
_MIN_CORNERS = 3
_MAX_CORNERS = 64


class Strict(BaseModel):
    """Unknown keys are errors, text loses the blanks around it, and has no control characters."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    @field_validator("*")
    @classmethod
    def _is_text(cls, value: object) -> object:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(text, str) and _NOT_PRINTED.search(text):
            raise ValueError(Saying("This has characters that are not allowed here."))
        return value


Id = Annotated[str, Field(min_length=1, max_length=64, pattern=ID, description="letters, digits, . _ -")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
OptionalName = Annotated[str, Field(max_length=200)]


@cache
def time_zones() -> frozenset[str]:
    """Names of all there are. They are files, and looking for them takes longer than the rest of a page."""
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in time_zones():
        raise ValueError(Saying("“%(name)s” is not an IANA time zone; use for example Asia/Shanghai.", name=name))
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]


def _rtsp(url: str) -> str:
    parts = _parts(url)
    if parts is None or parts.scheme not in ("rtsp", "rtsps") or not is_host(parts.hostname or ""):
        raise ValueError(Saying("This has to be an RTSP address such as rtsp://192.0.2.10:554/stream1"))
    if parts.username or parts.password:
        raise ValueError(Saying("The address must not carry a user name or password; put them into their own fields."))
    if names_password(parts):
        raise ValueError(
            Saying(
                "The path of the address holds a password, which would be shown with it. Give the camera a user whose "
                "name and password stand in their own fields."
            )
        )
    return url


def _parts(url: str) -> SplitResult | None:
    """None where it is no address, as with a bracket that is not closed or a port that is no number."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (raises)
    except ValueError:
        return None
    return parts


RtspUrl = Annotated[str, Field(max_length=1000), AfterValidator(_rtsp)]


def _optional_rtsp(url: str) -> str:
    return _rtsp(url) if url else url


OptionalRtspUrl = Annotated[str, Field(max_length=1000), AfterValidator(_optional_rtsp)]


def _zone(corners: Polygon) -> Polygon:
    if not _MIN_CORNERS <= len(corners) <= _MAX_CORNERS:
        raise ValueError(_wrong_count(len(corners)))
    for number, corner in enumerate(corners, start=1):
        if len(corner) != 2:
            raise ValueError(Saying("Corner %(number)s must be [x, y].", number=number))
        if not all(0 <= value <= 1 for value in corner):
            raise ValueError(_outside(number, corner))
    if crossed := _crossing(corners):
        raise ValueError(_crosses(*crossed))
    if abs(_area(corners)) < 1e-6:
        raise ValueError(Saying("The corners enclose nothing: they lie on one line."))
    return corners


def _crosses(one: int, other: int) -> Saying:
    return Saying("The sides that begin at corners %(one)s and %(other)s cross each other.", one=one, other=other)


def _wrong_count(count: int) -> Saying:
    return Saying(
        "A zone needs %(least)s to %(most)s corners, this one has %(count)s.",
        least=_MIN_CORNERS,
        most=_MAX_CORNERS,
        count=count,
    )


def _outside(number: int, corner: Sequence[float]) -> Saying:
    place = ", ".join(f"{value:g}" for value in corner)
    return Saying(
        "Corner %(number)s is [%(place)s]: x and y are shares of the picture, 0 to 1.", number=number, place=place
    )


def _crossing(corners: Polygon) -> tuple[int, int] | None:
    """The numbers of the corners at which two sides begin that cross; sides that only touch do not."""
    sides = list(zip(corners, corners[1:] + corners[:1], strict=True))
    pairs = combinations(enumerate(sides, start=1), 2)
    return next(((one, other) for (one, first), (other, second) in pairs if _cross(first, second)), None)


def _cross(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]]) -> bool:
    return _parted(first, second) and _parted(second, first)


def _parted(side: Sequence[Sequence[float]], ends: Sequence[Sequence[float]]) -> bool:
    """Whether the line through the side has one of the ends on either hand of it."""
    (x1, y1), (x2, y2) = side
    one, other = ((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) for x, y in ends)
    return one * other < 0


def _area(corners: Polygon) -> float:
    following = corners[1:] + corners[:1]
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(corners, following, strict=True)) / 2


def _optional_zone(corners: Polygon) -> Polygon:
    return _zone(corners) if corners else corners


FIRST_YEAR, LAST_YEAR = 2000, 2101
"""The last one is left out."""
_WRONG_YEAR = Saying("Check the year: it lies between %(first)s and %(last)s.", first=FIRST_YEAR, last=LAST_YEAR - 1)
Zone = Annotated[Polygon, AfterValidator(_zone)]
OptionalZone = Annotated[Polygon, AfterValidator(_optional_zone)]


def _with_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(Saying("This needs a time and its zone, for example 2026-03-02T09:00:00+08:00."))
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(_WRONG_YEAR) from None


def _within_years(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year < LAST_YEAR:
        raise ValueError(_WRONG_YEAR)
    return moment


Moment = Annotated[datetime, AfterValidator(_with_zone)]
PlannedMoment = Annotated[Moment, AfterValidator(_within_years)]
"""Of what people register or draw, not of what a clock that is wrong may have recorded."""
