"""Health: cameras, processes, the spool and what was to be sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, func, or_, select

from storage.failures import failures_told
from storage.intervals import Span, lengths_in
from storage.models import (
    AlertKind,
    Deletion,
    Delivery,
    DeliveryState,
    Gap,
    LeftInInbox,
    Node,
    StoreVerdict,
    awaited,
)
from storage.models.columns import JsonObject
from storage.self_test import is_safe
from storage.undated import Undated, ahead, undated
from storage.waiting import Waiting, altogether, waiting
from web.api import nodes as nodes_api
from web.api.administration import AdminDesk
from web.auth import require
from web.pages.camera_health import CameraHealth, camera_health
from web.pages.filters import DEFAULT_ZONE
from web.pages.presence_shares import HOUR
from web.pages.recorded_hours import RecordedHours
from web.pages.rendering import add_page
from web.pages.tables import Cell, Moments, Table, add_table
from web.permissions import Permission
from web.services import ServicesDep
from web.silence import is_heard
from web.source_watch import heard_of, lasting_alerts
from web.store_watch import last_test
from web.viewer import Viewer

router = APIRouter()
CHART_HOURS = 12


@dataclass(frozen=True)
class NodeHealth:
    name: str
    role: str
    started_at: datetime
    heartbeat: datetime
    age_s: float
    silent: bool
    cpu_share: float | None
    """Of one core, on average since it started; None before it has told."""
    memory_bytes: int | None
    disk_bytes: int | None
    """Of the disk that its spool lies on; None where it has none."""
    disk_free_bytes: int | None
    clock_synchronised: bool | None
    """Whether the system keeps its time of day right; None of what does not tell."""
    detail: JsonObject
    """All that it tells of itself."""


@dataclass(frozen=True)
class FailingJob:
    """What a process does again and again, and failed in the last time and each time since."""

    node: str
    role: str
    job: str
    since: datetime
    last: datetime
    failures: int
    error: str


@dataclass(frozen=True)
class SpoolRoom:
    """What a recorder says of its spool's room."""

    node: str
    filled: float
    """How near the nearest of its limits is; 1 is reached."""
    left_bytes: int
    lasts_s: float | None
    """For how long at the present bit rate, if the store takes nothing; None while nothing comes."""
    unreadable_files: int
    """Aside in its quarantine."""
    unreadable_bytes: int
    unreadable_since: datetime | None
    """When the first of them was put there."""


@dataclass(frozen=True)
class Spool:
    segments: int
    bytes: int
    oldest: datetime | None
    rooms: tuple[SpoolRoom, ...]


@dataclass(frozen=True)
class StoreHealth:
    """What the store's last self-test found."""

    at: datetime
    verdict: StoreVerdict
    safe: bool
    detail: str


@dataclass(frozen=True)
class RecordedHour:
    start: datetime
    recorded_bytes: int
    missing_s: float


@dataclass(frozen=True)
class FailedDelivery:
    """A message that could not be sent: yet, or at all."""

    channel: str
    alert_id: int | None
    """None: it is about cards."""
    state: DeliveryState
    attempts: int
    last_error: str
    next_try: datetime | None
    """None once it was given up."""


@dataclass(frozen=True)
class SourceHealth:
    """An approval platform that has sent something."""

    id: str
    name: str
    last_batch: datetime
    silent_after_minutes: int | None
    """Working minutes; None: it may be silent."""
    silent_since: datetime | None
    missing_since: datetime | None
    """When it was noticed that it has left out batches; the reconciliation names them."""


@dataclass(frozen=True)
class HealthPage:
    now: datetime
    zone: str
    cameras: tuple[CameraHealth, ...]
    nodes: tuple[NodeHealth, ...]
    failing: tuple[FailingJob, ...]
    sources: tuple[SourceHealth, ...]
    spool: Spool
    store: StoreHealth | None
    """None before its first test."""
    undated: tuple[Undated, ...]
    """What was recorded before the server's clock was set: it is kept until its time is corrected."""
    ahead: tuple[Undated, ...]
    """What lies in the future: it was recorded while the server's clock was ahead."""
    left_in_inbox: int
    """Files and folders of the inbox that are not imported; the Import page names them."""
    being_deleted: int
    """Objects whose footage is gone and of which the store has not confirmed yet that it has no byte."""
    hours: tuple[RecordedHour, ...]
    deliveries: dict[DeliveryState, int]
    failed: tuple[FailedDelivery, ...]


def health_page(
    request: Request, viewer: Annotated[Viewer, Depends(require(Permission.HEALTH))], services: ServicesDep
) -> HealthPage:
    recorded: RecordedHours = request.app.state.recorded_hours
    now = services.clock()
    with services.database.transaction() as session:
        unstored = waiting(session)
        cameras = camera_health(session, viewer, unstored, now)
        nodes = _nodes(session)
        return HealthPage(
            now=now,
            zone=cameras[0].hall.timezone if cameras else DEFAULT_ZONE,
            cameras=cameras,
            nodes=tuple(_node(node, now) for node in nodes),
            failing=tuple(_failing(nodes)),
            sources=_sources(session),
            spool=_spool(session, altogether(unstored)),
            store=_store(session),
            undated=tuple(undated(session)),
            ahead=tuple(ahead(session, now)),
            left_in_inbox=session.exec(select(func.count()).select_from(LeftInInbox)).one(),
            being_deleted=_being_deleted(session),
            hours=_hours(session, recorded, now),
            deliveries=_deliveries(session),
            failed=_failed(session),
        )


def _nodes(session: Session) -> Sequence[Node]:
    return session.exec(select(Node).where(awaited()).order_by(col(Node.role), col(Node.name))).all()


def _failing(nodes: Sequence[Node]) -> Iterator[FailingJob]:
    for node in nodes:
        for told in failures_told(node.detail):
            yield FailingJob(node.name, node.role, told.job, told.since, told.last, told.count, told.error)


def _sources(session: Session) -> tuple[SourceHealth, ...]:
    """As the clerk has found them last."""
    since = {(alert.source_id, AlertKind(alert.kind)): alert.source_since for alert in lasting_alerts(session)}
    return tuple(
        SourceHealth(
            id=source.id,
            name=source.name or source.id,
            last_batch=last,
            silent_after_minutes=source.silent_after_minutes,
            silent_since=since.get((source.id, AlertKind.SOURCE_SILENT)),
            missing_since=since.get((source.id, AlertKind.BATCHES_MISSING)),
        )
        for source, last in heard_of(session)
    )


def _node(node: Node, now: datetime) -> NodeHealth:
    age = (now - node.heartbeat).total_seconds()
    return NodeHealth(
        name=node.name,
        role=node.role,
        started_at=node.started_at,
        heartbeat=node.heartbeat,
        age_s=age,
        silent=not is_heard(node.heartbeat, now),
        cpu_share=_cpu_share(node),
        memory_bytes=node.detail.get("memory_bytes"),
        disk_bytes=node.detail.get("disk_bytes"),
        disk_free_bytes=node.detail.get("disk_free_bytes"),
        clock_synchronised=node.detail.get("clock_synchronised"),
        detail=node.detail,
    )


def _cpu_share(node: Node) -> float | None:
    lived_s = (node.heartbeat - node.started_at).total_seconds()
    return node.detail["cpu_s"] / lived_s if "cpu_s" in node.detail and lived_s > 0 else None


def _spool(session: Session, every: Waiting) -> Spool:
    """What only the recorder's own disk holds."""
    recorders = session.exec(select(Node).where(Node.role == "recorder", awaited()).order_by(col(Node.name)))
    rooms = tuple(_room(node) for node in recorders if "spool_filled" in node.detail)
    return Spool(every.segments, every.bytes, every.oldest, rooms)


def _room(node: Node) -> SpoolRoom:
    left = node.detail["spool_limit_bytes"] - node.detail["spool_used_bytes"]
    bytes_a_second = node.detail.get("bitrate", 0) / 8
    since = node.detail.get("quarantined_since")
    return SpoolRoom(
        node=node.name,
        filled=node.detail["spool_filled"],
        left_bytes=left,
        lasts_s=left / bytes_a_second if bytes_a_second else None,
        unreadable_files=node.detail.get("quarantined_files", 0),
        unreadable_bytes=node.detail.get("quarantined_bytes", 0),
        unreadable_since=datetime.fromisoformat(since) if since else None,
    )


def _store(session: Session) -> StoreHealth | None:
    test = last_test(session)
    return StoreHealth(test.at, test.verdict, is_safe(test.verdict), test.detail) if test else None


def _being_deleted(session: Session) -> int:
    return session.exec(select(func.count()).where(col(Deletion.confirmed_at).is_(None))).one()


def _hours(session: Session, recorded: RecordedHours, now: datetime) -> tuple[RecordedHour, ...]:
    """What was recorded in each of the last hours, over all cameras."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    starts = [this_hour - HOUR * n for n in range(CHART_HOURS - 1, -1, -1)]
    sizes = recorded.recorded_bytes(session, starts, now)
    missing = _missing_s(session, [Span(start, min(start + HOUR, now)) for start in starts], now)
    return tuple(map(RecordedHour, starts, sizes, missing))


def _missing_s(session: Session, hours: Sequence[Span], now: datetime) -> list[float]:
    """Of each of the hours, over all cameras: one look at the gaps of all of them."""
    since = hours[0].start
    inside = (col(Gap.start) < now, or_(col(Gap.end).is_(None), col(Gap.end) > since))
    rows = session.exec(select(col(Gap.start), col(Gap.end)).where(*inside))
    lasting = (Span(start, end or now) for start, end in rows if end is None or end > start)
    missing_us = [0] * len(hours)
    for number, length_us in lengths_in(lasting, hours):
        missing_us[number] += length_us
    return [each / 1_000_000 for each in missing_us]


def _deliveries(session: Session) -> dict[DeliveryState, int]:
    rows = session.exec(select(Delivery.state, func.count()).group_by(col(Delivery.state)))
    return {DeliveryState(state): count for state, count in rows}


def _failed(session: Session) -> tuple[FailedDelivery, ...]:
    found = session.exec(
        select(Delivery)
        .where(Delivery.state != DeliveryState.SENT, Delivery.last_error != "")
        .order_by(col(Delivery.id).desc())
        .limit(10)
    )
    return tuple(_failure(row) for row in found)


def _failure(row: Delivery) -> FailedDelivery:
    next_try = row.next_try if row.state is DeliveryState.PENDING else None
    return FailedDelivery(row.channel, row.alert_id, row.state, row.attempts, row.last_error, next_try)


_COLUMNS = (
    *("id", "name", "hall", "enabled", "connected", Moments("since"), "last_frame_age_s", "fps", "bitrate"),
    *("reconnects", "smears", "clock_source", "clock_offset_s", "faults", "gaps_s", "unstored_segments", "error"),
)


def health_table(page: Annotated[HealthPage, Depends(health_page)]) -> Table:
    """The cameras; all else is in the JSON."""
    return Table("cameras", page.zone, _COLUMNS, map(_cells, page.cameras))


def _cells(camera: CameraHealth) -> list[Cell]:
    return [
        *(camera.id, camera.name, camera.hall.id, camera.enabled, camera.connected, camera.since),
        *(camera.last_frame_age_s, camera.fps, camera.bitrate, camera.reconnects, camera.smears),
        *(
            camera.clock_source or "",
            camera.clock_offset_s,
            "; ".join(camera.faults),
            sum(gap.seconds for gap in camera.gaps),
        ),
        *(camera.unstored_segments, camera.error),
    ]


add_page(router, "/health", "health.html", health_page)
add_table(router, "/health", health_table)


@router.post("/health/forget", include_in_schema=False)
def forget(desk: AdminDesk, name: Annotated[str, Form(max_length=200)]) -> Response:
    nodes_api.forget_node(desk, name)
    return RedirectResponse("/health", 303)
