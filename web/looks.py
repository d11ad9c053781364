"""Writes what a camera shows of a counter, and when.

A declaration with the same zones corrects the dates of the pair's newest view; any other begins a view, and what the
pair had at the same time gives way.
"""

from datetime import datetime

from sqlmodel import Session, select

from storage.models import View
from storage.sayings import Saying
from web.declarations import ViewDeclaration
from web.errors import Unprocessable
from web.field_problems import FieldProblem

_SHOWN = ("staff_zone", "customer_zone", "whole_zone")


def has_view(session: Session, camera_id: str) -> bool:
    """Whether the camera ever looked at a counter."""
    return session.exec(select(View.id).where(View.camera_id == camera_id).limit(1)).first() is not None


def last_view(session: Session, camera_id: str, counter_id: str, now: datetime) -> View | None:
    """The pair's newest view, unless it is over."""
    found = _views(session, camera_id, counter_id)
    return found[-1] if found and not _is_over(found[-1], now) else None


def put_view(session: Session, declared: ViewDeclaration, now: datetime, *, first: bool | None = None) -> View:
    """Without `valid_from` a camera's first view holds for all time, and any other from now on.

    A camera that has looked at something may have been turned since: its old footage shows that and nothing else.
    `first` says that the camera's other views are declared together with this one. Raises Unprocessable for an end
    before the beginning.
    """
    others = _views(session, declared.camera, declared.counter)
    view = others.pop() if others and _corrects(declared, others[-1], now) else None
    if first is None:
        first = not has_view(session, declared.camera)
    start = declared.valid_from or (view.valid_from if view else None if first else now)
    if start and declared.valid_to and declared.valid_to <= start:
        raise Unprocessable(fields=[FieldProblem("valid_to", Saying("This is not after the beginning."))])
    for other in others:
        _give_way(session, other, start, declared.valid_to, now)
    view = view or View(camera_id=declared.camera, counter_id=declared.counter, staff_zone=declared.staff_zone)
    view.customer_zone, view.whole_zone = declared.customer_zone, declared.whole_zone
    view.valid_from, view.valid_to = start, declared.valid_to
    session.add(view)
    session.flush()
    return view


def end_view(session: Session, view: View, now: datetime) -> None:
    """What was seen with it stays; one that was yet to begin is gone."""
    _end(session, view, now)
    session.flush()


def _views(session: Session, camera_id: str, counter_id: str) -> list[View]:
    """Every view that there has been of the pair, the newest last."""
    found = session.exec(select(View).where(View.camera_id == camera_id, View.counter_id == counter_id))
    return sorted(found, key=lambda view: (view.valid_from is not None, view.valid_from, view.id))


def _corrects(declared: ViewDeclaration, view: View, now: datetime) -> bool:
    """Whether it speaks of this view: the same zones, and a time that meets the view's."""
    if any(getattr(view, name) != getattr(declared, name) for name in _SHOWN):
        return False
    if declared.valid_from is None and declared.valid_to is None:
        return not _is_over(view, now)
    begins_in_time = view.valid_to is None or declared.valid_from is None or declared.valid_from <= view.valid_to
    ends_in_time = view.valid_from is None or declared.valid_to is None or view.valid_from <= declared.valid_to
    return begins_in_time and ends_in_time


def _is_over(view: View, now: datetime) -> bool:
    return view.valid_to is not None and view.valid_to <= now


def _give_way(session: Session, view: View, start: datetime | None, end: datetime | None, now: datetime) -> None:
    """To a view from `start` to `end`: what began before ends, and goes on after one that is wholly past."""
    if end and view.valid_from and view.valid_from >= end:
        return
    if end and end <= now and (view.valid_to is None or view.valid_to > end):
        session.add(View(**view.model_dump(exclude={"id", "valid_from"}), valid_from=end))
    _end(session, view, start)


def _end(session: Session, view: View, at: datetime | None) -> None:
    """Nothing of it is left from then on; None is the beginning of all time."""
    if at is None or (view.valid_from is not None and view.valid_from >= at):
        session.delete(view)
    elif view.valid_to is None or view.valid_to > at:
        view.valid_to = at
        session.add(view)
