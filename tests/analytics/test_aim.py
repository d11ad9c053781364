"""A camera that looks elsewhere than when its zones were drawn tells nothing about them."""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytics.aim import APART, PICTURES, Aim, aim_of, has_moved, read, small, written, zones_key
from analytics.cameras import WatchedCamera
from analytics.clip_samples import clip_pictures
from analytics.diary import Diary
from analytics.health import PictureHealth
from analytics.labels import load_clips
from analytics.looker import Looker
from analytics.looking import WatchedView
from analytics.people import Box, Image, Person
from analytics.pictures import Picture
from analytics.plan import CameraPlan, KnownAim, load_plan
from analytics.recording import lasting_faults
from analytics.watch import Watch
from storage.database import Database
from storage.models import CameraAim, FaultKind, StaffState, View
from tests.analytics.scenes import a_picture, at, labelled_data
from tests.sample import CAMERA, LEFT_HALF, a_hall

SIZE, GRAINS = (640, 360), 10


@cache
def place(name: str) -> Image:
    """What a fixed camera shows of some place, wider than the picture."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    picture = cv2.imread(str(Path(spec.origin).parent / "data" / name))
    assert picture is not None
    return np.asarray(cv2.resize(picture, (800, 500)), np.uint8)


def shown(
    name: str = "motorcycle_left.png",
    right: int = 0,
    down: int = 0,
    *,
    light: float = 1.0,
    noise: int = 0,
    person_at: int | None = None,
) -> Image:
    """By a camera that is turned by so many of 640 and 360 pixels."""
    x, y = 80 + right, 70 + down
    picture = place(name)[y : y + SIZE[1], x : x + SIZE[0]].astype(np.float32) * light
    if person_at is not None:
        picture[150:, person_at : person_at + 150] = a_picture(0.5)[150:, 245:395]
    picture += grain()[noise % GRAINS]
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


@cache
def grain() -> list[NDArray[np.float32]]:
    """Of the sensor."""
    some = np.random.default_rng(1)
    return [some.normal(0, 4, (SIZE[1], SIZE[0], 1)).astype(np.float32) for _ in range(GRAINS)]


@cache
def aim(name: str = "motorcycle_left.png") -> Aim:
    return aim_of([small(shown(name, noise=number, person_at=number * 60)) for number in range(PICTURES)])


@settings(max_examples=20)
@given(st.floats(0.4, 1.2), st.integers(0, 9), st.none() | st.integers(0, 490), st.integers(-2, 2), st.integers(-2, 2))
def test_light_noise_people_and_a_tremble_are_no_move(
    light: float, noise: int, person_at: int | None, right: int, down: int
) -> None:
    now = shown(right=right, down=down, light=light, noise=noise, person_at=person_at)
    assert not has_moved(aim(), small(now))


@settings(max_examples=20)
@given(st.integers(-80, 80), st.integers(-70, 70), st.floats(0.5, 1.2), st.none() | st.integers(0, 490))
def test_a_turned_camera_has_moved(right: int, down: int, light: float, person_at: int | None) -> None:
    is_far = max(abs(right), abs(down)) >= 20
    moved = has_moved(aim(), small(shown(right=right, down=down, light=light, person_at=person_at)))
    assert moved or not is_far


@pytest.mark.parametrize("other", ["coffee.png", "astronaut.png", "rocket.jpg", "chelsea.png"])
def test_a_camera_that_shows_another_place_has_moved(other: str) -> None:
    assert has_moved(aim(), small(shown(other)))


def test_where_nothing_stands_out_nothing_is_told() -> None:
    noise = [np.random.default_rng(n).integers(90, 160, (90, 160), np.uint8) for n in range(PICTURES + 1)]
    assert not has_moved(aim_of(noise[:-1]), noise[-1])
    assert has_moved(aim(), noise[-1])


def test_fixed_cameras_of_the_labelled_clips_have_not_moved_and_would_be_seen_to() -> None:
    for clip in load_clips(labelled_data()):
        if clip.name == "car-detection":
            continue  # outdoors, with nothing but moving cars in its middle
        some = islice(clip_pictures(clip.video, "cam"), 60)
        good = [picture.image for picture in some if PictureHealth().judge(picture.image) is None]
        if len(good) < 2 * PICTURES:
            continue
        of_clip = aim_of([small(image) for image in good[:PICTURES]])
        assert not any(has_moved(of_clip, small(image)) for image in good), clip.name
        turned = [np.roll(image, image.shape[1] // 20, axis=1) for image in good[::10]]
        assert all(has_moved(of_clip, small(image)) for image in turned), clip.name


def test_an_aim_is_read_as_it_was_written_and_nonsense_is_none() -> None:
    known = aim_of([aim().picture], [Box(0.25, 0.5, 0.5, 1.2)])
    assert known.stood.sum() == 40 * 45
    back = read(written(known))
    assert back is not None
    assert np.array_equal(back.picture, known.picture)
    assert np.array_equal(back.stood, known.stood)
    for nonsense in (b"", b"no picture", written(Aim(known.picture[:50], known.stood[:50]))):
        assert read(nonsense) is None


def test_of_an_aim_that_is_older_nobody_knows_where_people_stood() -> None:
    encoded, grey = cv2.imencode(".png", aim().picture)
    back = read(grey.tobytes())
    assert encoded
    assert back is not None
    assert back.stood.all()


def plan_with(known: KnownAim | None = None, zones: str = "z") -> CameraPlan:
    with_views = load_views()
    return CameraPlan(CAMERA, "h", with_views, zones=zones, aim=known)


def load_views() -> tuple[WatchedView, ...]:
    return (WatchedView(CAMERA, "cc-1", ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0))),)


def test_a_camera_finds_its_aim_once_and_by_it_that_it_was_turned() -> None:
    camera = WatchedCamera(plan_with(), at(0))
    found = []
    for number in range(PICTURES + 2):
        picture = Picture(CAMERA, at(number * APART.total_seconds()), shown(noise=number))
        assert camera.judge(picture) is None
        found += [one for one in [camera.seek_aim(picture, ())] if one]
    assert [one.since for one in found] == [at(0)]
    assert camera.judge(Picture(CAMERA, at(90), shown(right=40))) is FaultKind.MOVED
    assert camera.judge(Picture(CAMERA, at(91), shown(noise=3))) is None

    camera.plan = plan_with(zones="drawn anew")
    assert camera.judge(Picture(CAMERA, at(92), shown(right=40))) is None
    camera.plan = plan_with(KnownAim(1, found[0].aim))
    assert camera.judge(Picture(CAMERA, at(93), shown(right=40, noise=1))) is FaultKind.MOVED
    camera.plan = plan_with(KnownAim(2, None))
    assert camera.judge(Picture(CAMERA, at(94), shown(right=40, noise=2))) is None


class SeesSomebody:
    """A detector whose answer is known: what is tested is whether it is asked."""

    name = "somebody"

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        return [(Person(Box(0.0, 0.0, 0.4, 1.0), 0.9),) for _ in images]


def test_presence_is_unknown_while_a_camera_is_turned_also_after_a_restart_of_the_watcher(
    sqlite_database: Database,
) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add(View(camera_id=CAMERA, counter_id="cc-1", staff_zone=LEFT_HALF))

    def watched(first: int, count: int, right: int = 0) -> tuple[StaffState, str, set[FaultKind]]:
        watch, diary = Watch(Looker(SeesSomebody())), Diary(sqlite_database, "test", "watcher-1", at(first))
        diary.follow(watch, at(first))
        for second in range(first, first + count):
            picture = Picture(CAMERA, at(second), shown(noise=second, right=right))
            watch.take_live([picture], at(second))
            watch.settle(at(second))
        diary.write(watch, at(first + count), {})
        state = watch.counters["cc-1"].state
        assert state is not None
        with sqlite_database.transaction() as session:
            return state.staff, state.reason, lasting_faults(session, CAMERA)

    assert watched(0, 20) == (StaffState.STAFFED, "", set())
    assert watched(20, 20, right=40) == (StaffState.UNKNOWN, "moved", {FaultKind.MOVED})
    assert watched(40, 20) == (StaffState.STAFFED, "", set())


def test_the_past_is_judged_by_the_aim_of_then(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_hall(session)
        session.add(View(camera_id=CAMERA, counter_id="cc-1", staff_zone=LEFT_HALF))
        session.flush()
        zones = load_plan(session, at(0)).cameras[CAMERA].zones
        for since, picture in ((10, written(aim())), (20, b""), (30, written(aim("coffee.png")))):
            session.add(CameraAim(camera_id=CAMERA, zones=zones, since=at(since), picture=picture))
        session.flush()
        known: dict[int, KnownAim] = {}
        told = [load_plan(session, at(t), known_aims=known).cameras[CAMERA].aim for t in (0, 10, 20, 30)]
    assert [one.number if one else None for one in told] == [1, 1, 2, 3]
    assert told[2] == KnownAim(2, None)
    assert set(known) == {1, 2, 3}


def test_other_corners_are_another_key() -> None:
    zones = [["cc-1", ((0, 0), (1, 0), (1, 1)), ()]]
    assert zones_key(zones) == zones_key(list(zones))
    assert zones_key(zones) != zones_key([["cc-1", ((0, 0), (1, 0), (1, 0.9)), ()]])
