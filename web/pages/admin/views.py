"""Views."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from starlette.datastructures import FormData

from storage.sayings import Saying
from web.api import cameras as api
from web.api import places as places_api
from web.api.administration import Desk
from web.declarations import ViewDeclaration
from web.errors import Conflict, NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.i18n import gettext_marker as _
from web.pages.admin.forms import Field, Option, Row, Saved, text
from web.pages.code_words import INSIDE_WORDS
from web.pages.filters import DEFAULT_ZONE
from web.pages.formats import local_input

SEPARATOR = "~"
_FITS_FIELD = Field(
    "fits", _("The zones fit what the camera shows now"), "checkbox",
    hint=_("After “Camera moved”, when it was moved so little that its zones are still right. Nothing is drawn anew: "
           "what the camera shows from now on counts as its place."),
)  # fmt: skip
UNREADABLE_CORNERS = Saying("This is not readable as a list of corners.")


@dataclass(frozen=True)
class OtherView:
    """What is drawn already in the picture of a camera, beside what is being drawn."""

    key: str
    counter: str
    number: str
    """Of the counter: it stands in the picture, where a longer name would hide somebody."""
    zones: tuple[str, ...]
    """Corners as JSON."""


class Views:
    name = "views"
    title = _("Views")
    one = _("View")
    about = _(
        "A view says where in a camera's picture the staff and the customers of a counter are. "
        "A changed zone holds from now on; a camera that has been turned needs a view that begins when it was."
    )
    columns = (_("Camera"), _("Counter"), _("Staff zone"), _("Customer zone"), _("Whole place"), _("From"), _("Until"))
    camera_picture = True

    def rows(self, desk: Desk) -> Sequence[Row]:
        """Those that are over come last."""
        zones, now = camera_zones(desk), desk.services.clock()
        cameras, counters = dict(camera_options(desk)), dict(_counter_options(desk))
        views = sorted(api.list_views(desk, ended=True), key=lambda view: _is_over(view, now))
        return [
            Row(
                SEPARATOR.join((v.camera, v.counter, str(v.view_id))),
                (cameras[v.camera], counters[v.counter], _corners(v.staff_zone), _corners(v.customer_zone),
                 _("yes") if v.whole_zone else "", shown_moment(v.valid_from, zones.get(v.camera)),
                 shown_moment(v.valid_to, zones.get(v.camera))),
                muted=_is_over(v, now) or (v.valid_from is not None and v.valid_from > now),
            )
            for v in views
        ]  # fmt: skip

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = _view(desk, key)
        return (
            Field("camera", _("Camera"), "choice", found.camera if found else "", options=camera_options(desk),
                  required=True, fixed=bool(key)),
            Field("counter", _("Counter"), "choice", found.counter if found else "", options=_counter_options(desk),
                  required=True, fixed=bool(key)),
            Field("staff_zone", _("Staff zone"), "zone", written(found.staff_zone if found else []), required=True,
                  hint=_("Corners [x, y] from the top left, 0 to 1.")),
            Field("customer_zone", _("Customer zone"), "zone", written(found.customer_zone if found else []),
                  hint=_("Empty if the camera does not see the customers.")),
            _inside_field("staff_inside", _("Who counts as inside the staff zone"),
                          found.staff_inside if found else ""),
            _inside_field("customer_inside", _("Who counts as inside the customer zone"),
                          found.customer_inside if found else ""),
            Field("whole_zone", _("It shows the whole place where staff sits"), "checkbox",
                  "true" if found and found.whole_zone else "",
                  hint=_("Of several cameras only such a one may say alone that nobody is there.")),
            *((_FITS_FIELD,) if found else ()),
            Field("valid_from", _("Valid from"), "datetime-local",
                  hint=_("Time of the hall. Empty: it stays as it is; a new view or zone holds from now on, "
                         "a camera's first view for all time.")),
            Field("valid_to", _("Valid until"), "datetime-local",
                  value=typed_moment(found.valid_to, camera_zones(desk).get(found.camera)) if found else "",
                  hint=_("Empty: for good.")),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        camera, counter, view_id = _parts(key)
        camera = camera or text(form, "camera")
        zone = camera_zones(desk).get(camera)
        declared = ViewDeclaration(
            camera=camera,
            counter=counter or text(form, "counter"),
            staff_zone=read_corners(form, "staff_zone"),
            customer_zone=read_corners(form, "customer_zone"),
            whole_zone=bool(text(form, "whole_zone")),
            staff_inside=text(form, "staff_inside"),
            customer_inside=text(form, "customer_inside"),
            valid_from=sent_moment(form, "valid_from", zone),
            valid_to=sent_moment(form, "valid_to", zone),
        )
        if view_id.isdecimal():
            api.put_given_view(desk, int(view_id), declared)
        else:
            api.put_view(desk, declared)
        if text(form, _FITS_FIELD.name):
            api.renew_aim(desk, camera)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        found = _view(desk, key)
        if found is None:
            raise NotFound
        if _is_over(found, desk.services.clock()):
            raise Conflict(Saying("This view has ended already."))
        api.end_view(desk, found.view_id)


def other_views(desk: Desk, camera: str, counter: str) -> tuple[OtherView, ...]:
    """Of the camera, those that are not over, but for those of the counter whose zones are drawn."""
    counters = dict(_counter_options(desk))
    numbers = {counter.id: counter.number for counter in places_api.list_counters(desk)}
    return tuple(
        OtherView(
            SEPARATOR.join((view.camera, view.counter, str(view.view_id))),
            counters.get(view.counter, view.counter),
            numbers.get(view.counter, view.counter),
            tuple(written(zone) for zone in (view.staff_zone, view.customer_zone) if zone),
        )
        for view in api.list_views(desk, camera)
        if view.counter != counter
    )


def is_of_camera(key: str, camera: str) -> bool:
    return _parts(key)[0] == camera


def _is_over(view: api.ViewShown, now: datetime) -> bool:
    return view.valid_to is not None and view.valid_to <= now


def _inside_words(value: str) -> str:
    return INSIDE_WORDS.get(value, value) if value else _("As the zone rule of the site says")


def _inside_field(name: str, words: str, value: str) -> Field:
    """Any other share that the file or the API has said can be kept."""
    usual = ("", "centre", "foot", "overlap 0.25", "overlap 0.5", "overlap 0.75")
    choices = usual if value in usual else (*usual, value)
    hint = _(
        "The visible body is what is not hidden, by a desk for example. "
        "The lower edge suits cameras that see feet, the overlap zones that cut people."
    )
    return Field(name, words, "choice", value, options=tuple((c, _inside_words(c)) for c in choices), hint=hint)


def camera_options(desk: Desk) -> tuple[Option, ...]:
    return tuple((c.id, f"{c.name} ({c.id})" if c.name else c.id) for c in api.list_cameras(desk))


def _counter_options(desk: Desk) -> tuple[Option, ...]:
    return tuple((c.id, f"{c.number} {desk.named(c)} ({c.id})") for c in places_api.list_counters(desk))


def _view(desk: Desk, key: str) -> api.ViewShown | None:
    """Raises NotFound for a key that names none; without an id it names the newest of the pair."""
    camera, counter, view_id = _parts(key)
    of_camera = api.list_views(desk, camera, ended=bool(view_id))
    found = [v for v in of_camera if v.counter == counter and view_id in ("", str(v.view_id))]
    if key and not found:
        raise NotFound
    return found[-1] if found else None


def _parts(key: str) -> tuple[str, str, str]:
    camera, counter, view_id = [*key.split(SEPARATOR, 2), "", ""][:3]
    return camera, counter, view_id


def camera_zones(desk: Desk) -> dict[str, str]:
    """In which zone each camera's times are shown."""
    halls = {hall.id: hall.timezone for hall in places_api.list_halls(desk)}
    return {camera.id: halls[camera.hall] for camera in api.list_cameras(desk)}


def _corners(zone: Sequence[object]) -> str:
    return _("drawn") if zone else ""


def shown_moment(at: datetime | None, zone: str | None) -> str:
    return f"{at.astimezone(ZoneInfo(zone or DEFAULT_ZONE)):%Y-%m-%d %H:%M}" if at else ""


def typed_moment(at: datetime | None, zone: str | None) -> str:
    return local_input(at, zone or DEFAULT_ZONE) if at else ""


def sent_moment(form: FormData, name: str, zone: str | None) -> datetime | None:
    """What was typed, in the hall's time. Raises Unprocessable."""
    typed = text(form, name)
    try:
        at = datetime.fromisoformat(typed) if typed else None
    except ValueError:
        raise Unprocessable(fields=[FieldProblem(name, Saying("This is not a date and time."))]) from None
    if at is None or at.tzinfo:
        return at
    try:
        return at.replace(tzinfo=ZoneInfo(zone or DEFAULT_ZONE)).astimezone(UTC)
    except OverflowError:
        return at.replace(tzinfo=UTC)  # its year is refused with the rest


def written(zone: Sequence[Sequence[float]]) -> str:
    return orjson.dumps(zone).decode()


def read_corners(form: FormData, name: str) -> Any:  # noqa: ANN401 (whatever was typed; the declaration checks it)
    try:
        return orjson.loads(text(form, name) or "[]")
    except orjson.JSONDecodeError:
        raise Unprocessable(fields=[FieldProblem(name, UNREADABLE_CORNERS)]) from None
