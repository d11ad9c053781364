"""How each camera does, and what is missing of its footage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from analytics.pictures import RareKeyframes
from storage.footage import newest_end
from storage.models import (
    Camera,
    CameraFault,
    CameraStatus,
    ClockSource,
    FaultKind,
    Gap,
    GapCause,
    Hall,
)
from storage.waiting import NOTHING, Waiting
from web.camera_state import IN_THE_PICTURE, CameraState
from web.pages.places import HallRef, hall_ref
from web.pages.presence_shares import day_start
from web.pages.scoping import halls_in_scope
from web.rare_pictures import rare_keyframes, rare_pictures
from web.silence import is_heard
from web.viewer import Viewer

STALE_S = 10.0
"""A picture older than this is shown as late."""


@dataclass(frozen=True)
class CauseTotal:
    cause: GapCause
    count: int
    seconds: float


@dataclass(frozen=True)
class CameraHealth:
    id: str
    name: str
    hall: HallRef
    enabled: bool
    connected: bool
    """As the recorder said last; so is all that follows."""
    recorder_silent_since: datetime | None
    """Its last word of the camera, where that is too old to say how the camera is now."""
    since: datetime | None
    last_frame_age_s: float | None
    record_lag_s: float | None
    """Time since the end of its newest segment; None before the first."""
    late: bool
    fps: float
    bitrate: float
    """bit/s"""
    reconnects: int
    smears: int
    """Pictures before which packets were lost, since the recorder started."""
    clock_source: ClockSource | None
    clock_offset_s: float
    error: str
    """What went wrong last."""
    error_since: datetime | None
    """When it first did, of the times in a row."""
    audio_problem: str
    sub_error: str
    faults: tuple[FaultKind, ...]
    pictures_apart_s: float | None
    """From one look to the next, where that is so long that alerts come late."""
    rare_keyframes: RareKeyframes | None
    """Where all of its pictures are decoded because its keyframes are so rare."""
    gaps: tuple[CauseTotal, ...]
    """Of the hall's day."""
    unstored_segments: int
    """They lie on the recorder's disk only."""
    unstored_bytes: int


def camera_health(
    session: Session, viewer: Viewer, unstored: Mapping[str, Waiting], now: datetime
) -> tuple[CameraHealth, ...]:
    rows = session.exec(
        select(Camera, Hall, CameraStatus, newest_end(now))
        .join(Hall, col(Hall.id) == col(Camera.hall_id))
        .outerjoin(CameraStatus, col(CameraStatus.camera_id) == col(Camera.id))
        .where(halls_in_scope(viewer, col(Camera.hall_id)))
        .order_by(col(Hall.name), col(Camera.id))
    ).all()
    faults, apart, rare = _faults(session), rare_pictures(session), rare_keyframes(session)
    zones = {hall.timezone for _, hall, *_ in rows}
    gaps = {zone: gaps_since(session, day_start(now, zone), now) for zone in zones}
    return tuple(
        _camera(
            camera,
            hall,
            status,
            tuple(faults.get(camera.id, ())),
            apart.get(camera.id),
            rare.get(camera.id),
            gaps[hall.timezone].get(camera.id, ()),
            unstored.get(camera.id, NOTHING),
            recorded_to,
            now,
        )
        for camera, hall, status, recorded_to in rows
    )


def _camera(
    camera: Camera,
    hall: Hall,
    status: CameraStatus | None,
    faults: tuple[FaultKind, ...],
    pictures_apart_s: float | None,
    rare: RareKeyframes | None,
    gaps: tuple[CauseTotal, ...],
    unstored: Waiting,
    recorded_to: datetime | None,
    now: datetime,
) -> CameraHealth:
    age = (now - status.last_frame).total_seconds() if status and status.last_frame else None
    is_late = age is None or age > STALE_S
    silent_since = status.updated if status and camera.enabled and not is_heard(status.updated, now) else None
    return CameraHealth(
        id=camera.id,
        name=camera.name or camera.id,
        hall=hall_ref(hall),
        enabled=camera.enabled,
        connected=bool(status and status.connected),
        recorder_silent_since=silent_since,
        since=silent_since or (since(status, is_late) if status else None),
        last_frame_age_s=age,
        record_lag_s=(now - recorded_to).total_seconds() if recorded_to else None,
        late=is_late,
        fps=status.fps if status else 0.0,
        bitrate=status.bitrate if status else 0.0,
        reconnects=status.reconnects if status else 0,
        smears=status.smears if status else 0,
        clock_source=status.clock_source if status else None,
        clock_offset_s=status.clock_offset_us / 1_000_000 if status else 0.0,
        error=status.error if status else "",
        error_since=status.error_since if status and status.error else None,
        audio_problem=status.audio_problem if status else "",
        sub_error=status.sub_error if status else "",
        faults=_told(faults, sends=bool(status and status.connected) and not is_late),
        pictures_apart_s=pictures_apart_s,
        rare_keyframes=rare,
        gaps=gaps,
        unstored_segments=unstored.segments,
        unstored_bytes=unstored.bytes,
    )


def _told(faults: Sequence[FaultKind], *, sends: bool) -> tuple[FaultKind, ...]:
    """All that last; of a camera that sends nothing, none of its picture."""
    if sends and FaultKind.NO_SIGNAL not in faults:
        return tuple(faults)
    return tuple(kind for kind in faults if CameraState(kind.value) not in IN_THE_PICTURE)


def since(status: CameraStatus, is_late: bool) -> datetime:
    """When it began to be as it is. A camera that is connected again and again without a picture has been away since
    its last one, not since it last tried."""
    is_away = is_late or not status.connected
    return status.last_frame if is_away and status.last_frame else status.since


def _faults(session: Session) -> dict[str, list[FaultKind]]:
    """Those that last, by camera."""
    found: dict[str, list[FaultKind]] = {}
    for fault in session.exec(select(CameraFault).where(col(CameraFault.end).is_(None))):
        found.setdefault(fault.camera_id, []).append(fault.kind)
    return found


def gaps_since(session: Session, start: datetime, now: datetime) -> dict[str, tuple[CauseTotal, ...]]:
    """Gaps since `start` by camera and cause, cut to the time since then."""
    seconds: dict[str, dict[GapCause, list[float]]] = {}
    rows = session.exec(select(Gap).where(col(Gap.start) < now, or_(col(Gap.end).is_(None), col(Gap.end) > start)))
    for gap in rows:
        length = (min(gap.end or now, now) - max(gap.start, start)).total_seconds()
        if length <= 0 and gap.end is not None:
            continue  # corrected footage has moved over it
        seconds.setdefault(gap.camera_id, {}).setdefault(gap.cause, []).append(length)
    return {
        camera: tuple(CauseTotal(cause, len(lengths), sum(lengths)) for cause, lengths in causes.items())
        for camera, causes in seconds.items()
    }
