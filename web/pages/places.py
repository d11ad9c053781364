"""Halls, counters and cameras as pages name them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from storage.models import Camera, Counter, District, Hall
from web.pages.scoping import halls_in_scope
from web.viewer import Viewer


@dataclass(frozen=True)
class HallRef:
    id: str
    name: str
    name_en: str
    timezone: str


@dataclass(frozen=True)
class DistrictRef:
    id: str
    name: str
    name_en: str


@dataclass(frozen=True)
class CounterRef:
    id: str
    number: str
    name: str
    name_en: str
    hall: HallRef


@dataclass(frozen=True)
class CameraRef:
    id: str
    name: str


def hall_ref(hall: Hall) -> HallRef:
    return HallRef(hall.id, hall.name, hall.name_en, hall.timezone)


def counter_ref(counter: Counter, hall: HallRef) -> CounterRef:
    return CounterRef(counter.id, counter.number, counter.name, counter.name_en, hall)


def visible_halls(session: Session, viewer: Viewer) -> tuple[HallRef, ...]:
    """By name; halls are few."""
    found = session.exec(select(Hall).where(halls_in_scope(viewer, col(Hall.id))).order_by(col(Hall.name)))
    return tuple(hall_ref(hall) for hall in found)


def visible_districts(session: Session, viewer: Viewer) -> tuple[DistrictRef, ...]:
    """Those of the halls in scope, by name."""
    seen = select(Hall.district_id).where(halls_in_scope(viewer, col(Hall.id)))
    found = session.exec(select(District).where(col(District.id).in_(seen)).order_by(col(District.name)))
    return tuple(DistrictRef(district.id, district.name, district.name_en) for district in found)


def in_district(hall_id: Mapped[Any], district: str) -> ColumnElement[bool]:
    return hall_id.in_(select(Hall.id).where(Hall.district_id == district))


def counters_by_id(session: Session, counter_ids: Iterable[str | None]) -> dict[str, CounterRef]:
    """With their halls, in one query."""
    wanted = {counter_id for counter_id in counter_ids if counter_id}
    if not wanted:
        return {}
    rows = session.exec(
        select(Counter, Hall).join(Hall, col(Hall.id) == col(Counter.hall_id)).where(col(Counter.id).in_(wanted))
    )
    return {counter.id: counter_ref(counter, hall_ref(hall)) for counter, hall in rows}


def counters_of(session: Session, halls: Iterable[HallRef]) -> tuple[CounterRef, ...]:
    """Every counter of these halls, hall by hall, in the order of their numbers as people count."""
    by_id = {hall.id: hall for hall in halls}
    found = session.exec(select(Counter).where(col(Counter.hall_id).in_(sorted(by_id))))
    refs = [counter_ref(counter, by_id[counter.hall_id]) for counter in found]
    order = {hall_id: place for place, hall_id in enumerate(by_id)}
    return tuple(sorted(refs, key=lambda ref: (order[ref.hall.id], number_order(ref.number))))


def cameras_of(session: Session, hall: HallRef) -> tuple[CameraRef, ...]:
    """By id."""
    found = session.exec(select(Camera).where(Camera.hall_id == hall.id).order_by(col(Camera.id)))
    return tuple(CameraRef(camera.id, camera.name or camera.id) for camera in found)


def number_order(number: str) -> tuple[int, str]:
    """`2` before `10`, and numbers before letters."""
    digits = "".join(sign for sign in number if sign.isdigit())
    return (int(digits) if digits else 1 << 30, number)
