"""The recorder's word on its cameras and on itself, for everybody who asks the database."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import insert, select, update

from ingest.video.meter import Health
from storage.database import Database
from storage.models import Camera, CameraStatus, Node
from storage.models.columns import JsonObject


def report(
    database: Database,
    node_name: str,
    started: datetime,
    now: datetime,
    cameras: Mapping[str, Health],
    detail: JsonObject,
) -> None:
    """One transaction; raises SQLAlchemyError. `detail`: what else the node has to say of itself."""
    with database.transaction() as session:
        known = cameras.keys() & set(session.exec(select(Camera.id)))
        held = set(session.exec(select(CameraStatus.camera_id)))
        rows = {camera_id: _columns(camera_id, cameras[camera_id], now) for camera_id in known}
        # Many rows in one statement each, with no object for a row: this is done every few seconds.
        for statement, ids in ((update(CameraStatus), known & held), (insert(CameraStatus), known - held)):
            if ids:
                session.exec(statement, params=[rows[camera_id] for camera_id in sorted(ids)])
        session.merge(_node(node_name, started, now, cameras, detail))


def _columns(camera_id: str, health: Health, now: datetime) -> dict[str, object]:
    return {
        "camera_id": camera_id,
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


def _node(name: str, started: datetime, now: datetime, cameras: Mapping[str, Health], detail: JsonObject) -> Node:
    told: JsonObject = {
        "cameras": len(cameras),
        "connected": sum(health.connected for health in cameras.values()),
        "bitrate": round(sum(health.bitrate for health in cameras.values())),
        **detail,
    }
    return Node(name=name, role="recorder", started_at=started, heartbeat=now, detail=told)
