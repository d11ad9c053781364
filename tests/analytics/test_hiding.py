"""What hides a staff zone alone, while the rest of the picture is as it was."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.aim import Aim, Small, aim_of, small
from analytics.clip_samples import clip_pictures
from analytics.health import PictureHealth
from analytics.hiding import what_hides
from analytics.labels import LabelledClip, LabelledZone, load_clips
from analytics.looker import Looker
from analytics.looking import WatchedView
from analytics.onlookers import Shows
from analytics.people import Box, Image
from analytics.pictures import Picture
from analytics.plan import CameraPlan, CounterPlan, KnownAim, WatchPlan
from analytics.rule import Rule
from analytics.watch import Watch
from analytics.zones import Zone
from storage.hours import HallHours
from storage.models import CustomerState, FaultKind, StaffState
from tests.analytics.scenes import a_picture, at, labelled_data
from tests.analytics.test_aim import shown as scene
from tests.analytics.world import MarkerDetector

STAFFED, UNSTAFFED, UNKNOWN = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
STAFF = ((0.1, 0.2), (0.4, 0.2), (0.4, 0.9), (0.1, 0.9))
CUSTOMERS = ((0.6, 0.2), (0.9, 0.2), (0.9, 0.9), (0.6, 0.9))


def a_watch(aim: Image | None, people: Iterable[Box] = (), moments: "Footage | None" = None) -> Watch:
    """`aim`: the picture that was shown when the zones were drawn; None: that is still to be found."""
    watch = Watch(Looker(MarkerDetector()), moments=moments)
    known = KnownAim(1, aim_of([small(aim)], people)) if aim is not None else None
    camera = CameraPlan("cam", "h", (WatchedView("cam", "c-1", STAFF, CUSTOMERS),), aim=known)
    counter = CounterPlan("c-1", "h", {"cam": Shows.WHOLE}, Rule(), HallHours(ZoneInfo("UTC")))
    watch.follow(WatchPlan({"cam": camera}, {"c-1": counter}), at(0))
    return watch


class Footage:
    """The last of these pictures up to a moment."""

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self._pictures = pictures

    def picture(self, camera_id: str, moment: datetime) -> Picture | None:
        return next((picture for picture in reversed(self._pictures) if picture.wall <= moment), None)


def shown(watch: Watch, pictures: Sequence[Picture]) -> list[tuple[float, StaffState, str]]:
    """The staff states that they make, and why what is unknown is so."""
    for picture in pictures:
        watch.take_live([picture], picture.wall)
        watch.settle(picture.wall)
    told = [((c.at - at(0)).total_seconds(), c.staff, c.reason) for c in watch.changes.transitions]
    told = [state for state in told if state[1] is not UNKNOWN or state[2]]
    return [state for n, state in enumerate(told) if n == 0 or state[1:] != told[n - 1][1:]]


def room(second: float, *people: float) -> Picture:
    """A place full of things, and somebody around each x (0..1), as the marker detector sees them."""
    grey = cv2.cvtColor(scene(noise=round(second)), cv2.COLOR_BGR2GRAY)
    image = np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    return with_people(Picture("cam", at(second), image), *people)


def with_people(picture: Picture, *people: float) -> Picture:
    image = picture.image.copy()
    for x in people:
        cv2.rectangle(image, (int(x * 640) - 20, 150), (int(x * 640) + 20, 300), (0, 0, 255), cv2.FILLED)
    return Picture(picture.camera_id, picture.wall, image)


def hidden(picture: Picture, level: int) -> Picture:
    """With something held before the staff zone."""
    return Picture(picture.camera_id, picture.wall, over(picture.image, STAFF, level))


def over(image: Image, zone: Zone, level: int) -> Image:
    """With a flat thing before the zone, and the noise of a sensor."""
    noise = np.random.default_rng(1).integers(level, level + 4, image.shape).astype(np.uint8)
    return np.where(within(zone, image)[:, :, None], noise, image)


def within(zone: Zone, image: Image) -> NDArray[np.bool_]:
    height, width = image.shape[:2]
    corners = np.round(np.array(zone) * (width, height)).astype(np.int32)
    return np.asarray(cv2.fillPoly(np.zeros((height, width), np.uint8), [corners], 1), np.bool_)


@pytest.mark.parametrize(("level", "why"), [(120, "obstructed"), (10, "dark")])
def test_a_staff_zone_that_something_hides_is_unknown_and_a_fault_of_its_camera(level: int, why: str) -> None:
    watch = a_watch(room(0).image)
    pictures = [room(s, 0.75) if s < 10 else hidden(room(s, 0.75), level) for s in range(20)]
    assert shown(watch, pictures) == [(0, UNSTAFFED, ""), (10, UNKNOWN, why)]
    assert [(fault.kind, fault.at) for fault in watch.changes.faults] == [(FaultKind(why), at(10))]
    # Customers are seen all the same.
    assert watch.changes.transitions[-1].customer is CustomerState.WAITING


LOWER_HALF = ((0.1, 0.5), (0.4, 0.5), (0.4, 0.9), (0.1, 0.9))
LOWER_QUARTER = ((0.1, 0.73), (0.4, 0.73), (0.4, 0.9), (0.1, 0.9))


def papered(image: Image, zone: Zone) -> Image:
    """With something chequered before the zone."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    chequers = np.where((rows // 24 + columns // 24) % 2, 60, 160).astype(np.uint8)[:, :, None]
    return np.where(within(zone, image)[:, :, None], chequers, image)


@pytest.mark.parametrize("cover", [lambda image, zone: over(image, zone, 120), papered])
def test_half_of_a_staff_zone_hidden_is_too_much_and_a_quarter_is_not(cover: Callable[[Image, Zone], Image]) -> None:
    for zone, told in ((LOWER_HALF, (UNKNOWN, "obstructed")), (LOWER_QUARTER, (UNSTAFFED, ""))):
        pictures = [replace(room(s), image=cover(room(s).image, zone)) for s in range(10)]
        assert shown(a_watch(room(0).image), pictures) == [(0, *told)]


def test_who_stands_before_a_staff_zone_for_a_while_is_nothing_that_hides_it() -> None:
    aim, now = aim_of([small(room(0).image)]), small(papered(room(1).image, LOWER_HALF))
    assert what_hides(aim, now, STAFF) is FaultKind.OBSTRUCTED
    assert what_hides(aim, now, STAFF, [Box(0.1, 0.5, 0.4, 0.9)]) is None


def test_who_is_seen_before_it_is_there_and_what_hides_nothing_any_more_is_no_fault() -> None:
    watch = a_watch(room(0).image)
    pictures = [hidden(room(s), 120) if s < 10 else room(s, 0.25) for s in range(20)]
    assert shown(watch, pictures) == [(0, UNKNOWN, "obstructed"), (10, STAFFED, "")]
    assert [(fault.at, fault.began) for fault in watch.changes.faults] == [(at(0), True), (at(10), False)]


def test_nothing_is_hidden_where_little_was_to_be_seen_before_or_nothing_is_known_of_it() -> None:
    walls = [hidden(room(second), 120) for second in range(10)]
    assert shown(a_watch(walls[0].image), walls) == [(0, UNSTAFFED, "")]
    assert shown(a_watch(None), walls) == [(0, UNSTAFFED, "")]


def test_a_clerk_who_sat_before_a_plain_wall_when_the_zones_were_drawn_and_has_left_hides_nothing() -> None:
    walls = [hidden(Picture("cam", at(s), a_picture(seconds=s)), 120) for s in range(60)]
    pictures = [with_people(wall, 0.2) if s < 40 else wall for s, wall in enumerate(walls)]
    watch = a_watch(None)
    assert shown(watch, pictures) == [(0, STAFFED, ""), (40, UNSTAFFED, "")]
    (found,) = watch.changes.aims
    assert what_hides(aim_of([found.aim.picture]), small(walls[50].image), STAFF) is FaultKind.OBSTRUCTED


def test_what_is_seen_beside_a_clerk_tells_that_the_zone_is_hidden() -> None:
    pictures = [room(s, 0.2) if s < 40 else hidden(room(s), 120) for s in range(60)]
    assert shown(a_watch(None), pictures) == [(0, STAFFED, ""), (40, UNKNOWN, "obstructed")]


def test_where_somebody_stood_before_all_of_the_zone_nothing_is_told() -> None:
    watch = a_watch(room(0).image, [Box(0.05, 0.1, 0.45, 1.0)])
    assert shown(watch, [hidden(room(s), 120) for s in range(10)]) == [(0, UNSTAFFED, "")]


def test_a_moment_at_which_the_zone_was_hidden_does_not_tell_when_somebody_left() -> None:
    footage = [room(s, 0.25) if s < 6 else hidden(room(s), 120) if s < 9 else room(s) for s in range(20)]
    watch = a_watch(room(0).image, moments=Footage(footage))
    assert shown(watch, [footage[s] for s in (0, 3, 5, 9, 10, 11, 12)]) == [(0, STAFFED, ""), (9, UNSTAFFED, "")]


def aims(pictures: Sequence[Small]) -> list[Aim]:
    """Each that a camera may have found, whoever stood before it."""
    return [aim_of(pictures[n : n + 16 : 2]) for n in range(0, max(len(pictures) - 16, 1), 40)]


def shown_at(clip: LabelledClip) -> list[tuple[float, Image]]:
    """Its usable pictures, and the seconds at which they are shown."""
    health, pictures = PictureHealth(), list(clip_pictures(clip.video, "cam"))
    usable = [picture for picture in pictures if health.judge(picture.image) is None]
    return [((picture.wall - pictures[0].wall).total_seconds(), picture.image) for picture in usable]


def is_empty(zone: LabelledZone, second: float) -> bool:
    """Whether nobody is in it, nor comes or goes."""
    near = zone.tolerance_s + 1
    return not any(start - near <= second <= end + near for start, end in zone.present)


def test_no_empty_labelled_zone_is_taken_for_hidden_and_each_is_noticed_when_it_is() -> None:
    for clip in load_clips(labelled_data()):
        if clip.name == "car-detection":
            continue  # Its zone is the whole picture, and asphalt: a matter of the picture's health.
        moments = shown_at(clip)
        for zone in clip.zones:
            images = [image for second, image in moments if is_empty(zone, second)]
            pictures = [small(image) for image in images]
            covered = [small(over(image, zone.polygon, 70)) for image in images[:: max(len(images) // 4, 1)]]
            for aim in aims(pictures) if pictures else []:
                assert {what_hides(aim, picture, zone.polygon) for picture in pictures} == {None}, zone.id
                told = {what_hides(aim, picture, zone.polygon) for picture in covered}
                assert told == {FaultKind.OBSTRUCTED}, zone.id
