"""Items: kinds of approvals."""

from collections.abc import Sequence
from datetime import date

from starlette.datastructures import FormData

from web.api import places as api
from web.api.administration import Desk
from web.declared_items import ItemDeclaration
from web.errors import NotFound
from web.i18n import gettext_marker as _
from web.pages.admin.forms import Field, Row, Saved, optional, text
from web.pages.admin.places import name_fields

_ONE, _SEVERAL = _("one department"), _("several departments jointly")


class Items:
    name = "items"
    title = _("Items")
    one = _("Item")
    about = _("A kind of approval, with the department that decides and its limits in working days.")
    columns = (
        _("Code"),
        _("Chinese name"),
        _("English name"),
        _("Department"),
        _("Legal limit"),
        _("Promised limit"),
        _("Limits hold from"),
        _("Handled by"),
    )
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        departments = {d.id: desk.named(d) for d in api.list_departments(desk)}
        return [
            Row(
                i.code,
                (
                    i.code,
                    i.name,
                    i.name_en,
                    departments.get(i.department or "", ""),
                    _days(i.legal_days),
                    _days(i.promised_days),
                    _day(i.limits_from),
                    _SEVERAL if i.joint else _ONE,
                ),
            )
            for i in api.list_items(desk)
        ]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = next((i for i in api.list_items(desk) if i.code == key), None)
        if key and found is None:
            raise NotFound
        departments = tuple((d.id, desk.named(d)) for d in api.list_departments(desk))
        return (
            Field("code", _("Code"), value=key, required=True, fixed=bool(key), hint=_("As the approval data has it.")),
            *name_fields(found.name if found else "", found.name_en if found else "", required=True),
            Field("department", _("Department"), "choice", (found.department or "") if found else "",
                  options=(("", "–"), *departments)),
            Field("legal_days", _("Legal limit"), "number", _days(found.legal_days) if found else "",
                  hint=_("In working days; empty if there is none.")),
            Field("promised_days", _("Promised limit"), "number", _days(found.promised_days) if found else "",
                  hint=_("In working days; empty if there is none.")),
            Field("limits_from", _("Limits hold from"), "date", _day(found.limits_from) if found else "",
                  hint=_("For cases received from that day on; empty for all.")),
            Field("joint", _("Handled by"), "choice", "true" if found and found.joint else "false",
                  options=(("false", _ONE), ("true", _SEVERAL))),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        values = {name: text(form, name) for name in ("name", "name_en")}
        values |= {"code": key or text(form, "code")}
        joint = text(form, "joint") == "true"
        limits = {name: optional(form, name) for name in ("department", "legal_days", "promised_days", "limits_from")}
        declared = ItemDeclaration.model_validate(values | limits | {"joint": joint})
        api.put_item(desk, declared.code, declared)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        api.delete_item(desk, key)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _days(limit: int | None) -> str:
    return "" if limit is None else str(limit)
