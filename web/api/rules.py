"""Absence rules, with what else they look for: for administrators."""

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, ValidationInfo, field_validator
from sqlmodel import col, select

from storage.models import AbsenceRule, Counter, Hall, ZoneRule
from storage.sayings import Saying
from web import places
from web.api.administration import AdminDesk, check_exists, found
from web.declarations import RULE_SETTINGS, AbsenceRuleDeclaration, InsideText, Threshold, ZoneRuleDeclaration
from web.errors import NotFound
from web.row_ids import RowId

router = APIRouter(prefix="/api/v1", tags=["rules"])


class RuleToPut(AbsenceRuleDeclaration):
    threshold_s: Threshold
    """Has to be said: an empty body sets nothing."""

    @field_validator("waiting_threshold_s")
    @classmethod
    def _who_waits_is_no_reason_to_wait_longer(cls, waiting: int, info: ValidationInfo) -> int:
        if waiting > info.data.get("threshold_s", waiting):
            raise ValueError(Saying("While a customer waits it cannot be longer than without one."))
        return waiting


class RuleShown(AbsenceRuleDeclaration):
    threshold_s: int
    """As it is stored, so that a rule which may not be declared any more can be seen and mended."""
    waiting_threshold_s: int
    required_staff: int
    unattended_s: int | None
    never_staffed_s: int | None
    left_early_s: int | None
    queue_length: int | None
    queue_s: int | None
    crowd_size: int | None
    crowd_s: int | None
    rule_id: int
    version: int
    valid_from: datetime
    valid_to: datetime | None
    """Exclusive; null: it is in force."""


@router.get("/rules")
def list_rules(desk: AdminDesk, ended: bool = False) -> list[RuleShown]:
    """Those in force; the most specific wins: counter, hall, everywhere, and 300 s / 60 s where there is none.

    With `ended` also what held before, after those, the newest first.
    """
    in_force = select(AbsenceRule).where(col(AbsenceRule.valid_to).is_(None)).order_by(col(AbsenceRule.id))
    newest_first = col(AbsenceRule.valid_to).desc(), col(AbsenceRule.id).desc()
    before = select(AbsenceRule).where(col(AbsenceRule.valid_to).is_not(None)).order_by(*newest_first)
    with desk.reading() as session:
        rows = [*session.exec(in_force), *(session.exec(before) if ended else ())]
    return [_shown(row) for row in rows]


@router.put("/rules")
def put_rule(desk: AdminDesk, declared: RuleToPut) -> RuleShown:
    """A new version from now on; absences that were found by the old one keep it."""
    with desk.changing(f"rule:{declared.counter or declared.hall or 'everywhere'}") as session:
        in_force = partial(places.rules_in_force, session, declared.hall, declared.counter)
        desk.check_new_rule(session, AbsenceRule, in_force, "counter" if declared.counter else "hall")
        check_exists(session, hall=(Hall, declared.hall), counter=(Counter, declared.counter))
        return _shown(places.put_rule(session, declared, desk.services.clock()))


@router.delete("/rules/{rule_id}", status_code=204)
def end_rule(desk: AdminDesk, rule_id: RowId) -> None:
    """The rule ends now."""
    with desk.changing(f"rule:{rule_id}") as session:
        rule = found(session, AbsenceRule, rule_id)
        if rule.valid_to is not None:
            raise NotFound
        rule.valid_to = desk.services.clock()
        session.add(rule)


class ZoneRuleToPut(ZoneRuleDeclaration):
    inside: Annotated[InsideText, Field(min_length=1)]
    """Has to be said."""


class ZoneRuleShown(ZoneRuleDeclaration):
    version: int
    valid_from: datetime | None
    valid_to: datetime | None


@router.get("/zone-rules")
def list_zone_rules(desk: AdminDesk) -> list[ZoneRuleShown]:
    """Who counted as inside a zone whose view does not say, and when: every version, the newest first."""
    with desk.reading() as session:
        rows = session.exec(select(ZoneRule).order_by(col(ZoneRule.version).desc())).all()
    return [_shown_zone_rule(row) for row in rows]


@router.put("/zone-rules")
def put_zone_rule(desk: AdminDesk, declared: ZoneRuleToPut) -> ZoneRuleShown:
    """A new version from now on: `centre`, `foot` or `overlap 0.5`. What was seen before keeps the one of its time."""
    with desk.changing("zone_rule:everywhere") as session:
        return _shown_zone_rule(places.put_zone_rule(session, declared, desk.services.clock()))


def _shown_zone_rule(row: ZoneRule) -> ZoneRuleShown:
    return ZoneRuleShown(inside=row.inside, version=row.version, valid_from=row.valid_from, valid_to=row.valid_to)


def _shown(row: AbsenceRule) -> RuleShown:
    assert row.id is not None
    return RuleShown(
        rule_id=row.id,
        hall=row.hall_id,
        counter=row.counter_id,
        version=row.version,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        **{name: getattr(row, name) for name in RULE_SETTINGS},
    )
