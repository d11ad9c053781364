"""Where it happens: districts, halls, counters, cameras and what they look at."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from storage.models.columns import column, json_column

Polygon = list[list[float]]
"""Corners [x, y], each 0..1 from the top left of the picture."""


class District(SQLModel, table=True):
    id: str = column("short name used in addresses, e.g. chancheng", primary_key=True)
    name: str = column("as people read it, Chinese")
    name_en: str = column("as people read it, English", default="")


class Hall(SQLModel, table=True):
    id: str = column("short name used in addresses", primary_key=True)
    district_id: str = column("", foreign_key="district.id", index=True)
    name: str = column("Chinese")
    name_en: str = column("English", default="")
    timezone: str = column("IANA zone in which the hall's times are shown", default="Asia/Shanghai")


class OpeningHours(SQLModel, table=True):
    """One span on one weekday; two rows make a lunch break. While none of its rows is in force, a hall is open."""

    __tablename__ = "opening_hours"
    id: int | None = column("", default=None, primary_key=True)
    hall_id: str = column("", foreign_key="hall.id", index=True)
    weekday: int = column("0 = Monday .. 6 = Sunday; make-up days count as the weekday they are worked as")
    opens: str = column("HH:MM in the hall's zone")
    closes: str = column("HH:MM, exclusive; 24:00 for midnight")
    valid_from: datetime | None = column("", default=None)
    valid_to: datetime | None = column("exclusive", default=None)


class Counter(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("hall_id", "number"),)
    id: str = column("unique over all halls", primary_key=True)
    hall_id: str = column("", foreign_key="hall.id")
    number: str = column("the number people see above the counter; one counter of a hall has it")
    name: str = column("Chinese", default="")
    name_en: str = column("English", default="")


class Roster(SQLModel, table=True):
    """When a counter is to be staffed, inside its hall's hours: one span on one weekday. While none of its rows is in
    force, that is whenever the hall is open."""

    id: int | None = column("", default=None, primary_key=True)
    counter_id: str = column("", foreign_key="counter.id", index=True)
    weekday: int = column("0 = Monday .. 6 = Sunday; make-up days count as the weekday they are worked as")
    opens: str = column("HH:MM in the hall's zone")
    closes: str = column("HH:MM, exclusive; 24:00 for midnight")
    valid_from: datetime | None = column("", default=None)
    valid_to: datetime | None = column("exclusive", default=None)


class Camera(SQLModel, table=True):
    id: str = column("unique over all halls; part of object keys", primary_key=True)
    hall_id: str = column("", foreign_key="hall.id", index=True)
    name: str = column("", default="")
    url: str = column("main stream, rtsp://host/path, never with credentials")
    sub_url: str = column("sub-stream for the wall, empty if there is none", default="")
    transport: str = column("tcp or udp", default="tcp")
    audio: bool = column("its sound is recorded, too", default=False)
    credentials: str = column("user:password, sealed by storage.secrets; empty if none", default="")
    enabled: bool = column("recorded and watched", default=True)


class View(SQLModel, table=True):
    """What one camera shows of one counter."""

    id: int | None = column("", default=None, primary_key=True)
    camera_id: str = column("", foreign_key="camera.id", index=True)
    counter_id: str = column("", foreign_key="counter.id", index=True)
    staff_zone: Polygon = json_column("corners [x, y], 0..1")
    customer_zone: Polygon = json_column("corners [x, y], 0..1; empty if not seen", default_factory=list)
    whole_zone: bool = column(
        "the zone is all of the place where staff sits: the camera may say alone that nobody is there",
        default=False,
    )
    staff_inside: str = column("who counts as inside, see storage.inside; empty: as the zone rule says", default="")
    customer_inside: str = column("the same of the customer zone", default="")
    valid_from: datetime | None = column("", default=None)
    valid_to: datetime | None = column("exclusive", default=None)


class PrivacyMask(SQLModel, table=True):
    """A part of a camera's picture that is filled in whatever is made of its video. Ended, never changed or deleted."""

    __tablename__ = "privacy_mask"
    id: int | None = column("", default=None, primary_key=True)
    camera_id: str = column("", foreign_key="camera.id", index=True)
    polygon: Polygon = json_column("corners [x, y], 0..1")
    reason: str = column("what it hides, and why")
    valid_from: datetime | None = column("empty: all footage that there is of the camera", default=None)
    valid_to: datetime | None = column("exclusive", default=None)


class ZoneRule(SQLModel, table=True):
    """Who counts as inside a zone whose view does not say; one is in force at any time."""

    __tablename__ = "zone_rule"
    id: int | None = column("", default=None, primary_key=True)
    version: int = column("grows with each change", default=1)
    inside: str = column("see storage.inside")
    valid_from: datetime | None = column("empty: from the beginning", default=None)
    valid_to: datetime | None = column("exclusive", default=None)


class Declared(SQLModel, table=True):
    """What the configuration file said last, so that a page's later edit stays until the file changes again."""

    kind: str = column("table name", primary_key=True)
    key: str = column("id of the declared row", primary_key=True)
    digest: str = column("SHA-256 of the declaration")
