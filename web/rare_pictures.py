"""Cameras of which so few pictures can be looked at that what is seen on them is told late."""

from sqlmodel import Session, col, select

from analytics.diary import SLOW_CAMERAS
from storage.models import Node, awaited

RARE_S = 4.0
"""Seconds from one look to the next, beyond which a camera is told of: three looks make a state."""


def rare_pictures(session: Session) -> dict[str, float]:
    """Seconds from one look to the next, by camera, as the watchers said last; whatever the cause."""
    watchers = session.exec(select(Node).where(col(Node.role) == "watcher", awaited()).order_by(col(Node.heartbeat)))
    apart = {camera_id: s for node in watchers for camera_id, s in node.detail.get(SLOW_CAMERAS, {}).items()}
    return {camera_id: s for camera_id, s in apart.items() if s > RARE_S}
