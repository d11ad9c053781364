"""Cameras of which so few pictures are looked at that what is seen on them is told late, or with much work enough."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from analytics.diary import RARE_KEYFRAMES, SLOW_CAMERAS
from analytics.pictures import RareKeyframes
from storage.models import Node, awaited

RARE_S = 4.0
"""Seconds from one look to the next, beyond which a camera is told of: three looks make a state."""


def rare_pictures(session: Session) -> dict[str, float]:
    """Seconds from one look to the next, by camera, as the watchers said last; whatever the cause."""
    apart = {camera_id: s for node in _watchers(session) for camera_id, s in node.detail.get(SLOW_CAMERAS, {}).items()}
    return {camera_id: s for camera_id, s in apart.items() if s > RARE_S}


def rare_keyframes(session: Session) -> dict[str, RareKeyframes]:
    """Cameras of which all pictures are decoded because their keyframes are rare, as the watchers said last."""
    told = [node.detail.get(RARE_KEYFRAMES, {}) for node in _watchers(session)]
    return {camera_id: RareKeyframes(**said) for of_node in told for camera_id, said in of_node.items()}


def _watchers(session: Session) -> Sequence[Node]:
    """The one that was heard of last at the end."""
    watchers = select(Node).where(col(Node.role) == "watcher", awaited())
    return session.exec(watchers.order_by(col(Node.heartbeat))).all()
