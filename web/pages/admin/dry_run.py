"""Trying an absence rule on what was seen before it is saved: which alerts there would have been."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field, ValidationError
from sqlmodel import Session, col, func, select

from analytics.absence import WITHDRAWN, FoundAbsence
from analytics.dry_run import tried_on, would_alert
from analytics.rule import rule_of
from storage.hours import hall_hours
from storage.intervals import Span
from storage.models import (
    MAX_PEOPLE,
    MAX_REQUIRED,
    MAX_THRESHOLD_S,
    Absence,
    AbsenceRule,
    Alert,
    Counter,
    DisputeState,
    EventKind,
    Hall,
    View,
)
from web.api import places as places_api
from web.api import rules as rules_api
from web.api.administration import AdminDesk, Desk, check_exists
from web.declarations import RULE_SETTINGS, AbsenceRuleDeclaration
from web.errors import NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.pages.admin.forms import Option
from web.pages.admin.meanwhile import SEEN_FIELD, mark_of
from web.pages.admin.places import hall_options
from web.pages.admin.rules import FURTHER, SEEN_OF, Rules, place_of
from web.pages.filters import DEFAULT_ZONE
from web.pages.places import CounterRef, counters_by_id
from web.pages.rendering import ScreenDep, add_page, html
from web.pages.tables import Cell, Moments, Table, add_table
from web.pages.typed import Typed

router = APIRouter()
MOST_SHOWN = 200
_MOST_DAYS = 31
_AROUND = timedelta(seconds=10)
_WATCHED_AT_MOST = timedelta(minutes=30)
"""After the alert: of an absence of hours that is enough to judge it by."""
Seconds = Annotated[int, Field(ge=1, le=MAX_THRESHOLD_S)]
Said = int | Literal[""] | None
"""None: not said. Empty, as a form sends what is left out: not looked for."""


@dataclass(frozen=True)
class Setting:
    """What else the rule looks for."""

    name: str
    words: str
    value: int | None
    most: int


@dataclass(frozen=True)
class WouldBe:
    """An alert that there would have been."""

    counter: CounterRef
    kind: EventKind
    people_rule: int | None
    people_seen: int | None
    start: datetime
    due: datetime
    """When it would have been raised."""
    end: datetime | None
    """None: it would last."""
    ended_by: str
    threshold_s: int
    customer_waiting: bool
    watch_from: datetime
    watch_to: datetime
    """The footage to look at, from a little before it began to a little after it was over, or was told."""
    camera_id: str | None
    """One that looked at the counter then; None: no camera's view says so."""


@dataclass(frozen=True)
class DryRunPage:
    now: datetime
    halls: tuple[Option, ...]
    all_counters: tuple[Option, ...]
    hall: str
    counter: str
    """Both empty: everywhere."""
    rule_id: int | None
    """The rule that is in force for exactly this place and would be replaced; none by a form for a new one."""
    seen: str
    """The mark of what was in force there when the form was opened, or else when this was tried; empty: nothing."""
    seen_of: str
    """Of which place that is."""
    threshold_s: int
    waiting_threshold_s: int
    longest_s: int
    """That either may be."""
    required_staff: int
    most_staff: int
    further: tuple[Setting, ...]
    days: int
    most_days: int
    start: datetime
    counters: int
    """That the rule would hold for: those without a more special one."""
    count: int
    alerts: tuple[WouldBe, ...]
    """The newest first, not more than 200 of them."""
    raised: int
    """Alerts that there were in that time at these counters, by the rules of then, and whose events stand."""
    disputed: int
    """Beside them: under dispute, on which nobody has decided yet."""
    withdrawn: int
    """Beside them: none, as a supervisor has decided or was found later, e.g. by leave."""


class Asked(BaseModel):
    """What is tried. What is not said is the rule's, or else the usual."""

    rule: int | None = None
    """Fills in what is not said."""
    hall: str = ""
    counter: str = ""
    days: Annotated[int, Field(ge=1, le=_MOST_DAYS)] = 7
    threshold_s: Seconds | None = None
    waiting_threshold_s: Seconds | None = None
    required_staff: Said = None
    unattended_s: Said = None
    never_staffed_s: Said = None
    left_early_s: Said = None
    queue_length: Said = None
    queue_s: Said = None
    crowd_size: Said = None
    crowd_s: Said = None

    def settings(self) -> dict[str, int | None]:
        """Only what is said; what is said to be empty is not looked for, and of staff one is required."""
        said = {name: getattr(self, name) for name in RULE_SETTINGS}
        if said["required_staff"] == "":
            said["required_staff"] = None
        return {name: None if value == "" else value for name, value in said.items() if value is not None}


@dataclass(frozen=True)
class Trial:
    """What a rule that is tried would have done."""

    declared: AbsenceRuleDeclaration
    window: Span
    now: datetime
    counters: tuple[str, ...]
    """Ids of those that the rule would hold for."""
    found: tuple[tuple[str, FoundAbsence], ...]
    """With the id of its counter, the newest alert first."""


def tried_rule(desk: AdminDesk, asked: Annotated[Asked, Query()]) -> Trial:
    """Raises NotFound for a rule that there never was, and Unprocessable."""
    declared = _declared(desk, asked)
    now = desk.services.clock()
    window = Span(now - timedelta(days=asked.days), now)
    with desk.reading() as session:
        check_exists(session, hall=(Hall, declared.hall), counter=(Counter, declared.counter))
        places = _places(session, declared)
        found = sorted(_tried(session, places, declared, window, now), key=lambda one: one[1].due, reverse=True)
        return Trial(declared, window, now, tuple(place.id for place in places), tuple(found))


TrialDep = Annotated[Trial, Depends(tried_rule)]


def dry_run_page(
    desk: AdminDesk, trial: TrialDep, seen: Annotated[str | None, Query()] = None, seen_of: str = ""
) -> DryRunPage:
    """`seen`: the mark of the form in which it was typed, of that place."""
    declared, window = trial.declared, trial.window
    with desk.reading() as session:
        replaces = _in_force(session, declared)
    from_a_form = seen is not None and seen_of == place_of(declared)
    if not from_a_form:
        seen = mark_of(Rules().fields(desk, str(replaces))) if replaces else ""
    counters = tuple((c.id, f"{c.number} {desk.named(c)} ({c.id})") for c in places_api.list_counters(desk))
    halls = hall_options(desk)
    with desk.reading() as session:
        there_were = _raised(session, trial.counters, window)
        return DryRunPage(
            now=trial.now,
            halls=halls,
            all_counters=counters,
            hall=declared.hall or "",
            counter=declared.counter or "",
            rule_id=None if from_a_form and not seen else replaces,
            seen=seen or "",
            seen_of=place_of(declared),
            threshold_s=declared.threshold_s,
            waiting_threshold_s=declared.waiting_threshold_s,
            longest_s=MAX_THRESHOLD_S,
            required_staff=declared.required_staff,
            most_staff=MAX_REQUIRED,
            further=tuple(Setting(name, words, getattr(declared, name), _most(name)) for name, words in FURTHER),
            days=window.duration.days,
            most_days=_MOST_DAYS,
            start=window.start,
            counters=len(trial.counters),
            count=len(trial.found),
            alerts=_would_be_all(session, trial.found[:MOST_SHOWN], trial.now),
            raised=there_were.stand,
            disputed=there_were.disputed,
            withdrawn=there_were.withdrawn,
        )


def dry_run_table(desk: AdminDesk, trial: TrialDep) -> Table:
    """Every alert, not the newest alone, each by the clock of its hall."""
    with desk.reading() as session:
        alerts = _would_be_all(session, trial.found, trial.now)
        zones = {counter.hall.timezone for counter in counters_by_id(session, trial.counters).values()}
    zone = "" if len(zones) > 1 else next(iter(zones), DEFAULT_ZONE)
    return Table("dry-run", zone, _COLUMNS, map(_cells, alerts))


_COLUMNS = (
    *("hall", "counter", "number", "kind", *map(Moments, ("start", "due", "end")), "ended_by"),
    *("threshold_s", "customer_waiting", "people_rule", "people_seen", "camera_id", "zone"),
)


def _cells(alert: WouldBe) -> list[Cell]:
    counter, zone = alert.counter, ZoneInfo(alert.counter.hall.timezone)
    moments = (at and at.astimezone(zone) for at in (alert.start, alert.due, alert.end))
    return [
        *(counter.hall.id, counter.id, counter.number, alert.kind, *moments, alert.ended_by),
        *(alert.threshold_s, alert.customer_waiting, alert.people_rule, alert.people_seen, alert.camera_id, zone.key),
    ]


def _would_be_all(session: Session, found: Sequence[tuple[str, FoundAbsence]], now: datetime) -> tuple[WouldBe, ...]:
    refs = counters_by_id(session, [counter_id for counter_id, _ in found])
    views = _views(session, refs)
    return tuple(
        _would_be(refs[counter_id], absence, _looked(views[counter_id], absence.due), now)
        for counter_id, absence in found
    )


def _most(name: str) -> int:
    return MAX_THRESHOLD_S if name.endswith("_s") else MAX_PEOPLE


def _declared(desk: Desk, asked: Asked) -> AbsenceRuleDeclaration:
    values: dict[str, object] = {"hall": asked.hall or None, "counter": asked.counter or None}
    if asked.rule is not None:
        kept = next((one for one in rules_api.list_rules(desk, ended=True) if one.rule_id == asked.rule), None)
        if kept is None:
            raise NotFound
        values = kept.model_dump(include={"hall", "counter", *RULE_SETTINGS})
    try:
        return AbsenceRuleDeclaration.model_validate(values | asked.settings())
    except ValidationError as error:
        raise Unprocessable(fields=[FieldProblem.of(each) for each in error.errors()]) from None


def _places(session: Session, declared: AbsenceRuleDeclaration) -> Sequence[Counter]:
    """Counters for which the rule would be the most special one."""
    if declared.counter:
        return session.exec(select(Counter).where(Counter.id == declared.counter)).all()
    in_force = session.exec(select(AbsenceRule).where(col(AbsenceRule.valid_to).is_(None))).all()
    own = {rule.counter_id for rule in in_force if rule.counter_id}
    halls = set() if declared.hall else {rule.hall_id for rule in in_force if rule.hall_id}
    query = select(Counter).where(Counter.hall_id == declared.hall) if declared.hall else select(Counter)
    found = session.exec(query.order_by(col(Counter.id)))
    return [counter for counter in found if counter.id not in own and counter.hall_id not in halls]


def _tried(
    session: Session, places: Sequence[Counter], declared: AbsenceRuleDeclaration, window: Span, now: datetime
) -> Iterable[tuple[str, FoundAbsence]]:
    settings = {name: getattr(declared, name) for name in RULE_SETTINGS}
    rule = rule_of(AbsenceRule(valid_from=now, **settings))
    hours = hall_hours(session, {hall.id: ZoneInfo(hall.timezone) for hall in session.exec(select(Hall))})
    for place in places:
        tried = tried_on(session, place.id, hours[place.hall_id], window, now)
        yield from ((place.id, absence) for absence in would_alert(tried, rule, window, now))


def _in_force(session: Session, declared: AbsenceRuleDeclaration) -> int | None:
    query = select(AbsenceRule.id).where(
        AbsenceRule.hall_id == declared.hall,
        AbsenceRule.counter_id == declared.counter,
        col(AbsenceRule.valid_to).is_(None),
    )
    return session.exec(query).first()


class _Raised(NamedTuple):
    stand: int
    disputed: int
    withdrawn: int


def _raised(session: Session, counter_ids: Sequence[str], window: Span) -> _Raised:
    query = (
        select(Absence.ended_by, col(Absence.dispute), func.count())
        .join(Alert, col(Alert.absence_id) == col(Absence.id))
        .where(col(Alert.counter_id).in_(counter_ids), Alert.raised_at >= window.start, Alert.raised_at < window.end)
        .group_by(col(Absence.ended_by), col(Absence.dispute))
    )
    counts = [(ended_by == WITHDRAWN, dispute, count) for ended_by, dispute, count in session.exec(query)]
    withdrawn = sum(n for is_none, dispute, n in counts if is_none or dispute is DisputeState.WITHDRAWN)
    disputed = sum(n for is_none, dispute, n in counts if not is_none and dispute is DisputeState.DISPUTED)
    return _Raised(sum(n for *_, n in counts) - withdrawn - disputed, disputed, withdrawn)


def _views(session: Session, counter_ids: Collection[str]) -> dict[str, list[View]]:
    """Of each counter, those that show all of the place first."""
    found: dict[str, list[View]] = {counter_id: [] for counter_id in counter_ids}
    wanted = select(View).where(col(View.counter_id).in_(counter_ids))
    for view in session.exec(wanted.order_by(col(View.whole_zone).desc(), col(View.camera_id))):
        found[view.counter_id].append(view)
    return found


def _looked(views: Iterable[View], at: datetime) -> str | None:
    held = (v for v in views if (not v.valid_from or v.valid_from <= at) and (not v.valid_to or at < v.valid_to))
    return next((view.camera_id for view in held), None)


def _would_be(counter: CounterRef, absence: FoundAbsence, camera_id: str | None, now: datetime) -> WouldBe:
    over = min(absence.end or now, max(absence.start, absence.due) + _WATCHED_AT_MOST)
    return WouldBe(
        counter=counter,
        kind=absence.kind,
        people_rule=absence.people_rule,
        people_seen=absence.people_seen,
        start=absence.start,
        due=absence.due,
        end=absence.end,
        ended_by=absence.ended_by,
        threshold_s=round(absence.threshold.total_seconds()),
        customer_waiting=absence.customer_waiting,
        watch_from=absence.start - _AROUND,
        watch_to=min(over + _AROUND, now),
        camera_id=camera_id,
    )


@router.get("/admin/rules/dry-run", include_in_schema=False)
def dry_run_form(desk: AdminDesk, around: ScreenDep) -> Response:
    """The page; what is wrong in its form is told beside the field, and what was typed stays."""
    typed = around.request.query_params
    mark = typed.get(SEEN_FIELD), typed.get(SEEN_OF, "")
    try:
        trial = tried_rule(desk, Asked.model_validate(dict(typed)))
        return html(around, "dry_run.html", dry_run_page(desk, trial, *mark))
    except (ValidationError, Unprocessable) as error:
        now = desk.services.clock()
        nothing = Trial(AbsenceRuleDeclaration(), Span(now, now), now, (), ())
        refused = Typed.refused("dry-run", typed, error)
        refused = replace(refused, values=_usual() | dict(refused.values))
        return html(
            around.again(refused, str(around.url)), "dry_run.html", dry_run_page(desk, nothing, *mark), status=422
        )


def _usual() -> dict[str, str]:
    """What stands in the fields of which the address says nothing."""
    settings = AbsenceRuleDeclaration().model_dump(include=set(RULE_SETTINGS), exclude_none=True)
    return {name: str(value) for name, value in (settings | {"days": Asked().days}).items()}


add_page(router, "/admin/rules/dry-run", "dry_run.html", dry_run_page)
add_table(router, "/admin/rules/dry-run", dry_run_table)
