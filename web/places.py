"""Writes places, rules and sources as declared, by file or by page.

What footage or presence was computed with stays: a changed view or rule ends and a new one begins.
"""

import hashlib
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from sqlmodel import Session, SQLModel, col, delete, select

from storage.models import (
    AbsenceRule,
    Camera,
    Counter,
    CounterAlias,
    Department,
    District,
    Hall,
    Item,
    OpeningHours,
    Source,
    View,
)
from storage.secrets import SecretBox
from web.declarations import (
    AbsenceRuleDeclaration,
    CameraDeclaration,
    CounterDeclaration,
    DepartmentDeclaration,
    DistrictDeclaration,
    HallDeclaration,
    ItemDeclaration,
    SourceDeclaration,
    ViewDeclaration,
    weekdays,
)

Row = TypeVar("Row", bound=SQLModel)


def _put(session: Session, kind: type[Row], key: str, values: dict[str, object]) -> Row:
    """The row with this key, made or brought to these values."""
    row = session.get(kind, key) or kind()
    for name, value in values.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    return row


def put_district(session: Session, declared: DistrictDeclaration) -> District:
    return _put(session, District, declared.id, declared.model_dump())


def put_hall(session: Session, declared: HallDeclaration) -> Hall:
    values = declared.model_dump(include={"id", "name", "name_en", "timezone"})
    hall = _put(session, Hall, declared.id, values | {"district_id": declared.district})
    session.exec(delete(OpeningHours).where(col(OpeningHours.hall_id) == hall.id))
    for hours in declared.hours:
        for weekday in weekdays(hours.days):
            row = OpeningHours(hall_id=hall.id, weekday=weekday, opens=hours.open, closes=hours.close)
            session.add(row)
    session.flush()
    return hall


def put_counter(session: Session, declared: CounterDeclaration) -> Counter:
    values = declared.model_dump(exclude={"hall"}) | {"hall_id": declared.hall}
    return _put(session, Counter, declared.id, values)


def put_camera(
    session: Session, declared: CameraDeclaration, secrets: SecretBox, *, keep_password: bool = False
) -> Camera:
    """With `keep_password` an empty password of the same user and host leaves the stored one as it is."""
    values = declared.model_dump(exclude={"hall", "username", "password"}) | {"hall_id": declared.hall}
    values["credentials"] = _credentials(session, declared, secrets, keep_password)
    return _put(session, Camera, declared.id, values)


def _credentials(session: Session, declared: CameraDeclaration, secrets: SecretBox, keep_password: bool) -> str:
    if not declared.username:
        return ""
    stored = session.get(Camera, declared.id)
    if keep_password and stored and keeps_password(stored, declared, secrets):
        return stored.credentials
    return secrets.seal(declared.credentials())


def keeps_password(stored: Camera, declared: CameraDeclaration, secrets: SecretBox) -> bool:
    """Not for another user name, and not for another host: that would hand the password to whoever answers there."""
    hosts = {urlsplit(url).netloc for url in (declared.url, declared.sub_url) if url}
    known_hosts = {urlsplit(url).netloc for url in (stored.url, stored.sub_url) if url}
    unchanged = not declared.password.get_secret_value() and hosts <= known_hosts
    return unchanged and bool(stored.credentials) and user_name(stored, secrets) == declared.username


def user_name(camera: Camera, secrets: SecretBox) -> str:
    """The name with which the recorder signs in to a camera; empty if none."""
    return secrets.open(camera.credentials).partition(":")[0] if camera.credentials else ""


def view_in_force(session: Session, camera_id: str, counter_id: str) -> View | None:
    return session.exec(
        select(View).where(View.camera_id == camera_id, View.counter_id == counter_id, col(View.valid_to).is_(None))
    ).first()


def put_view(session: Session, declared: ViewDeclaration, now: datetime) -> View:
    """The first view of a pair holds for all time; a changed one begins now."""
    before = view_in_force(session, declared.camera, declared.counter)
    shown = declared.model_dump(include={"staff_zone", "customer_zone", "whole_zone"})
    if before and before.model_dump(include=set(shown)) == shown:
        return before
    if before:
        before.valid_to = now
        session.add(before)
    view = View(
        camera_id=declared.camera,
        counter_id=declared.counter,
        **shown,
        valid_from=now if before else None,
    )
    session.add(view)
    session.flush()
    return view


def rules_in_force(session: Session, hall_id: str | None, counter_id: str | None) -> list[AbsenceRule]:
    found = session.exec(
        select(AbsenceRule).where(
            AbsenceRule.hall_id == hall_id, AbsenceRule.counter_id == counter_id, col(AbsenceRule.valid_to).is_(None)
        )
    )
    return list(found)


def put_rule(session: Session, declared: AbsenceRuleDeclaration, now: datetime) -> AbsenceRule:
    """A new version from now on; the same thresholds again change nothing."""
    before = rules_in_force(session, declared.hall, declared.counter)
    thresholds = (declared.threshold_s, declared.waiting_threshold_s)
    for rule in before:
        if (rule.threshold_s, rule.waiting_threshold_s) == thresholds:
            return rule
        rule.valid_to = now
        session.add(rule)
    rule = AbsenceRule(
        hall_id=declared.hall,
        counter_id=declared.counter,
        version=max((rule.version for rule in before), default=0) + 1,
        threshold_s=declared.threshold_s,
        waiting_threshold_s=declared.waiting_threshold_s,
        valid_from=now,
    )
    session.add(rule)
    session.flush()
    return rule


def put_department(session: Session, declared: DepartmentDeclaration) -> Department:
    values = declared.model_dump(exclude={"district"}) | {"district_id": declared.district}
    return _put(session, Department, declared.id, values)


def put_item(session: Session, declared: ItemDeclaration) -> Item:
    values = declared.model_dump(exclude={"department"}) | {"department_id": declared.department}
    return _put(session, Item, declared.code, values)


def put_source(session: Session, declared: SourceDeclaration, *, keep_key: bool = False) -> Source:
    """With `keep_key` an empty key leaves the stored one as it is."""
    values: dict[str, object] = {"id": declared.id, "name": declared.name, "hall_id": declared.hall}
    key = declared.key.get_secret_value()
    if key or not keep_key:
        values["key_hash"] = key_hash(key) if key else ""
    source = _put(session, Source, declared.id, values)
    session.exec(delete(CounterAlias).where(col(CounterAlias.source_id) == source.id))
    for alias, counter_id in declared.counters.items():
        session.add(CounterAlias(source_id=source.id, alias=alias, counter_id=counter_id))
    session.flush()
    return source


def key_hash(key: str) -> str:
    """As it is kept: keys are long and random, so a plain SHA-256 does."""
    return hashlib.sha256(key.encode()).hexdigest()
