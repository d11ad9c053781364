"""Tablets at counters on which customers rate: each is known by a link that is shown once."""

import hashlib
import secrets
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel
from sqlmodel import col, select

from storage.models import Counter, Hall, RatingDevice
from web.api.administration import AdminDesk, check_exists, found
from web.declared_values import Id, Strict
from web.row_ids import RowId

router = APIRouter(prefix="/api/v1", tags=["places"])
_TOKEN_BYTES = 24


class DeviceRequest(Strict):
    counter: Id


class DeviceShown(BaseModel):
    id: int
    counter: str
    timezone: str
    """Of its hall."""
    made_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None


class DeviceMade(BaseModel):
    id: int
    link: str
    """Shown this once; only a hash of it is kept."""


def token_hash(token: str) -> str:
    """As it is kept: tokens are long and random, so a plain SHA-256 does."""
    return hashlib.sha256(token.encode()).hexdigest()


@router.get("/rating-devices")
def list_devices(desk: AdminDesk) -> list[DeviceShown]:
    """Also those whose link was taken back."""
    with desk.reading() as session:
        devices = (
            select(RatingDevice, Hall.timezone)
            .join(Counter, col(Counter.id) == col(RatingDevice.counter_id))
            .join(Hall, col(Hall.id) == col(Counter.hall_id))
            .order_by(col(RatingDevice.counter_id), col(RatingDevice.id))
        )
        return [_shown(device, zone) for device, zone in session.exec(devices)]


@router.post("/rating-devices", status_code=201)
def make_device(desk: AdminDesk, wanted: DeviceRequest) -> DeviceMade:
    """A new link for a tablet at that counter."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with desk.changing(f"rating_device:{wanted.counter}") as session:
        check_exists(session, counter=(Counter, wanted.counter))
        device = RatingDevice(
            counter_id=wanted.counter,
            token_hash=token_hash(token),
            made_at=desk.services.clock(),
            made_by=desk.viewer.user_id,
        )
        session.add(device)
        session.flush()
        return DeviceMade(id=device.id or 0, link=f"{desk.services.settings.web.public_url}/rate/{token}")


@router.delete("/rating-devices/{device_id}", status_code=204)
def revoke_device(desk: AdminDesk, device_id: RowId) -> None:
    """Its link leads nowhere from now on; what was rated stays."""
    with desk.changing(f"rating_device:{device_id}") as session:
        device = found(session, RatingDevice, device_id)
        device.revoked_at = device.revoked_at or desk.services.clock()
        session.add(device)


def _shown(device: RatingDevice, zone: str) -> DeviceShown:
    return DeviceShown(
        id=device.id or 0,
        counter=device.counter_id,
        timezone=zone,
        made_at=device.made_at,
        last_seen_at=device.last_seen_at,
        revoked_at=device.revoked_at,
    )
