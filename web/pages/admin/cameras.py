"""Cameras and views."""

from collections.abc import Sequence
from typing import Any

import orjson
from starlette.datastructures import FormData

from storage.sayings import Saying
from web.api import cameras as api
from web.api import places as places_api
from web.api.administration import Desk
from web.declarations import CameraDeclaration, ViewDeclaration
from web.errors import NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.i18n import gettext_marker as _
from web.pages.admin.forms import Field, Row, Saved, text
from web.pages.admin.places import hall_options, id_field

_SEPARATOR = "~"
UNREADABLE_CORNERS = Saying("This is not readable as a list of corners.")


class Cameras:
    name = "cameras"
    title = _("Cameras")
    one = _("Camera")
    about = _(
        "The main stream is recorded; the sub-stream is shown on the board. "
        "A password goes in and is never shown again."
    )
    columns = (_("Id"), _("Name"), _("Hall"), _("Main stream"), _("State"))
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        return [
            Row(c.id, (c.id, c.name, c.hall, c.url, _("on") if c.enabled else _("off")), muted=not c.enabled)
            for c in api.list_cameras(desk)
        ]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = next((c for c in api.list_cameras(desk) if c.id == key), None)
        if key and found is None:
            raise NotFound
        kept = _("Leave empty to keep the stored one.") if found and found.has_password else ""
        return (
            id_field(key),
            Field("hall", _("Hall"), "choice", found.hall if found else "", options=hall_options(desk), required=True),
            Field("name", _("Name"), value=found.name if found else ""),
            Field("url", _("Main stream"), value=found.url if found else "", required=True,
                  example="rtsp://192.0.2.10:554/main", hint=_("Without user name and password.")),
            Field("sub_url", _("Sub-stream"), value=found.sub_url if found else "", example="rtsp://192.0.2.10:554/sub"),
            Field("transport", _("Transport"), "choice", found.transport if found else "tcp",
                  options=(("tcp", "TCP"), ("udp", "UDP"))),
            Field("username", _("User name"), value=found.username if found else ""),
            Field("password", _("Password"), "password", hint=kept),
            Field("enabled", _("Record and watch it"), "checkbox", "true" if found is None or found.enabled else ""),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        declared = CameraDeclaration.model_validate(
            {name: text(form, name) for name in ("hall", "name", "url", "sub_url", "transport", "username", "password")}
            | {"id": key or text(form, "id"), "enabled": bool(text(form, "enabled"))}
        )
        api.put_camera(desk, declared.id, declared)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        api.delete_camera(desk, key)


class Views:
    name = "views"
    title = _("Views")
    one = _("View")
    about = _(
        "A view says where in a camera's picture the staff and the customers of a counter are. "
        "A changed zone holds from now on."
    )
    columns = (_("Camera"), _("Counter"), _("Corners of the staff zone"), _("Corners of the customer zone"))
    camera_picture = True

    def rows(self, desk: Desk) -> Sequence[Row]:
        return [
            Row(
                f"{v.camera}{_SEPARATOR}{v.counter}",
                (v.camera, v.counter, str(len(v.staff_zone)), str(len(v.customer_zone))),
            )
            for v in api.list_views(desk)
        ]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = _view(desk, key)
        cameras = tuple((c.id, f"{c.name} ({c.id})" if c.name else c.id) for c in api.list_cameras(desk))
        counters = tuple((c.id, f"{c.number} {c.name} ({c.id})") for c in places_api.list_counters(desk))
        return (
            Field("camera", _("Camera"), "choice", found.camera if found else "", options=cameras, required=True,
                  fixed=bool(key)),
            Field("counter", _("Counter"), "choice", found.counter if found else "", options=counters, required=True,
                  fixed=bool(key)),
            Field("staff_zone", _("Staff zone"), "zone", _written(found.staff_zone if found else _LEFT), required=True,
                  hint=_("Corners [x, y] from the top left, 0 to 1.")),
            Field("customer_zone", _("Customer zone"), "zone", _written(found.customer_zone if found else []),
                  hint=_("Empty if the camera does not see the customers.")),
            Field("whole_zone", _("It shows the whole place where staff sits"), "checkbox",
                  "true" if found and found.whole_zone else "",
                  hint=_("Of several cameras only such a one may say alone that nobody is there.")),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        camera, _separator, counter = key.partition(_SEPARATOR)
        declared = ViewDeclaration(
            camera=camera or text(form, "camera"),
            counter=counter or text(form, "counter"),
            staff_zone=_read(form, "staff_zone"),
            customer_zone=_read(form, "customer_zone"),
            whole_zone=bool(text(form, "whole_zone")),
        )
        api.put_view(desk, declared)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        found = _view(desk, key)
        if found is None:
            raise NotFound
        api.end_view(desk, found.view_id)


_LEFT = [[0.1, 0.15], [0.9, 0.15], [0.9, 0.6], [0.1, 0.6]]
"""Where a new zone begins: large enough to be seen and dragged."""


def _view(desk: Desk, key: str) -> api.ViewShown | None:
    """Raises NotFound for a key that names none."""
    camera, _separator, counter = key.partition(_SEPARATOR)
    found = next((v for v in api.list_views(desk) if (v.camera, v.counter) == (camera, counter)), None)
    if key and found is None:
        raise NotFound
    return found


def _written(zone: Sequence[Sequence[float]]) -> str:
    return orjson.dumps(zone).decode()


def _read(form: FormData, name: str) -> Any:  # noqa: ANN401 (whatever was typed; the declaration checks it)
    try:
        return orjson.loads(text(form, name) or "[]")
    except orjson.JSONDecodeError:
        raise Unprocessable(fields=[FieldProblem(name, UNREADABLE_CORNERS)]) from None
