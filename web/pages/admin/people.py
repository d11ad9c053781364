"""Users and sources."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BeforeValidator, SecretStr
from starlette.datastructures import FormData

from storage.models import Role
from storage.sayings import Saying
from web import accounts
from web.api import places as places_api
from web.api import sources as sources_api
from web.api import users as users_api
from web.api.administration import Desk
from web.declared_items import SourceDeclaration
from web.declared_values import Id
from web.errors import Conflict, NotFound
from web.i18n import gettext_marker as _
from web.pages.admin.aliases import read_aliases, written_aliases
from web.pages.admin.forms import Field, Row, Saved, optional, text, texts
from web.pages.admin.places import hall_options, id_field
from web.pages.words import word


class Users:
    name = "users"
    title = _("Users")
    one = _("User")
    about = _("A user sees the halls of the user's scope only, and of them what the role allows.")
    columns = (_("Name"), _("Shown as"), _("Role"), _("Halls"), _("State"))
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        halls = dict(hall_options(desk))
        return [
            Row(
                user.name,
                (
                    user.name,
                    user.display_name,
                    word(user.role),
                    _("every hall")
                    if user.all_halls or user.role is Role.ADMIN
                    else " · ".join(halls[hall] for hall in sorted(user.halls)),
                    _("active") if user.active else _("disabled"),
                ),
                muted=not user.active,
            )
            for user in users_api.list_users(desk)
        ]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = next((user for user in users_api.list_users(desk) if user.name == key), None)
        if key and found is None:
            raise NotFound
        departments = tuple((d.id, desk.named(d)) for d in places_api.list_departments(desk))
        return (
            Field("name", _("Name to sign in with"), value=key, required=True, fixed=bool(key)),
            Field("display_name", _("Shown as"), value=found.display_name if found else ""),
            Field("role", _("Role"), "choice", found.role if found else Role.SUPERVISOR,
                  options=tuple((role.value, word(role)) for role in Role), required=True),
            Field("department", _("Department"), "choice", (found.department or "") if found else "",
                  options=(("", "–"), *departments), hint=_("Only for the role Department, which sees its own cases.")),
            Field("halls", _("Halls in scope"), "several", options=hall_options(desk),
                  chosen=tuple(sorted(found.halls)) if found else ()),
            Field("all_halls", _("Every hall, also later ones"), "checkbox",
                  "true" if found and found.all_halls else ""),
            Field("active", _("May sign in"), "checkbox", "true" if found is None or found.active else ""),
            Field("password", _("New password"), "password",
                  hint=_("Leave empty to keep it.") if found else _("Leave empty: one is made and shown once.")),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        settings = {
            "display_name": text(form, "display_name"),
            "role": text(form, "role"),
            "department": optional(form, "department"),
            "halls": texts(form, "halls"),
            "all_halls": bool(text(form, "all_halls")),
            "active": bool(text(form, "active")),
        }
        password = text(form, "password")
        if not key:
            new = users_api.UserToCreate.model_validate(settings | {"name": text(form, "name"), "password": password})
            return Saved(users_api.create_user(desk, new).password, new.name, _done(new))
        changed = users_api.UserSettings.model_validate(settings)
        users_api.change_user(desk, key, changed)
        if password:
            users_api.set_password(desk, key, users_api.NewPassword(password=SecretStr(password)))
        return Saved(done=_done(changed))

    def remove(self, desk: Desk, key: str) -> None:
        raise Conflict(
            Saying("A user is never removed, so that the access log keeps its names; take “May sign in” away.")
        )


def _done(user: users_api.UserSettings) -> str:
    nothing = accounts.sees_nothing(role=user.role, halls=user.halls, all_halls=user.all_halls)
    return "sees_nothing" if nothing and user.active else "saved"


class _TypedSource(SourceDeclaration):
    """With its names of the counters as lines of text."""

    counters: Annotated[dict[str, Id], BeforeValidator(read_aliases)]


class Sources:
    name = "sources"
    title = _("Sources")
    one = _("Source")
    about = _("An approval platform that sends steps. Its push key is made here and shown once.")
    columns = (_("Id"), _("Name"), _("Hall"), _("Counters"), _("Key"))
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        halls = dict(hall_options(desk))
        return [
            Row(
                s.id,
                (
                    s.id,
                    s.name,
                    halls.get(s.hall or "", ""),
                    str(len(s.counters)),
                    _("has one") if s.may_push else _("none"),
                ),
            )
            for s in sources_api.list_sources(desk)
        ]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = next((source for source in sources_api.list_sources(desk) if source.id == key), None)
        if key and found is None:
            raise NotFound
        lines = written_aliases(found.counters) if found else []
        return (
            id_field(key),
            Field("name", _("Name"), value=found.name if found else ""),
            Field("hall", _("Hall"), "choice", (found.hall or "") if found else "",
                  options=(("", _("Several halls")), *hall_options(desk)),
                  hint=_("Its rows name counters of this hall by number.")),
            Field("counters", _("What it calls the counters"), "lines", "\n".join(lines), example="A03 = cc-3",
                  hint=_("One a line: its name = the counter's id. Not needed where it sends the numbers.")),
            Field("silent_after_minutes", _("Silent after"), "number",
                  str(found.silent_after_minutes or "") if found else "",
                  hint=_("Working minutes without a batch until an alert is raised; empty: it may be silent.")),
            Field("new_key", _("Make a new push key; the old one stops working"), "checkbox", "" if found else "true"),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        values = {"id": key or text(form, "id"), "hall": optional(form, "hall")}
        values |= {name: text(form, name) for name in ("name", "counters")}
        values["silent_after_minutes"] = optional(form, "silent_after_minutes")
        declared = _TypedSource.model_validate(values)
        sources_api.put_source(desk, declared.id, declared)
        return Saved(sources_api.renew_key(desk, declared.id).key, declared.id) if text(form, "new_key") else Saved()

    def remove(self, desk: Desk, key: str) -> None:
        sources_api.delete_source(desk, key)
