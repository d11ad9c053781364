"""Cameras."""

from collections.abc import Sequence

from starlette.datastructures import FormData

from web.api import cameras as api
from web.api.administration import Desk
from web.declarations import CameraDeclaration
from web.errors import NotFound
from web.i18n import gettext_marker as _
from web.pages.admin import found as finding
from web.pages.admin.forms import Field, Row, Saved, optional, text
from web.pages.admin.places import hall_options, id_field


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
        halls = dict(hall_options(desk))
        return [
            Row(c.id, (c.id, c.name, halls[c.hall], c.url, _("on") if c.enabled else _("off")), muted=not c.enabled)
            for c in api.list_cameras(desk)
        ]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = next((c for c in api.list_cameras(desk) if c.id == key), None)
        if key and found is None:
            raise NotFound
        kept = _("Leave empty to keep the stored one.") if found and found.has_password else ""
        kept = kept if key else finding.password_hint(finding.kept_camera(desk))
        return (
            id_field(key),
            Field("hall", _("Hall"), "choice", found.hall if found else "", options=hall_options(desk), required=True),
            Field("name", _("Name"), value=found.name if found else ""),
            Field("url", _("Main stream"), value=found.url if found else "", required=True, address=True,
                  example="rtsp://192.0.2.10:554/main", hint=_("Without user name and password.")),
            Field("sub_url", _("Sub-stream"), value=found.sub_url if found else "", address=True,
                  example="rtsp://192.0.2.10:554/sub"),
            Field("transport", _("Transport"), "choice", found.transport if found else "tcp",
                  options=(("tcp", "TCP"), ("udp", "UDP"))),
            Field("username", _("User name"), value=found.username if found else ""),
            Field("password", _("Password"), "password", hint=kept),
            Field("audio", _("Record its sound"), "checkbox", "true" if found and found.audio else "",
                  hint=_("Voices are personal data: switch it on only where the law and a notice in the hall allow it. "
                         "AAC and G.711 are recorded.")),
            Field("enabled", _("Record and watch it"), "checkbox", "true" if found is None or found.enabled else "",
                  hint=_("Switched off, it is missed: its counters are unknown while nobody is seen there, until its "
                         "view is ended or another camera shows the whole place.")),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        declared = CameraDeclaration.model_validate(
            {name: text(form, name) for name in ("hall", "name", "url", "sub_url", "transport", "username")}
            | {"password": optional(form, "password")}
            | {name: bool(text(form, name)) for name in ("enabled", "audio")}
            | {"id": key or text(form, "id")}
        )
        if not key:
            declared = finding.with_its_password(desk, declared)
        api.put_camera(desk, declared.id, declared)
        finding.forget(desk)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        api.delete_camera(desk, key)
