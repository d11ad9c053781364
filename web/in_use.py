"""What stands on a row that is to be removed, in words."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Column, Table, exists
from sqlalchemy import select as rows_of
from sqlmodel import Session, SQLModel

from storage.models.columns import refers_to
from storage.sayings import Saying
from web.i18n import gettext_marker as _

_NAMES_SHOWN = 5
_NAMED: Mapping[str, tuple[str, str]] = {
    "hall": ("id", _("halls: %(names)s")),
    "department": ("id", _("departments: %(names)s")),
    "counter": ("id", _("counters: %(names)s")),
    "camera": ("id", _("cameras: %(names)s")),
    "source": ("id", _("sources: %(names)s")),
    "item": ("code", _("items: %(names)s")),
    "user_account": ("name", _("users: %(names)s")),
    "notify_channel": ("name", _("notifications: %(names)s")),
}
"""By table: the column that names its rows."""
_UNNAMED: Mapping[str, Saying] = {
    "view": Saying("views"),
    "privacy_mask": Saying("privacy masks"),
    "absence_rule": Saying("absence rules"),
    "retention_rule": Saying("keeping times"),
    "scope": Saying("the scope of users"),
    "rating_device": Saying("rating tablets"),
    "counter_pair": Saying("pairs of counters"),
    "kept_contact": Saying("contact persons"),
}
HISTORY = Saying("what was recorded and noted of it, which stays: it can be switched off, ended or renamed instead")


def uses_of(session: Session, kind: type[SQLModel], key: object) -> Iterator[Saying]:
    """One for each kind of what refers to it and does not go with it; what can be removed comes first."""
    mine: Table = kind.__table__  # type: ignore[attr-defined]
    referring = {
        table.name: (table, [column for column in table.columns if refers_to(column, mine)])
        for table in SQLModel.metadata.tables.values()
    }
    for name, (naming, said) in _NAMED.items():
        table, columns = referring.pop(name)
        for column in columns:
            query = rows_of(table.c[naming]).where(column == key).order_by(table.c[naming]).limit(_NAMES_SHOWN + 1)
            names = list(session.execute(query).scalars())
            if names:
                yield Saying(said, names=", ".join(names[:_NAMES_SHOWN]) + (" …" if names[_NAMES_SHOWN:] else ""))
    for name, saying in _UNNAMED.items():
        if _any_is(session, *referring.pop(name), key):
            yield saying
    if any(_any_is(session, table, columns, key) for table, columns in referring.values()):
        yield HISTORY


def _any_is(session: Session, table: Table, columns: list[Column[object]], key: object) -> bool:
    return any(session.execute(rows_of(exists(table.select().where(column == key)))).scalar() for column in columns)


def joined(uses: list[Saying]) -> Saying:
    """As one list, which may not be empty."""
    said = uses[0]
    for use in uses[1:]:
        said = Saying("%(first)s; %(next)s", first=said, next=use)
    return said
