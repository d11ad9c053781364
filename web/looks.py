"""Writes what a camera shows of a counter, and when.

A declaration with the same zones corrects the dates of the view it names, else of the pair's newest; any other begins a
view. What the pair had at the same time gives way, and nothing else: before it and after it all stays as it was.
Presence that a view told of a time which is not its own any more is taken back.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, select

from storage.models import CameraAim, View
from storage.sayings import Saying
from web.declarations import ViewDeclaration
from web.errors import NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.views_taken_back import taking_back

_SHOWN = ("staff_zone", "customer_zone", "whole_zone", "staff_inside", "customer_inside")


def has_view(session: Session, camera_id: str) -> bool:
    """Whether the camera ever looked at a counter."""
    return session.exec(select(View.id).where(View.camera_id == camera_id).limit(1)).first() is not None


def views_left(session: Session, camera_id: str, counter_id: str, now: datetime) -> list[View]:
    """The pair's views that are not over, those that are yet to begin too, the newest last."""
    return [view for view in _views(session, camera_id, counter_id) if not _is_over(view, now)]


def put_view(
    session: Session, declared: ViewDeclaration, now: datetime, *, view_id: int | None = None, first: bool | None = None
) -> View:
    """Without `valid_from` a camera's first view holds for all time, and any other from now on.

    A camera that has looked at something may have been turned since: its old footage shows that and nothing else.
    `view_id` names the view of which it speaks. `first` says that the camera's other views are declared together with
    this one. Raises NotFound for a view that the pair does not have, Unprocessable for an end before the beginning.
    """
    views = _views(session, declared.camera, declared.counter)
    view = _newest(declared, views, now) if view_id is None else _named(declared, views, view_id, now)
    if first is None:
        first = not has_view(session, declared.camera)
    start = declared.valid_from or (view.valid_from if view else None if first else now)
    if start and declared.valid_to and declared.valid_to <= start:
        raise Unprocessable(fields=[FieldProblem("valid_to", Saying("This is not after the beginning."))])
    with taking_back(session, declared.camera, declared.counter, now):
        for other in views:
            if other is not view:
                _give_way(session, other, start, declared.valid_to)
        view = view or View(camera_id=declared.camera, counter_id=declared.counter, staff_zone=declared.staff_zone)
        for name in _SHOWN:
            setattr(view, name, getattr(declared, name))
        view.valid_from, view.valid_to = start, declared.valid_to
        session.add(view)
    return view


def renew_aim(session: Session, camera_id: str, now: datetime) -> None:
    """Whoever watches finds anew where the camera looks, for whatever zones it had an aim."""
    for zones in session.exec(select(CameraAim.zones).where(CameraAim.camera_id == camera_id).distinct()).all():
        session.add(CameraAim(camera_id=camera_id, zones=zones, since=now, picture=b""))


def end_view(session: Session, view: View, now: datetime) -> None:
    """What was seen with it stays; one that was yet to begin is gone."""
    _end(session, view, now)
    session.flush()


def _views(session: Session, camera_id: str, counter_id: str) -> list[View]:
    """Every view that there has been of the pair, the newest last."""
    found = session.exec(select(View).where(View.camera_id == camera_id, View.counter_id == counter_id))
    return sorted(found, key=lambda view: (view.valid_from is not None, view.valid_from, view.id))


def _named(declared: ViewDeclaration, views: Sequence[View], view_id: int, now: datetime) -> View | None:
    """The view of that id, if the declaration corrects it: one that is yet to begin may get other zones too."""
    view = next((view for view in views if view.id == view_id), None)
    if view is None:
        raise NotFound
    is_planned = view.valid_from is not None and view.valid_from > now
    return view if is_planned or _has_the_same_zones(declared, view) else None


def _newest(declared: ViewDeclaration, views: Sequence[View], now: datetime) -> View | None:
    """The newest view, if the declaration speaks of it: the same zones, and a time that meets the view's."""
    if not views or not _has_the_same_zones(declared, views[-1]):
        return None
    view = views[-1]
    if declared.valid_from is None and declared.valid_to is None:
        return None if _is_over(view, now) else view
    begins_in_time = view.valid_to is None or declared.valid_from is None or declared.valid_from <= view.valid_to
    ends_in_time = view.valid_from is None or declared.valid_to is None or view.valid_from <= declared.valid_to
    return view if begins_in_time and ends_in_time else None


def _has_the_same_zones(declared: ViewDeclaration, view: View) -> bool:
    return all(getattr(view, name) == getattr(declared, name) for name in _SHOWN)


def _is_over(view: View, now: datetime) -> bool:
    return view.valid_to is not None and view.valid_to <= now


def _give_way(session: Session, view: View, start: datetime | None, end: datetime | None) -> None:
    """To a view from `start` to `end`: what lies before and after it stays."""
    if end and view.valid_from and view.valid_from >= end:
        return
    begins_before = start is not None and (view.valid_from is None or view.valid_from < start)
    goes_on = end is not None and (view.valid_to is None or view.valid_to > end)
    if goes_on and not begins_before:
        view.valid_from = end
        session.add(view)
        return
    if goes_on:
        session.add(View(**view.model_dump(exclude={"id", "valid_from"}), valid_from=end))
    _end(session, view, start)


def _end(session: Session, view: View, at: datetime | None) -> None:
    """Nothing of it is left from then on; None is the beginning of all time."""
    if at is None or (view.valid_from is not None and view.valid_from >= at):
        session.delete(view)
    elif view.valid_to is None or view.valid_to > at:
        view.valid_to = at
        session.add(view)
