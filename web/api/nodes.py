"""Processes that have reported, and forgetting one that is not coming back: for administrators."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from sqlmodel import col, select

from storage.models import Node, awaited
from storage.sayings import Saying
from web import silence
from web.api.administration import AdminDesk, found
from web.errors import Conflict

router = APIRouter(prefix="/api/v1", tags=["processes"])


@dataclass(frozen=True)
class NodeShown:
    name: str
    role: str
    started_at: datetime
    heartbeat: datetime
    silent: bool


@router.get("/nodes")
def list_nodes(desk: AdminDesk) -> list[NodeShown]:
    now = desk.services.clock()
    with desk.reading() as session:
        nodes = session.exec(select(Node).where(awaited()).order_by(col(Node.role), col(Node.name)))
        return [
            NodeShown(n.name, n.role, n.started_at, n.heartbeat, not silence.is_heard(n.heartbeat, now)) for n in nodes
        ]


@router.delete("/nodes/{name}", status_code=204)
def forget_node(desk: AdminDesk, name: str) -> None:
    """Resolves the alert of its silence. One that runs cannot be forgotten; one that comes back reports anew."""
    now = desk.services.clock()
    with desk.changing(f"node:{name}") as session:
        node = found(session, Node, name)
        if silence.is_heard(node.heartbeat, now):
            raise Conflict(Saying("“%(name)s” is running: stop it first.", name=name))
        silence.forget(session, node, now)
