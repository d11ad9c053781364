"""Places, departments and channels as they are declared: in the configuration file, by page or by API."""

import re
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from storage.inside import BUILT_IN, read_inside
from storage.models import (
    MAX_DAYS,
    MAX_PEOPLE,
    MAX_REQUIRED,
    MAX_THRESHOLD_S,
    AlertKind,
    Audience,
    FootageKind,
)
from storage.sayings import Saying
from web.declared_values import (
    CLOCK,
    RESERVED,
    TIME_OF_DAY,
    USER_NAME,
    WEEKDAYS,
    Id,
    Name,
    OptionalName,
    OptionalRtspUrl,
    OptionalZone,
    PlannedMoment,
    RtspUrl,
    Strict,
    TimeZone,
    Zone,
)


class DistrictDeclaration(Strict):
    id: Id
    name: Name
    name_en: OptionalName = ""


class Hours(Strict):
    """`days` is "mon-fri", "sat" or "mon,wed"; `close` is exclusive, "24:00" is midnight."""

    days: str
    open: Annotated[str, Field(pattern=CLOCK)]
    close: Annotated[str, Field(pattern=CLOCK)]

    @field_validator("days")
    @classmethod
    def _days_are_known(cls, days: str) -> str:
        weekdays(days)
        return days

    @model_validator(mode="after")
    def _closes_after_it_opens(self) -> Self:
        if self.close <= self.open:
            raise ValueError(
                Saying("closes at %(close)s, which is not after %(open)s", close=self.close, open=self.open)
            )
        return self


def weekdays(days: str) -> list[int]:
    """Weekday numbers, 0 = Monday, of "mon-fri" or "mon,wed,sat". Raises ValueError."""
    found: set[int] = set()
    for part in re.split(r"\s*,\s*", days.strip().lower()):
        first, _, last = part.partition("-")
        if first not in WEEKDAYS or (last and last not in WEEKDAYS):
            raise ValueError(
                Saying("“%(part)s” is not a day or a range of days; use mon-fri, sat, or mon,wed", part=part)
            )
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        if end < start:
            raise ValueError(
                Saying("“%(part)s” ends before it starts; write it as two parts, for example sat-sun,mon", part=part)
            )
        found.update(range(start, end + 1))
    return sorted(found)


class HallDeclaration(Strict):
    id: Id
    district: Id
    name: Name
    name_en: OptionalName = ""
    timezone: TimeZone = "Asia/Shanghai"
    hours: tuple[Hours, ...] = ()

    @field_validator("hours")
    @classmethod
    def _spans_do_not_overlap(cls, hours: tuple[Hours, ...]) -> tuple[Hours, ...]:
        return _apart(hours)


def _apart(hours: tuple[Hours, ...]) -> tuple[Hours, ...]:
    """Raises ValueError where two spans of a day overlap."""
    spans = sorted((day, span.open, span.close) for span in hours for day in weekdays(span.days))
    for (day, opens, closes), (next_day, next_opens, next_closes) in pairwise(spans):
        if day == next_day and next_opens < closes:
            first, second = f"{WEEKDAYS[day]} {opens}-{closes}", f"{WEEKDAYS[day]} {next_opens}-{next_closes}"
            raise ValueError(Saying("%(first)s and %(second)s overlap; write them as one", first=first, second=second))
    return hours


class CounterDeclaration(Strict):
    id: Id
    hall: Id
    number: Annotated[str, Field(min_length=1, max_length=32)]
    name: OptionalName = ""
    name_en: OptionalName = ""
    roster: tuple[Hours, ...] = ()
    """When it is to be staffed; none: whenever its hall is open."""

    @field_validator("roster")
    @classmethod
    def _spans_do_not_overlap(cls, roster: tuple[Hours, ...]) -> tuple[Hours, ...]:
        return _apart(roster)

    @field_validator("number", mode="before")
    @classmethod
    def _number_may_be_written_bare(cls, value: Any) -> Any:  # noqa: ANN401
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class CameraDeclaration(Strict):
    id: Id
    hall: Id
    name: OptionalName = ""
    url: RtspUrl
    sub_url: OptionalRtspUrl = ""
    transport: Literal["tcp", "udp"] = "tcp"
    username: Annotated[str, Field(max_length=200, pattern=USER_NAME)] = ""
    password: SecretStr | None = None
    """Not said: the stored one stays; empty: none."""
    audio: bool = False
    """Recording voices is a matter of law, so nobody hears unless somebody said so."""
    enabled: bool = True

    @field_validator("id")
    @classmethod
    def _has_a_folder_of_its_own(cls, name: str) -> str:
        if name in RESERVED:
            raise ValueError(Saying("“%(name)s” is a name that the spool needs; choose another.", name=name))
        return name

    @model_validator(mode="after")
    def _password_has_a_user(self) -> Self:
        if self.password and not self.username:
            raise ValueError(Saying("A password is given without a user name."))
        return self

    def credentials(self) -> str:
        """`user:password` as declared, or empty."""
        password = self.password.get_secret_value() if self.password else ""
        return f"{self.username}:{password}" if self.username else ""


def _inside(text: str) -> str:
    return str(read_inside(text)) if text else text


InsideText = Annotated[str, AfterValidator(_inside)]
"""Who counts as inside a zone, see storage.inside; empty: not said."""


class ZoneRuleDeclaration(Strict):
    """For every zone whose view does not say."""

    inside: Annotated[InsideText, Field(min_length=1)] = str(BUILT_IN)


class ViewDeclaration(Strict):
    camera: Id
    counter: Id
    staff_zone: Zone
    customer_zone: OptionalZone = Field(default=[])
    whole_zone: bool = False
    staff_inside: InsideText = ""
    """Who counts as inside; empty: as the zone rule says."""
    customer_inside: InsideText = ""
    valid_from: PlannedMoment | None = None
    """Not said: what `web.looks.put_view` takes for it."""
    valid_to: PlannedMoment | None = None
    """Exclusive; not said: until something else is declared."""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError(Saying("The end of its validity is not after the beginning."))
        return self


class MaskDeclaration(Strict):
    """A part of a camera's picture that is hidden."""

    camera: Id
    polygon: Zone
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    valid_from: PlannedMoment | None = None
    """Not said: all footage that there is, see web.privacy_masks."""
    valid_to: PlannedMoment | None = None
    """Exclusive; not said: for good."""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError(Saying("The end of its validity is not after the beginning."))
        return self


Threshold = Annotated[int, Field(ge=1, le=MAX_THRESHOLD_S)]
People = Annotated[int, Field(ge=1, le=MAX_PEOPLE)]


class AbsenceRuleDeclaration(Strict):
    """For one counter, one hall, or (with neither) everywhere. What is not said is not looked for."""

    hall: Id | None = None
    counter: Id | None = None
    threshold_s: Threshold = 300
    waiting_threshold_s: Threshold = 60
    required_staff: Annotated[int, Field(ge=1, le=MAX_REQUIRED)] = 1
    """With fewer people there it is an absence."""
    unattended_s: Threshold | None = None
    """A customer waits so long while nobody is there."""
    never_staffed_s: Threshold | None = None
    """Nobody has come so long after the hall opened."""
    left_early_s: Threshold | None = None
    """Nobody is there from so long before the hall closes, until it does."""
    queue_length: People | None = None
    """More customers than so many, for `queue_s`."""
    queue_s: Threshold | None = None
    crowd_size: People | None = None
    """More people in the staff zone than so many, for `crowd_s`."""
    crowd_s: Threshold | None = None

    @model_validator(mode="after")
    def _numbers_have_their_times(self) -> Self:
        if (self.queue_length is None) != (self.queue_s is None):
            raise ValueError(Saying("A queue has a number of customers and a time; give both, or neither."))
        if (self.crowd_size is None) != (self.crowd_s is None):
            raise ValueError(Saying("A crowd has a number of people and a time; give both, or neither."))
        return self

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.hall and self.counter:
            raise ValueError(Saying("Name either a hall or a counter, not both."))
        return self


RULE_SETTINGS = tuple(name for name in AbsenceRuleDeclaration.model_fields if name not in ("hall", "counter"))
"""As the table calls them, too."""


class PairDeclaration(Strict):
    """Two counters of a hall whose clerks cover each other."""

    counters: tuple[Id, Id]

    @field_validator("counters")
    @classmethod
    def _are_two(cls, counters: tuple[str, str]) -> tuple[str, str]:
        if counters[0] == counters[1]:
            raise ValueError(Saying("A counter cannot be paired with itself."))
        return min(counters), max(counters)


class RetentionDeclaration(Strict):
    """How long footage is kept at least: at one counter, in one hall, or (with neither) everywhere."""

    hall: Id | None = None
    counter: Id | None = None
    kind: FootageKind = FootageKind.PLAIN
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)]

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.hall and self.counter:
            raise ValueError(Saying("Name either a hall or a counter, not both."))
        return self


class DepartmentDeclaration(Strict):
    id: Id
    name: Name
    name_en: OptionalName = ""
    district: Id | None = None


MAX_AFTER_MINUTES = 60 * 24
PLACE_OF = {
    Audience.CONTACT: "department",
    Audience.HEAD: "department",
    Audience.SUPERVISOR: "hall",
    Audience.DISTRICT: "district",
}
"""What somebody who is told of cards may be of; alerts may be of any of them."""


class ChannelDeclaration(Strict):
    """Who is told of what; `url` is an address as Apprise reads it.

    One for contact persons is told of cards: of those of its department, or of all departments, where `{mail}` or
    `{phone}` in its address stands for the contact person of each. Those above them are told of what nobody answers:
    in one department, hall or district, or everywhere.

    One of alerts may be a step of their escalation (`after_minutes`), and of one department, hall or district. There
    `{mail}` or `{phone}` stands for the contact persons of the counter.
    """

    name: Id
    url: SecretStr | None = None
    """Not said: the stored one stays."""
    kinds: Annotated[tuple[AlertKind, ...], Field(min_length=1)] = tuple(AlertKind)
    """Of alerts."""
    person: Annotated[str, Field(max_length=100)] | None = None
    """Sign-in name of the user whose it is, who gets the alerts of the halls in scope; not said: every hall's."""
    quiet_from: Annotated[str, Field(pattern=TIME_OF_DAY)] = ""
    """From then on messages wait."""
    quiet_to: Annotated[str, Field(pattern=TIME_OF_DAY)] = ""
    """Then they are sent; of the next day where it is not later."""
    urgent: tuple[AlertKind, ...] = ()
    """Alerts that do not wait."""
    audience: Audience = Audience.ALERTS
    department: Id | None = None
    """Of alerts: at the counters at which its operators work."""
    hall: Id | None = None
    district: Id | None = None
    after_minutes: Annotated[int, Field(ge=0, le=MAX_AFTER_MINUTES)] = 0
    """It gets alerts that last and that nobody has acknowledged for so long; 0: each at once."""

    @model_validator(mode="after")
    def _quiet_hours_are_hours(self) -> Self:
        if bool(self.quiet_from) != bool(self.quiet_to):
            raise ValueError(Saying("Quiet hours have a beginning and an end; give both, or neither."))
        if self.quiet_from and self.quiet_from == self.quiet_to:
            raise ValueError(Saying("Quiet hours cannot end when they begin."))
        return self

    @model_validator(mode="after")
    def _a_person_gets_alerts(self) -> Self:
        if self.person and self.audience is not Audience.ALERTS:
            raise ValueError(Saying("Only a channel of alerts is a person's; contact persons are on record."))
        if self.person and (self.department or self.hall or self.district):
            raise ValueError(Saying("A person's channel gets the alerts that this user may see; name no place beside."))
        return self

    @model_validator(mode="after")
    def _only_alerts_wait_for_an_answer(self) -> Self:
        if self.after_minutes and self.audience is not Audience.ALERTS:
            raise ValueError(
                Saying("Only alerts are passed on when nobody acknowledges them; cards have steps of their own.")
            )
        return self

    @model_validator(mode="after")
    def _place_is_of_its_kind(self) -> Self:
        said = {name for name in ("department", "hall", "district") if getattr(self, name)}
        fits = len(said) <= 1 if self.audience is Audience.ALERTS else not said - {PLACE_OF[self.audience]}
        if not fits:
            raise ValueError(
                Saying(
                    "A department goes with contact persons and heads, a hall with supervisors, "
                    "a district with districts; alerts go with one of them."
                )
            )
        return self
