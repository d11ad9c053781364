"""Districts, departments, halls and counters."""

from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import BeforeValidator
from starlette.datastructures import FormData

from web.api import places as api
from web.api.administration import Desk
from web.declarations import CounterDeclaration, DepartmentDeclaration, DistrictDeclaration, HallDeclaration, Hours
from web.declared_values import time_zones
from web.errors import NotFound
from web.i18n import gettext_marker as _
from web.pages.admin.forms import Field, Option, Row, Saved, optional, text
from web.pages.admin.hours import read_hours, written_hours
from web.pages.admin.hours_said import said_hours


def id_field(value: str) -> Field:
    hint = _("Short, for addresses and files: letters, digits and . _ -. It stays as it is.")
    return Field("id", _("Id"), value=value, required=True, fixed=bool(value), hint=hint)


def name_fields(name: str, name_en: str, *, required: bool) -> tuple[Field, Field]:
    return (
        Field("name", _("Chinese name"), value=name, required=required),
        Field("name_en", _("English name"), value=name_en),
    )


def district_options(desk: Desk) -> tuple[Option, ...]:
    return tuple((district.id, desk.named(district)) for district in api.list_districts(desk))


def hall_options(desk: Desk) -> tuple[Option, ...]:
    return tuple((hall.id, desk.named(hall)) for hall in api.list_halls(desk))


def place_words(desk: Desk) -> Callable[[str | None, str | None], str]:
    """Names what a rule is for, by its hall and its counter."""
    halls = dict(hall_options(desk))
    counters = {c.id: f"{halls[c.hall]} · {c.number} {desk.named(c)}" for c in api.list_counters(desk)}
    return lambda hall, counter: counters.get(counter or "") or halls.get(hall or "") or _("every hall")


def place_zones(desk: Desk) -> Callable[[str | None, str | None], str | None]:
    """The time zone of what a rule is for, by its hall and its counter; none of a rule for every hall."""
    halls = {hall.id: hall.timezone for hall in api.list_halls(desk)}
    counters = {counter.id: halls[counter.hall] for counter in api.list_counters(desk)}
    return lambda hall, counter: counters.get(counter or "") or halls.get(hall or "")


class Districts:
    name = "districts"
    title = _("Districts")
    one = _("District")
    about = _("Districts group halls; every hall lies in one.")
    columns = (_("Id"), _("Chinese name"), _("English name"))
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        return [Row(d.id, (d.id, d.name, d.name_en)) for d in api.list_districts(desk)]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = next((d for d in api.list_districts(desk) if d.id == key), None)
        if key and found is None:
            raise NotFound
        return (
            id_field(key),
            *name_fields(found.name if found else "", found.name_en if found else "", required=True),
        )

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        declared = DistrictDeclaration(
            id=key or text(form, "id"), name=text(form, "name"), name_en=text(form, "name_en")
        )
        api.put_district(desk, declared.id, declared)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        api.delete_district(desk, key)


class Departments:
    name = "departments"
    title = _("Departments")
    one = _("Department")
    about = _("The department that handles a case is the one that is responsible for it.")
    columns = (_("Id"), _("Chinese name"), _("English name"), _("District"))
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        districts = dict(district_options(desk))
        return [
            Row(d.id, (d.id, d.name, d.name_en, districts.get(d.district or "", "")))
            for d in api.list_departments(desk)
        ]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = next((d for d in api.list_departments(desk) if d.id == key), None)
        if key and found is None:
            raise NotFound
        return (
            id_field(key),
            *name_fields(found.name if found else "", found.name_en if found else "", required=True),
            Field("district", _("District"), "choice", (found.district or "") if found else "",
                  options=(("", _("Of the city")), *district_options(desk))),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        declared = DepartmentDeclaration(
            id=key or text(form, "id"),
            name=text(form, "name"),
            name_en=text(form, "name_en"),
            district=optional(form, "district"),
        )
        api.put_department(desk, declared.id, declared)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        api.delete_department(desk, key)


class _TypedHall(HallDeclaration):
    """With its hours as lines of text, so that a wrong line and another wrong field are told at once."""

    hours: Annotated[tuple[Hours, ...], BeforeValidator(read_hours)] = ()


class Halls:
    name = "halls"
    title = _("Halls")
    one = _("Hall")
    about = _(
        "A hall has a time zone, in which its times are shown, and opening hours, outside which nobody is absent."
    )
    columns = (_("Id"), _("Name"), _("District"), _("Time zone"), _("Opening hours"))
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        districts = dict(district_options(desk))
        return [
            Row(
                h.id,
                (
                    h.id,
                    desk.named(h),
                    districts[h.district],
                    h.timezone,
                    said_hours(h.hours) or _("Always open"),
                ),
            )
            for h in api.list_halls(desk)
        ]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = next((h for h in api.list_halls(desk) if h.id == key), None)
        if key and found is None:
            raise NotFound
        zone = found.timezone if found else "Asia/Shanghai"
        return (
            id_field(key),
            Field("district", _("District"), "choice", found.district if found else "", options=district_options(desk),
                  required=True),
            *name_fields(found.name if found else "", found.name_en if found else "", required=True),
            Field("timezone", _("Time zone"), "choice", zone, options=_zones()),
            Field("hours", _("Opening hours"), "lines", "\n".join(written_hours(found.hours)) if found else "",
                  hint=_("One span a line, two for a lunch break. "
                         "Without any line the hall is always open, and absences are found at any hour. "
                         "What lies outside of changed hours and may still be disputed is excused by leave. "
                         "Corrected within three days, that leave is taken back "
                         "where what held before had it open, too."),
                  example="mon-fri 09:00-12:00\nmon-fri 13:30-17:00"),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        values = {name: text(form, name) for name in ("district", "name", "name_en", "hours")}
        values |= {"id": key or text(form, "id"), "timezone": text(form, "timezone") or "Asia/Shanghai"}
        declared = _TypedHall.model_validate(values)
        api.put_hall(desk, declared.id, declared)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        api.delete_hall(desk, key)


def _zones() -> tuple[Option, ...]:
    common = ["Asia/Shanghai", "Asia/Hong_Kong", "Asia/Macau", "Asia/Urumqi", "UTC"]
    rest = sorted(time_zones() - set(common))
    return tuple((zone, zone) for zone in [*common, *rest])


class _TypedCounter(CounterDeclaration):
    """With its roster as lines of text."""

    roster: Annotated[tuple[Hours, ...], BeforeValidator(read_hours)] = ()


class Counters:
    name = "counters"
    title = _("Counters")
    one = _("Counter")
    about = _("The number is the one that people see above the counter.")
    columns = (_("Id"), _("Number"), _("Name"), _("Hall"), _("Roster"))
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        halls = dict(hall_options(desk))
        return [
            Row(c.id, (c.id, c.number, desk.named(c), halls[c.hall], said_hours(c.roster) or ""))
            for c in api.list_counters(desk)
        ]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = next((c for c in api.list_counters(desk) if c.id == key), None)
        if key and found is None:
            raise NotFound
        return (
            id_field(key),
            Field("hall", _("Hall"), "choice", found.hall if found else "", options=hall_options(desk), required=True),
            Field("number", _("Number"), value=found.number if found else "", required=True),
            *name_fields(found.name if found else "", found.name_en if found else "", required=False),
            Field("roster", _("Roster"), "lines", "\n".join(written_hours(found.roster)) if found else "",
                  hint=_("When somebody is to be there, one span a line; outside of it nobody is absent. "
                         "Without any line: whenever the hall is open. "
                         "What lies outside of a changed roster and may still be disputed is excused by leave. "
                         "Corrected within three days, that leave is taken back "
                         "where what held before had it open, too."),
                  example="mon-fri 09:00-12:00"),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        values = {name: text(form, name) for name in ("hall", "number", "name", "name_en", "roster")}
        declared = _TypedCounter.model_validate(values | {"id": key or text(form, "id")})
        api.put_counter(desk, declared.id, declared)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        api.delete_counter(desk, key)
