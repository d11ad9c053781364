"""Writes places, rules and sources as declared, by file or by page.

What absences were found by stays: a changed rule, and changed opening hours, end and new ones begin.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
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
    Roster,
    Source,
    ZoneRule,
)
from storage.sayings import Saying
from storage.secrets import SecretBox
from web.declarations import (
    RULE_SETTINGS,
    AbsenceRuleDeclaration,
    CameraDeclaration,
    CounterDeclaration,
    DepartmentDeclaration,
    DistrictDeclaration,
    HallDeclaration,
    Hours,
    ZoneRuleDeclaration,
    weekdays,
)
from web.declared_items import ItemDeclaration, SourceDeclaration
from web.declared_limits import are_new, check_limits_stay, keep_former
from web.declared_values import WEEKDAYS
from web.errors import Unprocessable
from web.field_problems import FieldProblem
from web.i18n import gettext_marker as _
from web.staying import check_stays

Row = TypeVar("Row", bound=SQLModel)
_NUMBER_TAKEN = _("Counter %(other)s of this hall has this number already; give one of the two another.")


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


def put_hall(session: Session, declared: HallDeclaration, now: datetime) -> Hall:
    """Changed hours hold from now on; those of a new hall for all time."""
    is_new = session.get(Hall, declared.id) is None
    values = declared.model_dump(include={"id", "name", "name_en", "timezone"})
    hall = _put(session, Hall, declared.id, values | {"district_id": declared.district})
    start = None if is_new else now
    for day, opens, closes in _new_spans(session, hours_in_force(session, hall.id), declared.hours, now):
        session.add(OpeningHours(hall_id=hall.id, weekday=day, opens=opens, closes=closes, valid_from=start))
    session.flush()
    return hall


def _new_spans(
    session: Session, held: Iterable[OpeningHours | Roster], declared: Iterable[Hours], now: datetime
) -> list[tuple[int, str, str]]:
    """Weekday, opening and closing of what does not hold yet; what is declared no more ends now."""
    wanted = {(day, hours.open, hours.close) for hours in declared for day in weekdays(hours.days)}
    for row in held:
        if (span := (row.weekday, row.opens, row.closes)) in wanted:
            wanted.remove(span)
        else:
            row.valid_to = now
            session.add(row)
    return sorted(wanted)


def hours_in_force(session: Session, hall_id: str | None = None) -> list[OpeningHours]:
    """Of one hall or of all; Monday first."""
    query = select(OpeningHours).where(col(OpeningHours.valid_to).is_(None))
    if hall_id is not None:
        query = query.where(OpeningHours.hall_id == hall_id)
    return list(session.exec(query.order_by(col(OpeningHours.weekday), col(OpeningHours.opens))))


def roster_in_force(session: Session, counter_id: str | None = None) -> list[Roster]:
    """Of one counter or of all; Monday first."""
    query = select(Roster).where(col(Roster.valid_to).is_(None))
    if counter_id is not None:
        query = query.where(Roster.counter_id == counter_id)
    return list(session.exec(query.order_by(col(Roster.weekday), col(Roster.opens))))


def rosters(session: Session) -> dict[str, tuple[Hours, ...]]:
    """By counter, one entry per weekday and span, Monday first; nothing of a counter without one."""
    found: dict[str, tuple[Hours, ...]] = defaultdict(tuple)
    for row in roster_in_force(session):
        found[row.counter_id] += (Hours(days=WEEKDAYS[row.weekday], open=row.opens, close=row.closes),)
    return found


def put_counter(session: Session, declared: CounterDeclaration, now: datetime) -> Counter:
    """A changed roster holds from now on; that of a new counter for all time.

    Raises Conflict when a counter with a history would change its hall, Unprocessable when its number is taken."""
    check_stays(session, Counter, declared.id, declared.hall)
    _check_number(session, declared)
    start = None if session.get(Counter, declared.id) is None else now
    values = declared.model_dump(exclude={"hall", "roster"}) | {"hall_id": declared.hall}
    counter = _put(session, Counter, declared.id, values)
    for day, opens, closes in _new_spans(session, roster_in_force(session, counter.id), declared.roster, now):
        session.add(Roster(counter_id=counter.id, weekday=day, opens=opens, closes=closes, valid_from=start))
    session.flush()
    return counter


def _check_number(session: Session, declared: CounterDeclaration) -> None:
    same = select(Counter.id).where(Counter.hall_id == declared.hall, Counter.number == declared.number)
    if other := session.exec(same.where(Counter.id != declared.id)).first():
        raise Unprocessable(fields=[FieldProblem("number", Saying(_NUMBER_TAKEN, other=other))])


def let_go_of_numbers(session: Session, declared: Iterable[CounterDeclaration]) -> None:
    """Counters may swap numbers in one transaction: each that is to get another lets go of its own first."""
    for counter in declared:
        stored = session.get(Counter, counter.id)
        if stored and (stored.hall_id, stored.number) != (counter.hall, counter.number):
            stored.number = f"{counter.id} is renumbered"
            session.add(stored)
    session.flush()


def put_camera(session: Session, declared: CameraDeclaration, secrets: SecretBox) -> Camera:
    """Without a password the stored one stays, if user and host are the same.

    Raises Conflict when a camera with a history would change its hall.
    """
    check_stays(session, Camera, declared.id, declared.hall)
    values = declared.model_dump(exclude={"hall", "username", "password"}) | {"hall_id": declared.hall}
    values["credentials"] = _credentials(session, declared, secrets)
    return _put(session, Camera, declared.id, values)


def _credentials(session: Session, declared: CameraDeclaration, secrets: SecretBox) -> str:
    if not declared.username:
        return ""
    stored = session.get(Camera, declared.id)
    if stored and keeps_password(stored, declared, secrets):
        return stored.credentials
    return secrets.seal(declared.credentials())


def keeps_password(stored: Camera, declared: CameraDeclaration, secrets: SecretBox) -> bool:
    """Not for another user name, and not for another host: that would hand the password to whoever answers there."""
    hosts = {urlsplit(url).netloc for url in (declared.url, declared.sub_url) if url}
    known_hosts = {urlsplit(url).netloc for url in (stored.url, stored.sub_url) if url}
    unchanged = declared.password is None and hosts <= known_hosts
    return unchanged and bool(stored.credentials) and user_name(stored, secrets) == declared.username


def user_name(camera: Camera, secrets: SecretBox) -> str:
    """The name with which the recorder signs in to a camera; empty if none."""
    return secrets.open(camera.credentials).partition(":")[0] if camera.credentials else ""


def rules_in_force(session: Session, hall_id: str | None, counter_id: str | None) -> list[AbsenceRule]:
    found = session.exec(
        select(AbsenceRule).where(
            AbsenceRule.hall_id == hall_id, AbsenceRule.counter_id == counter_id, col(AbsenceRule.valid_to).is_(None)
        )
    )
    return list(found)


def put_rule(session: Session, declared: AbsenceRuleDeclaration, now: datetime) -> AbsenceRule:
    """A new version from now on; the same again changes nothing."""
    before = rules_in_force(session, declared.hall, declared.counter)
    settings = {name: getattr(declared, name) for name in RULE_SETTINGS}
    for rule in before:
        if all(getattr(rule, name) == value for name, value in settings.items()):
            return rule
        rule.valid_to = now
        session.add(rule)
    rule = AbsenceRule(
        hall_id=declared.hall,
        counter_id=declared.counter,
        version=max((rule.version for rule in before), default=0) + 1,
        valid_from=now,
        **settings,
    )
    session.add(rule)
    session.flush()
    return rule


def put_zone_rule(session: Session, declared: ZoneRuleDeclaration, now: datetime) -> ZoneRule:
    """A new version from now on, the first one from the beginning; the same again changes nothing."""
    before = session.exec(select(ZoneRule).where(col(ZoneRule.valid_to).is_(None))).first()
    if before is not None and before.inside == declared.inside:
        return before
    rule = ZoneRule(version=1, inside=declared.inside)
    if before is not None:
        before.valid_to = rule.valid_from = now
        rule.version = before.version + 1
        session.add(before)
    session.add(rule)
    session.flush()
    return rule


def put_department(session: Session, declared: DepartmentDeclaration) -> Department:
    values = declared.model_dump(exclude={"district"}) | {"district_id": declared.district}
    return _put(session, Department, declared.id, values)


def put_item(session: Session, declared: ItemDeclaration, now: datetime) -> Item:
    """Limits that are new are known from now on. Raises Conflict where they would change those of cases."""
    check_limits_stay(session, declared, is_new_allowed=True)
    values = declared.model_dump(exclude={"department"}) | {"department_id": declared.department}
    if are_new(session, declared):
        keep_former(session, declared.code, now)
        values["limits_known_at"] = now
    return _put(session, Item, declared.code, values)


def put_source(session: Session, declared: SourceDeclaration) -> Source:
    """Without a key the stored one stays."""
    values: dict[str, object] = {"id": declared.id, "name": declared.name, "hall_id": declared.hall}
    values["silent_after_minutes"] = declared.silent_after_minutes
    if declared.key is not None:
        values["key_hash"] = key_hash(declared.key.get_secret_value()) if declared.key else ""
    source = _put(session, Source, declared.id, values)
    session.exec(delete(CounterAlias).where(col(CounterAlias.source_id) == source.id))
    for alias, counter_id in declared.counters.items():
        session.add(CounterAlias(source_id=source.id, alias=alias, counter_id=counter_id))
    session.flush()
    return source


def key_hash(key: str) -> str:
    """As it is kept: keys are long and random, so a plain SHA-256 does."""
    return hashlib.sha256(key.encode()).hexdigest()
