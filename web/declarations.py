"""Places, departments, items and sources as they are declared: in the configuration file, by page or by API."""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from storage.models import MAX_THRESHOLD_S, Polygon

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"
_MIN_CORNERS = 3
_MAX_CORNERS = 64


class Strict(BaseModel):
    """Unknown keys are errors, and text loses the blanks around it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


Id = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="letters, digits, . _ -"),
]
Name = Annotated[str, Field(min_length=1, max_length=200)]
OptionalName = Annotated[str, Field(max_length=200)]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not an IANA time zone; use for example Asia/Shanghai")
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]


def _rtsp(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("rtsp", "rtsps") or not parts.hostname:
        raise ValueError("must be an RTSP address such as rtsp://192.0.2.10:554/stream1")
    if parts.username or parts.password:
        raise ValueError("must not carry a user name or password; put them into `username` and `password`")
    return url


RtspUrl = Annotated[str, Field(max_length=1000), AfterValidator(_rtsp)]


def _optional_rtsp(url: str) -> str:
    return _rtsp(url) if url else url


def _zone(corners: Polygon) -> Polygon:
    if not _MIN_CORNERS <= len(corners) <= _MAX_CORNERS:
        raise ValueError(f"a zone needs {_MIN_CORNERS} to {_MAX_CORNERS} corners, this one has {len(corners)}")
    for number, corner in enumerate(corners, start=1):
        if len(corner) != 2:
            raise ValueError(f"corner {number} must be [x, y]")
        if not all(0 <= value <= 1 for value in corner):
            raise ValueError(f"corner {number} is {corner}: x and y are shares of the picture, 0 to 1")
    if abs(_area(corners)) < 1e-6:
        raise ValueError("the corners lie on one line and enclose nothing")
    return corners


def _area(corners: Polygon) -> float:
    following = corners[1:] + corners[:1]
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(corners, following, strict=True)) / 2


def _optional_zone(corners: Polygon) -> Polygon:
    return _zone(corners) if corners else corners


Zone = Annotated[Polygon, AfterValidator(_zone)]
OptionalZone = Annotated[Polygon, AfterValidator(_optional_zone)]


class DistrictDeclaration(Strict):
    id: Id
    name: Name
    name_en: OptionalName = ""


class Hours(Strict):
    """`days` is "mon-fri", "sat" or "mon,wed"; `close` is exclusive, "24:00" is midnight."""

    days: str
    open: Annotated[str, Field(pattern=_CLOCK)]
    close: Annotated[str, Field(pattern=_CLOCK)]

    @field_validator("days")
    @classmethod
    def _days_are_known(cls, days: str) -> str:
        weekdays(days)
        return days

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> Self:
        if self.close <= self.open:
            raise ValueError(f"closes at {self.close}, which is not after {self.open}")
        return self


def weekdays(days: str) -> list[int]:
    """Weekday numbers, 0 = Monday, of "mon-fri" or "mon,wed,sat". Raises ValueError."""
    found: set[int] = set()
    for part in re.split(r"\s*,\s*", days.strip().lower()):
        first, _, last = part.partition("-")
        if first not in WEEKDAYS or (last and last not in WEEKDAYS):
            raise ValueError(f"{part!r} is not a day or a range of days; use mon-fri, sat, or mon,wed")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        if end < start:
            raise ValueError(f"{part!r} ends before it starts; write it as two parts, for example sat-sun,mon")
        found.update(range(start, end + 1))
    return sorted(found)


class HallDeclaration(Strict):
    id: Id
    district: Id
    name: Name
    name_en: OptionalName = ""
    timezone: TimeZone = "Asia/Shanghai"
    hours: tuple[Hours, ...] = ()


class CounterDeclaration(Strict):
    id: Id
    hall: Id
    number: Annotated[str, Field(min_length=1, max_length=32)]
    name: OptionalName = ""
    name_en: OptionalName = ""

    @field_validator("number", mode="before")
    @classmethod
    def _number_may_be_written_bare(cls, value: Any) -> Any:  # noqa: ANN401
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class CameraDeclaration(Strict):
    id: Id
    hall: Id
    name: OptionalName = ""
    url: RtspUrl
    sub_url: Annotated[str, Field(max_length=1000), AfterValidator(_optional_rtsp)] = ""
    transport: Literal["tcp", "udp"] = "tcp"
    username: Annotated[str, Field(max_length=200)] = ""
    password: SecretStr = SecretStr("")
    enabled: bool = True

    @model_validator(mode="after")
    def _password_has_a_user(self) -> Self:
        if self.password.get_secret_value() and not self.username:
            raise ValueError("`password` is given without `username`")
        return self

    def credentials(self) -> str:
        """`user:password`, or empty."""
        return f"{self.username}:{self.password.get_secret_value()}" if self.username else ""


class ViewDeclaration(Strict):
    camera: Id
    counter: Id
    staff_zone: Zone
    customer_zone: OptionalZone = []


class AbsenceRuleDeclaration(Strict):
    """For one counter, one hall, or (with neither) everywhere."""

    hall: Id | None = None
    counter: Id | None = None
    threshold_s: Annotated[int, Field(ge=1, le=MAX_THRESHOLD_S)] = 300
    waiting_threshold_s: Annotated[int, Field(ge=1, le=MAX_THRESHOLD_S)] = 60

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.hall and self.counter:
            raise ValueError("name either `hall` or `counter`, not both")
        return self


class DepartmentDeclaration(Strict):
    id: Id
    name: Name
    name_en: OptionalName = ""
    district: Id | None = None


class ItemDeclaration(Strict):
    code: Annotated[str, Field(min_length=1, max_length=100)]
    name: Name
    name_en: OptionalName = ""
    department: Id | None = None
    legal_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    promised_days: Annotated[int, Field(ge=0, le=3650)] | None = None


class SourceDeclaration(Strict):
    """An approval platform; `key` lets it push, `counters` maps what it calls a counter to the counter's id."""

    id: Id
    name: OptionalName = ""
    hall: Id | None = None
    key: SecretStr = SecretStr("")
    counters: dict[str, Id] = {}

    @field_validator("key")
    @classmethod
    def _key_is_long(cls, key: SecretStr) -> SecretStr:
        if 0 < len(key.get_secret_value()) < 16:
            raise ValueError("a push key has at least 16 characters")
        return key
