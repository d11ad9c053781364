"""Absences and the other events of counters: the list, and one with its clip and what it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from sqlalchemy import ColumnElement, and_, true
from sqlmodel import Session, col, exists, func, select
from sqlmodel.sql.expression import SelectOfScalar

from analytics.absence import WITHDRAWN, sought_as
from analytics.rule import Rule
from ingest.video.clip_plan import ClipPart
from storage.footage import CorrectedTime, UntrustedTime
from storage.intervals import Span
from storage.models import (
    ABSENCES,
    ACCUSING,
    Absence,
    AbsenceRule,
    AbsenceWord,
    Alert,
    Camera,
    Counter,
    DisputeGround,
    DisputeState,
    EventKind,
    Matter,
    User,
    View,
)
from storage.models.columns import JsonObject
from storage.views import in_force
from storage.zone_rules import zone_rule_at
from web.alert_news import StepAhead, steps_ahead
from web.auth import require
from web.channels import load_channels
from web.contact_persons import ContactPerson, shown
from web.counter_contacts import counter_contacts
from web.pages.absence_rows import AbsenceRow, absence_rows
from web.pages.alert_rows import DeliveryRow, delivery_rows
from web.pages.board_queries import camera_of
from web.pages.counter import absences_between, presence_between, step_lane, steps_between
from web.pages.dispute_rows import Dispute, dispute_of
from web.pages.filters import DayRange, DayRangeDep, chosen_hall, zone_of
from web.pages.held import Held, clip_held
from web.pages.opening import free_spans
from web.pages.paging import PAGE_SIZE, Cursor, after, cut, parse_cursor
from web.pages.places import CounterRef, HallRef, counters_of, visible_halls
from web.pages.rendering import add_page
from web.pages.samples import SampleRow, sample_row
from web.pages.scoping import halls_in_scope
from web.pages.step_rows import clip_parts, corrected_times, smeared_times, untrusted_times
from web.pages.tables import Cell, Moments, Table, add_table, read_on
from web.pages.timelines import Timeline, absence_lanes, customer_lane, footage_lane, presence_lane, timeline
from web.pages.told_rows import ToldRow, told_rows
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_absence
from web.services import Services, ServicesDep
from web.viewer import Viewer

router = APIRouter()
AbsenceViewer = Annotated[Viewer, Depends(require(Permission.ABSENCES))]
AROUND = timedelta(minutes=10)
DisputeFilter = Literal["", "disputed", "overdue", "upheld", "withdrawn", "settled"]
"""Empty: whether disputed or not. Overdue: disputed, and nobody has decided on it in time. Settled: taken back before
anybody had decided."""


@dataclass(frozen=True)
class AbsencesPage:
    now: datetime
    halls: tuple[HallRef, ...]
    counters: tuple[CounterRef, ...]
    """Of the chosen hall."""
    hall: HallRef | None
    counter: str
    waiting: bool
    """Only those in which a customer waited."""
    kind: EventKind | None
    """None: absences and all other events."""
    kinds: tuple[EventKind, ...]
    """That there are."""
    dispute: DisputeFilter
    undecided: int
    """Disputes in scope on which nobody has decided yet."""
    overdue: int
    """And of these, those that should have been."""
    days: DayRange
    absences: tuple[AbsenceRow, ...]
    next: str
    """Where the next page begins; empty on the last."""


@dataclass(frozen=True)
class RuleUsed:
    """Which rule made it an absence."""

    level: str
    """counter, hall, city, or default for the built-in one."""
    version: int
    threshold_s: int
    because_waiting: bool
    """The shorter threshold of the rule applied, because a customer waited."""


@dataclass(frozen=True)
class InsideUsed:
    """Who counted as inside the staff zone of a camera that looked at the counter when it began."""

    camera: str
    inside: str
    """See storage.inside."""
    rule_version: int | None
    """Of the zone rule of the site; None where the view says it itself."""


@dataclass(frozen=True)
class AbsencePage:
    now: datetime
    absence: AbsenceRow
    is_absence: bool
    """Else another event: it counts in no figures of absence and in no evaluation."""
    accuses: bool
    """It is held against somebody, who may dispute it."""
    rule: RuleUsed
    inside: tuple[InsideUsed, ...]
    camera_id: str | None
    timeline: Timeline
    evidence: JsonObject
    part_of: int | None
    """Id of the alert of the whole hall of which its alert is a part."""
    acknowledged_at: datetime | None
    acknowledged_by: str
    resolved_at: datetime | None
    deliveries: tuple[DeliveryRow, ...]
    steps_ahead: tuple[StepAhead, ...]
    contacts: tuple[ContactPerson, ...]
    """Who is called first at its counter: its own contact persons, or those of the departments that work there."""
    play: bool
    """Its footage was asked to play by itself."""
    parts: tuple[ClipPart, ...]
    """Of its clip: several where the camera's format changes in it."""
    clock_untrusted: tuple[UntrustedTime, ...]
    """Where the time of its clip is in doubt."""
    smeared: tuple[Span, ...]
    """Where packets of the footage shown were lost."""
    clock_corrected: tuple[CorrectedTime, ...]
    held: Held | None
    """Its clip, if somebody holds it and the viewer may know."""
    dispute: Dispute
    grounds: tuple[DisputeGround, ...]
    """That a dispute may have."""
    told: tuple[ToldRow, ...]
    """Who was told of its dispute."""
    sample: SampleRow | None
    """What somebody who may has said that its picture really showed."""
    part_now_of: tuple[AbsenceRow, ...]
    """Of one that was taken back: those that there are in its time by now."""


@dataclass(frozen=True)
class Wanted:
    """The filters of the address."""

    viewer: Viewer
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    counter: str
    waiting: bool
    kind: EventKind | None
    dispute: DisputeFilter
    days: DayRange

    def query(self, now: datetime) -> SelectOfScalar[Absence]:
        in_days = self.days.contains(col(Absence.start), zone_of(self.halls, self.hall))
        found = _wanted(self.viewer, self.hall, self.counter, self.waiting, in_days)
        # What people have said about one that was taken back since is found by how it was disputed.
        found = found if self.dispute else found.where(Absence.ended_by != WITHDRAWN)
        found = found.where(Absence.kind == self.kind) if self.kind else found
        return found.where(_is_disputed(self.dispute, now))


def wanted(
    viewer: AbsenceViewer,
    services: ServicesDep,
    days: DayRangeDep,
    hall: str = "",
    counter: str = "",
    waiting: bool = False,
    kind: Annotated[EventKind | Literal[""], Query()] = "",
    dispute: Annotated[DisputeFilter, Query()] = "",
) -> Wanted:
    """A hall out of scope is not there."""
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
    return Wanted(viewer, halls, chosen_hall(halls, hall), counter, waiting, kind or None, dispute, days)


WantedDep = Annotated[Wanted, Depends(wanted)]


def absences_page(wanted: WantedDep, services: ServicesDep, after: str = "") -> AbsencesPage:
    now = services.clock()
    with services.database.transaction() as session:
        shown, more = cut(list(session.exec(wanted.query(now).where(_after(after)).limit(PAGE_SIZE + 1))))
        last = shown[-1] if more else None
        return AbsencesPage(
            now=now,
            halls=wanted.halls,
            counters=counters_of(session, (wanted.hall,)) if wanted.hall else (),
            hall=wanted.hall,
            counter=wanted.counter,
            waiting=wanted.waiting,
            kind=wanted.kind,
            kinds=tuple(EventKind),
            dispute=wanted.dispute,
            undecided=_disputes(session, wanted.viewer, "disputed", now),
            overdue=_disputes(session, wanted.viewer, "overdue", now),
            days=wanted.days,
            absences=absence_rows(session, shown, now),
            next=str(Cursor(last.start, last.id or 0)) if last else "",
        )


def absences_table(wanted: WantedDep, services: ServicesDep) -> Table:
    """Everything that the filters leave."""
    now = services.clock()

    def read(session: Session, at: Cursor | None, limit: int) -> tuple[AbsenceRow, ...]:
        before = after(at, col(Absence.start), col(Absence.id))
        return absence_rows(session, list(session.exec(wanted.query(now).where(before).limit(limit))), now)

    rows = read_on(services.database, read, lambda row: Cursor(row.start, row.id))
    return Table("absences", zone_of(wanted.halls, wanted.hall), _COLUMNS, map(_cells, rows))


_COLUMNS = (
    *("id", "kind", "hall", "counter", "number", *map(Moments, ("start", "end", "seen_until")), "ended_by"),
    *("unknown_why", "threshold_s", "customer_waiting", "alert", "alert_state", "dispute", "overdue"),
)


def _cells(row: AbsenceRow) -> list[Cell]:
    counter = row.counter
    return [
        *(row.id, row.kind, counter.hall.id, counter.id, counter.number, row.start, row.end, row.seen_until),
        *(row.ended_by, row.unknown_why, row.threshold_s, row.customer_waiting, row.alert_id),
        *(row.alert_state or "", row.dispute or "", row.is_overdue),
    ]


def _wanted(
    viewer: Viewer, hall: HallRef | None, counter: str, waiting: bool, in_days: ColumnElement[bool]
) -> SelectOfScalar[Absence]:
    wanted = (
        select(Absence)
        .join(Counter, col(Counter.id) == col(Absence.counter_id))
        .where(halls_in_scope(viewer, col(Counter.hall_id)), in_days)
        .order_by(col(Absence.start).desc(), col(Absence.id).desc())
    )
    if hall:
        wanted = wanted.where(Counter.hall_id == hall.id)
    if counter:
        wanted = wanted.where(Absence.counter_id == counter)
    if waiting:
        wanted = wanted.where(col(Absence.customer_waiting))
    return wanted


def _after(cursor: str) -> ColumnElement[bool]:
    return after(parse_cursor(cursor), col(Absence.start), col(Absence.id))


def _disputes(session: Session, viewer: Viewer, which: DisputeFilter, now: datetime) -> int:
    counted = select(func.count()).select_from(Absence).join(Counter, col(Counter.id) == col(Absence.counter_id))
    return session.exec(counted.where(halls_in_scope(viewer, col(Counter.hall_id)), _is_disputed(which, now))).one()


def _is_disputed(dispute: DisputeFilter, now: datetime) -> ColumnElement[bool]:
    if not dispute:
        return true()
    if dispute != "overdue":
        return col(Absence.dispute) == DisputeState(dispute)
    late = exists().where(col(AbsenceWord.absence_id) == col(Absence.id), col(AbsenceWord.due_by) <= now)
    return and_(col(Absence.dispute) == DisputeState.DISPUTED, late)


def absence_page(absence_id: RowId, viewer: AbsenceViewer, services: ServicesDep, play: bool = False) -> AbsencePage:
    now = services.clock()
    with services.database.transaction() as session:
        absence = scoped_absence(session, viewer, absence_id)
        row, *others = absence_rows(session, [absence, *_in_its_place(session, absence)], now)
        camera = row.clip.camera_id if row.clip else None
        camera = camera or camera_of(session, absence.counter_id, absence.start)
        alert = session.exec(select(Alert).where(Alert.absence_id == absence_id)).first()
        by = session.get(User, alert.acknowledged_by) if alert and alert.acknowledged_by else None
        return AbsencePage(
            now=now,
            absence=row,
            is_absence=absence.kind in ABSENCES,
            accuses=absence.kind in ACCUSING,
            rule=_rule(session, absence),
            inside=_inside(session, absence),
            camera_id=camera,
            timeline=_timeline(session, services, viewer, absence, (row, *others), camera, now),
            evidence=absence.evidence,
            part_of=alert.part_of if alert else None,
            acknowledged_at=alert.acknowledged_at if alert else None,
            acknowledged_by=(by.display_name or by.name) if by else "",
            resolved_at=alert.resolved_at if alert else None,
            deliveries=delivery_rows(session, [alert.id])[alert.id] if alert and alert.id else (),
            steps_ahead=_steps_ahead(session, services, alert, now),
            contacts=_contacts(session, viewer, absence, now),
            play=play,
            parts=clip_parts(session, services.footage, row.clip),
            clock_untrusted=untrusted_times(session, services.footage, row.clip),
            smeared=smeared_times(session, row.clip),
            held=clip_held(session, viewer, row.clip),
            clock_corrected=corrected_times(session, services.footage, row.clip),
            dispute=dispute_of(session, viewer, absence, alert, row.counter.hall.id, now),
            grounds=tuple(DisputeGround),
            told=told_rows(session, Matter.ABSENCE, absence_id),
            sample=sample_row(session, alert) if alert and viewer.may(Permission.FEEDBACK) else None,
            part_now_of=tuple(others),
        )


def _in_its_place(session: Session, absence: Absence) -> list[Absence]:
    """Of one that was taken back: what is found in its time by now."""
    if absence.ended_by != WITHDRAWN or absence.said_until is None:
        return []
    there = absences_between(session, [absence.counter_id], absence.start, absence.said_until)
    return [each for each in there if sought_as(each.kind) is sought_as(absence.kind)]


def _steps_ahead(session: Session, services: Services, alert: Alert | None, now: datetime) -> tuple[StepAhead, ...]:
    return steps_ahead(session, alert, load_channels(session, services.secrets), now) if alert else ()


def _contacts(session: Session, viewer: Viewer, absence: Absence, now: datetime) -> tuple[ContactPerson, ...]:
    """As they are now. Whoever acknowledges alerts may know how they are reached."""
    reaches = viewer.may(Permission.ACKNOWLEDGE)
    return tuple(shown(each, reaches=reaches) for each in counter_contacts(session, now).of(absence.counter_id))


def _rule(session: Session, absence: Absence) -> RuleUsed:
    rule = session.get(AbsenceRule, absence.rule_id) if absence.rule_id else None
    usual_s = rule.threshold_s if rule else round(Rule().threshold.total_seconds())
    shorter = absence.kind in ABSENCES and absence.customer_waiting and absence.threshold_s < usual_s
    version = absence.rule_version if rule else 0
    return RuleUsed(level_of(rule), version, absence.threshold_s, shorter)


def level_of(rule: AbsenceRule | None) -> str:
    """Whose rule it is: counter, hall, city, or default for the built-in one."""
    if rule is None:
        return "default"
    return "counter" if rule.counter_id else "hall" if rule.hall_id else "city"


def _inside(session: Session, absence: Absence) -> tuple[InsideUsed, ...]:
    usual = zone_rule_at(session, absence.start)
    looked = select(View, Camera).join(Camera, col(Camera.id) == col(View.camera_id))
    looked = looked.where(View.counter_id == absence.counter_id, in_force(absence.start)).order_by(col(View.camera_id))
    return tuple(
        InsideUsed(
            camera.name or camera.id,
            view.staff_inside or usual.inside,
            None if view.staff_inside else usual.version,
        )
        for view, camera in session.exec(looked)
        if view.staff_zone
    )


def _timeline(
    session: Session,
    services: Services,
    viewer: Viewer,
    absence: Absence,
    rows: Sequence[AbsenceRow],
    camera: str | None,
    now: datetime,
) -> Timeline:
    """`rows`: the absence, and what there is in its place."""
    row = rows[0]
    start, end = absence.start - AROUND, min((row.said_until or row.seen_until) + AROUND, now)
    spans = presence_between(session, absence.counter_id, start, end, now)
    closed = free_spans(session, row.counter, start, end)
    lanes = [presence_lane(spans, Span(start, max(start, end)), closed), customer_lane(spans, now)]
    lanes += absence_lanes([each for each in rows if each.ended_by != WITHDRAWN])
    lanes.append(step_lane(steps_between(session, viewer, absence.counter_id, start, end)))
    if camera:
        lanes.append(footage_lane(services.footage.coverage(session, camera, start, end)))
    return timeline(start, end, row.counter.hall.timezone, lanes)


add_page(router, "/absences", "absences.html", absences_page)
add_table(router, "/absences", absences_table)
add_page(router, "/absences/{absence_id}", "absence.html", absence_page)
