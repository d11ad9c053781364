"""Channels of notifications."""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

from pydantic import ValidationError
from starlette.datastructures import FormData

from storage.models import AlertKind, Audience
from storage.sayings import Saying
from web.api import channels as api
from web.api import places
from web.api.administration import Desk
from web.declarations import ChannelDeclaration
from web.errors import NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.i18n import gettext_marker as _
from web.pages.admin.forms import Field, Row, Saved, optional, text, texts
from web.pages.words import word


class Channels:
    name = "channels"
    title = _("Notifications")
    one = _("Channel")
    about = _(
        "Each alert goes once to every channel that wants its kind: mail, SMS, WeCom, DingTalk and many more. "
        "Cards go to the contact persons of departments. "
        "An address goes in and is never shown again."
    )
    columns = (
        _("Name"),
        _("Service"),
        _("Who reads it"),
        _("Of what"),
        _("Passed on after"),
        _("Quiet hours"),
        _("Alerts that it gets"),
    )
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        return [Row(c.name, _cells(c)) for c in api.list_channels(desk)]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = next((c for c in api.list_channels(desk) if c.name == key), None)
        if key and found is None:
            raise NotFound
        kept = _("Leave empty to keep the stored one.") if found else ""
        return (
            Field("name", _("Name"), value=key, required=True, fixed=bool(key), hint=_("As logs call it.")),
            Field("url", _("Address"), "password", required=not found, example="mailtos://user:password@mail.example",
                  hint=kept or _("As Apprise reads it, for example mailtos://user:password@mail.example")),
            Field("audience", _("Who reads it"), "choice", (found or _NEW).audience.value,
                  options=tuple((each.value, word(each)) for each in Audience)),
            Field("place", _("Of what"), "choice", _place(found) if found else "", options=(("", "–"), *_places(desk)),
                  hint=_("Whose cards or alerts it is told of. Without a department, an address for contact persons "
                         "has {mail} or {phone}, which stands for each of them.")),
            Field("kinds", _("Alerts that it gets"), "several",
                  options=tuple((kind.value, word(kind)) for kind in AlertKind),
                  chosen=found.kinds if found else tuple(AlertKind),
                  hint=_("For whoever watches counters and cameras. All other readers are told of cards, orders and "
                         "disputes, whatever is chosen here.")),
            Field("after_minutes", _("Passed on after (minutes)"), "number", str((found or _NEW).after_minutes),
                  hint=_("Only alerts that last, and that nobody has acknowledged for so long. 0: each at once.")),
            Field("person", _("Whose channel it is"), value=found.person if found else "",
                  hint=_("Sign-in name: only alerts that this user may see. Empty: those of every hall.")),
            Field("quiet_from", _("Quiet from"), value=found.quiet_from if found else "", example="22:00",
                  hint=_("From then on messages wait; empty: none does.")),
            Field("quiet_to", _("Quiet until"), value=found.quiet_to if found else "", example="07:00",
                  hint=_("Then they are sent; on the next day where it is not later.")),
            Field("urgent", _("Alerts that do not wait"), "several",
                  options=tuple((kind.value, word(kind)) for kind in AlertKind),
                  chosen=found.urgent if found else ()),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        values = {"name": key or text(form, "name"), "url": optional(form, "url"), "kinds": texts(form, "kinds")}
        values |= {name: text(form, name) for name in ("quiet_from", "quiet_to")}
        values |= {"person": optional(form, "person"), "urgent": texts(form, "urgent")}
        if after := text(form, "after_minutes"):
            values |= {"after_minutes": after}
        if chosen := text(form, "place"):
            kind, _colon, place = chosen.partition(":")
            values |= {kind: place}
        if audience := optional(form, "audience"):
            values |= {"audience": audience}
        declared = _declared(values, is_new=not key)
        api.set_channel(desk, declared.name, declared)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        api.delete_channel(desk, key)


def _declared(values: Mapping[str, Any], *, is_new: bool) -> ChannelDeclaration:
    """Raises Unprocessable with all that is wrong, the address too: nobody has to send the form twice to learn it."""
    try:
        return ChannelDeclaration.model_validate(values)
    except ValidationError as error:
        problems = [FieldProblem.of(each) for each in error.errors()]
        url = values["url"]
        if url and not any(problem.field == "url" for problem in problems):
            problems += api.address_problems(url)
        elif is_new and not url:
            problems.append(FieldProblem("url", Saying("This is needed.")))
        raise Unprocessable(fields=problems) from None


def _place(channel: api.ChannelShown) -> str:
    return f"{channel.place_kind}:{channel.place}" if channel.place else ""


def _places(desk: Desk) -> Iterator[tuple[str, str]]:
    yield from ((f"department:{d.id}", desk.named(d)) for d in places.list_departments(desk))
    yield from ((f"hall:{h.id}", desk.named(h)) for h in places.list_halls(desk))
    yield from ((f"district:{d.id}", desk.named(d)) for d in places.list_districts(desk))


_NEW = ChannelDeclaration(name="new")


def _cells(channel: api.ChannelShown) -> tuple[str, ...]:
    about = channel.name, channel.service or _("not readable"), word(channel.audience), channel.person or channel.place
    quiet = f"{channel.quiet_from}–{channel.quiet_to}" if channel.quiet_from else ""
    after = f"{channel.after_minutes} min" if channel.after_minutes else ""
    return (*about, after, quiet, _gets(channel))


def _gets(channel: api.ChannelShown) -> str:
    """What is chosen, in the order of the form; of a channel of cards none of it counts."""
    if channel.audience is not Audience.ALERTS:
        return _("none, but cards, orders and disputes")
    chosen = [Saying(word(kind)) for kind in AlertKind if kind in channel.kinds]
    return _("all") if len(chosen) == len(AlertKind) else reduce(_and, chosen)


def _and(before: Saying, next_one: Saying) -> Saying:
    return Saying("%(before)s, %(next)s", before=before, next=next_one)
