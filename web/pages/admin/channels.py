"""Channels of notifications."""

from collections.abc import Sequence

from starlette.datastructures import FormData

from storage.models import AlertKind
from web.api import channels as api
from web.api.administration import Desk
from web.declarations import ChannelDeclaration
from web.errors import NotFound
from web.i18n import gettext_marker as _
from web.pages.admin.forms import Field, Row, Saved, optional, text, texts
from web.pages.words import word


class Channels:
    name = "channels"
    title = _("Notifications")
    one = _("Channel")
    about = _(
        "Each alert goes once to every channel that wants its kind: mail, SMS, WeCom, DingTalk and many more. "
        "An address goes in and is never shown again."
    )
    columns = (_("Name"), _("Service"), *(word(kind) for kind in AlertKind))
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        return [
            Row(c.name, (c.name, c.service or _("not readable"), *(_said(kind in c.kinds) for kind in AlertKind)))
            for c in api.list_channels(desk)
        ]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = next((c for c in api.list_channels(desk) if c.name == key), None)
        if key and found is None:
            raise NotFound
        kept = _("Leave empty to keep the stored one.") if found else ""
        return (
            Field("name", _("Name"), value=key, required=True, fixed=bool(key), hint=_("As logs call it.")),
            Field("url", _("Address"), "password", required=not found, example="mailtos://user:password@mail.example",
                  hint=kept or _("As Apprise reads it, for example mailtos://user:password@mail.example")),
            Field("kinds", _("What it gets"), "several", options=tuple((kind.value, word(kind)) for kind in AlertKind),
                  chosen=found.kinds if found else tuple(AlertKind)),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        values = {"name": key or text(form, "name"), "url": optional(form, "url"), "kinds": texts(form, "kinds")}
        declared = ChannelDeclaration.model_validate(values)
        api.set_channel(desk, declared.name, declared)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        api.delete_channel(desk, key)


def _said(gets: bool) -> str:
    return _("yes") if gets else ""
