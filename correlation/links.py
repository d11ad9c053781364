"""Writes links in bulk."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, insert, update
from sqlmodel import Session

from correlation.resolve import Moment, Resolution
from correlation.targets import Target
from storage.models import FootageLink


@dataclass(frozen=True)
class Link:
    """What was found for one target."""

    target: Target
    wanted: Moment
    found: Resolution
    settled: bool


def write(session: Session, links: list[Link], now: datetime) -> None:
    """Inserts the links of targets that had none, and rewrites the others."""
    table: Table = FootageLink.__table__  # type: ignore[attr-defined]
    new = [_inserted(link, now) for link in links if link.target.link_id is None]
    if new:
        session.execute(insert(table), new)
    old = [link for link in links if link.target.link_id is not None]
    if old:
        columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _columns(old[0], now)}
        session.execute(
            update(table).where(table.c.id == bindparam("the_id")).values(columns),
            [
                {"the_id": link.target.link_id, **{f"new_{k}": v for k, v in _columns(link, now).items()}}
                for link in old
            ],
        )


def _inserted(link: Link, now: datetime) -> dict[str, Any]:
    """Without a counter there is nothing to compare with what was seen."""
    target = link.target
    examined = target.step_id is None or target.counter_id is None
    return {
        "step_id": target.step_id,
        "absence_id": target.absence_id,
        "examined": examined,
        **_columns(link, now),
    }


def _columns(link: Link, now: datetime) -> dict[str, Any]:
    return {
        "outcome": link.found.outcome,
        "reason": link.found.reason,
        "camera_id": link.found.camera_id,
        "start": link.wanted.clip.start,
        "end": link.wanted.clip.end,
        "missing": [
            {"start": part.start.isoformat(), "end": part.end.isoformat(), "cause": part.cause}
            for part in link.found.missing
        ],
        "settled": link.settled,
        "computed_at": now,
    }
