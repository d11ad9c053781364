"""The recorder's word on its cameras and on itself, for everybody who asks the database."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import Session, select

from ingest.video.meter import Health
from storage.bulk import table_of
from storage.database import Database
from storage.models import Camera, CameraStatus, Node
from storage.models.columns import JsonObject

_Row = Mapping[str, object]

_STATUSES, _NODES = table_of(CameraStatus), table_of(Node)
_STATUS = _STATUSES.update().where(_STATUSES.c.camera_id == bindparam("reported"))
_NODE = _NODES.update().where(_NODES.c.name == bindparam("reporting"))


def report(
    database: Database,
    node_name: str,
    started: datetime,
    now: datetime,
    cameras: Mapping[str, Health],
    detail: JsonObject,
    unheard: Collection[str] = (),
) -> None:
    """One transaction; raises SQLAlchemyError. `detail`: what else the node has to say of itself.

    Of cameras that are `unheard` its last word stands, with its age: it cannot know how they are.
    """
    statuses = {camera_id: _status(health, now) for camera_id, health in cameras.items() if camera_id not in unheard}
    node = _node(started, now, cameras, detail)
    # Done every few seconds as long as a recorder runs: no row is looked up that is there already.
    with database.transaction() as session:
        connection = session.connection()
        rows = [{"reported": camera_id, **statuses[camera_id]} for camera_id in sorted(statuses)]
        if rows and connection.execute(_STATUS, rows).rowcount < len(rows):
            _add_missing(session, statuses)
        if not connection.execute(_NODE, {"reporting": node_name, **node}).rowcount:
            connection.execute(_NODES.insert(), {"name": node_name, **node})


def _add_missing(session: Session, statuses: Mapping[str, _Row]) -> None:
    """Those of cameras that are new; a camera that was deleted meanwhile gets none."""
    there = set(session.exec(select(CameraStatus.camera_id)))
    missing = (statuses.keys() & set(session.exec(select(Camera.id)))) - there
    if missing:
        rows = [{"camera_id": camera_id, **statuses[camera_id]} for camera_id in sorted(missing)]
        session.connection().execute(_STATUSES.insert(), rows)


def _status(health: Health, now: datetime) -> _Row:
    return {
        "connected": health.connected,
        "since": health.since,
        "last_frame": health.last_frame,
        "fps": health.fps,
        "bitrate": health.bitrate,
        "reconnects": health.reconnects,
        "smears": health.smears,
        "clock_source": health.clock_source,
        "clock_offset_us": health.clock_offset_us,
        "error": health.error[:500],
        "error_since": health.error_since,
        "audio_problem": health.audio_problem[:500],
        "sub_error": health.sub_error[:500],
        "updated": now,
    }


def _node(started: datetime, now: datetime, cameras: Mapping[str, Health], detail: JsonObject) -> _Row:
    told: JsonObject = {
        "cameras": len(cameras),
        "connected": sum(health.connected for health in cameras.values()),
        "bitrate": round(sum(health.bitrate for health in cameras.values())),
        **detail,
    }
    return {"role": "recorder", "started_at": started, "heartbeat": now, "forgotten": None, "detail": told}
