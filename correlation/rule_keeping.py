"""Adds versions of the rules, and takes them back: never one by which, or in whose time, something was judged."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from correlation.deadlines.work_calendar import FOSHAN
from correlation.rule_files import RulesProblem, Written
from correlation.rulebook import plain, shipped_book
from storage.database import lock_for_adding
from storage.models import Absence, AbsenceWord, CallBack, Case, Hall, Rating, RuleKind, RuleVersion

_JUDGED = {
    RuleKind.LAW: "a case was received",
    RuleKind.CARDS: "a case was received",
    RuleKind.DISPUTES: "an absence was found or disputed",
    RuleKind.CALL_BACKS: "a rating was given of which a call back came",
}


def add_rules(session: Session, written: Sequence[Written], by: str, now: datetime) -> None:
    """All or none. Has to be the first that the transaction does. Raises RulesProblem.

    A version holds from a day on since which nothing of its kind has been judged, so that cards of the past stay what
    they were: that is, from a day ahead, or at a new site from a day before its first data.
    """
    lock_for_adding(session, RuleVersion)
    if problems := problems_of(session, written, now):
        raise RulesProblem(*problems)
    for one in written:
        content = plain(one.kind, one.rules)
        session.add(
            RuleVersion(
                kind=one.kind,
                version=one.rules.version,
                effective=one.rules.effective,
                content=content,
                added_at=now,
                added_by=by,
            )
        )
    session.flush()


def problems_of(session: Session, written: Sequence[Written], now: datetime) -> list[str]:
    """Why these cannot be added, each with what to do."""
    found: list[str] = []
    taken = [(kind, rules.version, None) for kind in RuleKind for rules in shipped_book().of(kind)]
    there = [*taken, *((one.kind, one.version, one.effective) for one in session.exec(select(RuleVersion)))]
    for one in written:
        where, rules = f"{one.kind.value}[{one.rules.version}]", one.rules
        if any((kind, version) == (one.kind, rules.version) for kind, version, _ in there):
            found.append(f"{where}.version: there is a version of this name; give a change another name")
        elif of_day := next((name for kind, name, day in there if (kind, day) == (one.kind, rules.effective)), ""):
            found.append(f"{where}.effective: {of_day} holds from this day; take it back, or choose another day")
        elif last := last_judged(session, one.kind, rules.effective, now):
            found.append(f"{where}.effective: {_JUDGED[one.kind]} on {last} and is judged already; choose a later day")
        there.append((one.kind, rules.version, rules.effective))
    return found


def remove_rules(session: Session, kind: RuleKind, version: str, now: datetime) -> None:
    """Has to be the first that the transaction does. Raises RulesProblem."""
    lock_for_adding(session, RuleVersion)
    found = session.get(RuleVersion, (kind, version))
    where = f"{kind.value}[{version}]"
    if found is None:
        raise RulesProblem(f"{where}: this site has added no such version; `hallwatch rules list` shows all")
    if last := last_judged(session, kind, found.effective, now):
        raise RulesProblem(
            f"{where}: {_JUDGED[kind]} on {last} and is judged by it; add a version that says what is to hold instead"
        )
    session.delete(found)
    session.flush()


def last_judged(session: Session, kind: RuleKind, since: date, now: datetime) -> date | None:
    """The newest day, from that one on, of which something was judged by the rules of this kind.

    What is told of a time that has not come is judged by nobody yet.
    """
    zones = [ZoneInfo(name) for name in session.exec(select(Hall.timezone).distinct())] or [FOSHAN]
    start = min(datetime.combine(since, time(), zone) for zone in zones)
    newest = (session.execute(query).scalar_one() for query in _judged(kind, start, now))
    moment = max((found for found in newest if found is not None), default=None)
    return moment.astimezone(zones[0]).date() if moment else None


def _judged(kind: RuleKind, start: datetime, now: datetime) -> list[Select[Any]]:
    match kind:
        case RuleKind.LAW | RuleKind.CARDS:
            return [_newest(col(Case.opened_at), start, now)]
        case RuleKind.CALL_BACKS:
            rated = _newest(col(Rating.rated), start, now)
            return [rated.join(CallBack, col(CallBack.rating_id) == col(Rating.id))]
        case RuleKind.DISPUTES:
            found = (Absence.end, Absence.judged_at, Absence.answerable_at, AbsenceWord.at)
            return [_newest(col(moment), start, now) for moment in found]


def _newest(moment: Any, start: datetime, now: datetime) -> Select[Any]:  # noqa: ANN401 (any column of moments)
    return select_columns(func.max(moment)).where(moment >= start, moment <= now)


def added_rules(session: Session) -> dict[tuple[RuleKind, str], RuleVersion]:
    """By kind and name."""
    return {(one.kind, one.version): one for one in session.exec(select(RuleVersion))}
