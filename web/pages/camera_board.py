"""The camera board: how every camera of the halls is, since when, and what it showed last."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session, col, func, select

from analytics.pictures import RareKeyframes
from storage.models import Camera, CameraFault, CameraStatus, Counter, Node, View, awaited
from storage.views import in_force
from web.auth import require
from web.camera_state import CameraNow, CameraState, Fault, Known, camera_now
from web.errors import NotFound
from web.pages.places import CounterRef, HallRef, counter_ref, visible_halls
from web.pages.rendering import add_page
from web.pages.silent_recorder import silent_since
from web.permissions import Permission
from web.rare_pictures import rare_keyframes, rare_pictures
from web.services import ServicesDep
from web.silence import is_heard
from web.viewer import Viewer

router = APIRouter()


@dataclass(frozen=True)
class CameraTile:
    id: str
    name: str
    hall: HallRef
    state: CameraState
    since: datetime | None
    also: tuple[CameraState, ...]
    pictures_apart_s: float | None
    """From one look to the next, where that is so long that alerts come late."""
    rare_keyframes: RareKeyframes | None
    """Where all of its pictures are decoded because its keyframes are so rare."""
    recorder_silent: bool
    """Why it is unknown: else it is the watcher that is not heard of."""
    error: str
    """What the recorder said last, in technical words."""
    counters: tuple[CounterRef, ...]
    """Those that it looks at."""
    has_footage: bool
    """Whether there may be a picture of it."""


@dataclass(frozen=True)
class StateCount:
    state: CameraState
    count: int


@dataclass(frozen=True)
class CameraBoardPage:
    now: datetime
    halls: tuple[HallRef, ...]
    hall: HallRef | None
    """The one that is shown; None for all."""
    show: CameraState | None
    """The only state that is shown; None for all."""
    all: int
    counts: tuple[StateCount, ...]
    """Of the states in which there are cameras, the worst first."""
    tiles: tuple[CameraTile, ...]
    """The worst first."""
    stills: bool
    """Whether the reader may see pictures."""


def camera_board_page(
    viewer: Annotated[Viewer, Depends(require(Permission.BOARD))],
    services: ServicesDep,
    hall: Annotated[str, Query(max_length=100)] = "",
    show: CameraState | None = None,
) -> CameraBoardPage:
    now = services.clock()
    with services.database.transaction() as session:
        halls = visible_halls(session, viewer)
        chosen = [each for each in halls if hall in ("", each.id)]
        if hall and not chosen:
            raise NotFound
        tiles = sorted(_tiles(session, chosen, now), key=_worst_first)
    return CameraBoardPage(
        now=now,
        halls=halls,
        hall=chosen[0] if hall else None,
        show=show,
        all=len(tiles),
        counts=_counts(tiles),
        tiles=tuple(tile for tile in tiles if show in (None, tile.state)),
        stills=viewer.may(Permission.CLIPS),
    )


def _tiles(session: Session, halls: Sequence[HallRef], now: datetime) -> list[CameraTile]:
    by_id = {hall.id: hall for hall in halls}
    cameras = session.exec(select(Camera).where(col(Camera.hall_id).in_(by_id)).order_by(col(Camera.id))).all()
    ids = [camera.id for camera in cameras]
    statuses = {s.camera_id: s for s in session.exec(select(CameraStatus).where(col(CameraStatus.camera_id).in_(ids)))}
    faults, ended = _faults(session, ids), _last_ends(session, ids)
    counters = _counters(session, by_id, now)
    watched_to = session.exec(select(func.max(Node.heartbeat)).where(Node.role == "watcher", awaited())).one()
    silent = silent_since(session, {counter.id for looked_at in counters.values() for counter in looked_at}, now)
    known = {
        camera.id: Known(
            camera.enabled,
            statuses.get(camera.id),
            faults[camera.id],
            ended.get(camera.id),
            watched_to,
            is_watched=watched_to is not None and is_heard(watched_to, now),
            recorder_silent_since=min((silent[c.id] for c in counters[camera.id] if c.id in silent), default=None),
        )
        for camera in cameras
    }
    apart, rare = rare_pictures(session), rare_keyframes(session)
    return [
        _tile(
            camera,
            by_id[camera.hall_id],
            known[camera.id],
            camera_now(known[camera.id], now),
            apart.get(camera.id),
            rare.get(camera.id),
            counters[camera.id],
        )
        for camera in cameras
    ]


def _tile(
    camera: Camera,
    hall: HallRef,
    known: Known,
    found: CameraNow,
    pictures_apart_s: float | None,
    rare: RareKeyframes | None,
    counters: Sequence[CounterRef],
) -> CameraTile:
    status = known.status
    return CameraTile(
        id=camera.id,
        name=camera.name or camera.id,
        hall=hall,
        state=found.state,
        since=found.since,
        also=found.also,
        pictures_apart_s=pictures_apart_s,
        rare_keyframes=rare,
        recorder_silent=found.recorder_silent,
        error=status.error if status and camera.enabled else "",
        counters=tuple(counters),
        has_footage=status is not None and status.last_frame is not None,
    )


def _faults(session: Session, camera_ids: Sequence[str]) -> dict[str, list[Fault]]:
    """Those that last, by camera."""
    found: dict[str, list[Fault]] = defaultdict(list)
    lasting = select(CameraFault).where(col(CameraFault.camera_id).in_(camera_ids), col(CameraFault.end).is_(None))
    for fault in session.exec(lasting):
        found[fault.camera_id].append(Fault(fault.kind, fault.start))
    return found


def _last_ends(session: Session, camera_ids: Sequence[str]) -> dict[str, datetime]:
    """When each was last mended."""
    query = select(CameraFault.camera_id, func.max(CameraFault.end)).where(
        col(CameraFault.camera_id).in_(camera_ids), col(CameraFault.end).is_not(None)
    )
    found = session.exec(query.group_by(col(CameraFault.camera_id)))
    return {camera_id: end for camera_id, end in found if end is not None}


def _counters(session: Session, halls: dict[str, HallRef], now: datetime) -> dict[str, list[CounterRef]]:
    """Those that each camera looks at now."""
    query = (
        select(View.camera_id, Counter)
        .join(Counter, col(Counter.id) == col(View.counter_id))
        .where(col(Counter.hall_id).in_(halls), in_force(now))
        .order_by(col(Counter.id))
    )
    found: dict[str, list[CounterRef]] = defaultdict(list)
    for camera_id, counter in session.exec(query):
        found[camera_id].append(counter_ref(counter, halls[counter.hall_id]))
    return found


def _worst_first(tile: CameraTile) -> tuple[int, str, str]:
    return list(CameraState).index(tile.state), tile.hall.name, tile.id


def _counts(tiles: Sequence[CameraTile]) -> tuple[StateCount, ...]:
    numbers = ((state, sum(tile.state is state for tile in tiles)) for state in CameraState)
    return tuple(StateCount(state, number) for state, number in numbers if number)


add_page(router, "/cameras", "camera_board.html", camera_board_page)
