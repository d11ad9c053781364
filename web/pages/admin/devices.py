"""Rating tablets: an administrator makes the link that binds one to its counter, and takes it back."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData

from web.api import devices as api
from web.api import places
from web.api.administration import Desk
from web.api.devices import DeviceRequest, DeviceShown
from web.errors import NotFound
from web.i18n import gettext_marker as _
from web.pages.admin.forms import Field, Row, Saved, text


class Devices:
    name = "devices"
    title = _("Rating tablets")
    one = _("Rating tablet")
    about = _(
        "A tablet at a counter on which customers rate, without signing in. Its link is made here and shown once; "
        "open it in the tablet's browser. Whoever has the link can rate, so take it back when a tablet is lost."
    )
    columns = (_("Counter"), _("Made"), _("Last seen"), _("State"))
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        return [_row(device) for device in api.list_devices(desk)]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = next((device for device in api.list_devices(desk) if str(device.id) == key), None)
        if key and found is None:
            raise NotFound
        halls = {hall.id: desk.named(hall) for hall in places.list_halls(desk)}
        counters = tuple(
            (each.id, f"{halls[each.hall]} · {each.number} {desk.named(each)} ({each.id})")
            for each in places.list_counters(desk)
        )
        counter = found.counter if found else ""
        return (Field("counter", _("Counter"), "choice", counter, options=counters, required=True, fixed=bool(key)),)

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        if key:
            return Saved()  # nothing of it changes
        wanted = DeviceRequest.model_validate({"counter": text(form, "counter")})
        return Saved(api.make_device(desk, wanted).link, wanted.counter)

    def remove(self, desk: Desk, key: str) -> None:
        api.revoke_device(desk, int(key) if key.isdecimal() else 0)


def _row(device: DeviceShown) -> Row:
    state = _("taken back") if device.revoked_at else _("in use") if device.last_seen_at else _("not opened yet")
    seen = _local(device.last_seen_at, device.timezone) if device.last_seen_at else "–"
    cells = (device.counter, _local(device.made_at, device.timezone), seen, state)
    return Row(str(device.id), cells, muted=device.revoked_at is not None)


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
