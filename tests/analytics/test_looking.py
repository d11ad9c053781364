from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from analytics.looker import Looker
from analytics.looking import (
    BEHIND_SOMEBODY,
    PERHAPS_SOMEBODY,
    Observation,
    WatchedView,
    blind,
    crops_of,
    look,
    observe,
)
from analytics.onlookers import Shows
from analytics.people import Box, Image, Person
from analytics.pictures import Picture
from analytics.presence import CounterPresence
from storage.models import StaffState
from tests.analytics.scenes import a_picture, at, ssd

LEFT = ((0.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.0, 1.0))
RIGHT = ((0.6, 0.0), (1.0, 0.0), (1.0, 1.0), (0.6, 1.0))
SMALL_LEFT = ((0.02, 0.4), (0.1, 0.4), (0.1, 0.6), (0.02, 0.6))
SMALL_RIGHT = ((0.9, 0.4), (0.98, 0.4), (0.98, 0.6), (0.9, 0.6))


class CountingDetector:
    """Sees one person, with the given scores look by look."""

    name = "counting"

    def __init__(self, *scores: float) -> None:
        self.scores = list(scores)
        self.looks = 0

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        found: list[tuple[Person, ...]] = []
        for _ in images:
            score = self.scores[min(self.looks, len(self.scores) - 1)]
            self.looks += 1
            found.append((Person(Box(0.3, 0.3, 0.6, 0.7), score),))
        return found


def view(staff: tuple[tuple[float, float], ...], customer: tuple[tuple[float, float], ...] = ()) -> WatchedView:
    return WatchedView("cam", "c-1", staff, customer)


@pytest.mark.parametrize(
    ("places", "staff", "customer"), [((), 0, 0), ((0.2,), 1, 0), ((0.8,), 0, 1), ((0.2, 0.8), 1, 1), ((0.5,), 0, 0)]
)
def test_people_are_counted_where_they_are(places: tuple[float, ...], staff: int, customer: int) -> None:
    (seen,) = look(ssd(), Picture("cam", at(0), a_picture(*places)), [view(LEFT, RIGHT)])
    assert (seen.staff_count, seen.customer_count) == (staff, customer)
    assert seen.confidence > 0.5


def test_zones_close_together_share_a_crop_and_zones_far_apart_do_not() -> None:
    assert len(crops_of(view(LEFT, RIGHT))) == 1
    assert len(crops_of(view(SMALL_LEFT, SMALL_RIGHT))) == 2
    assert len(crops_of(view(LEFT))) == 1


def test_a_view_without_a_customer_zone_tells_nothing_about_customers() -> None:
    (seen,) = look(ssd(), Picture("cam", at(0), a_picture(0.2)), [view(LEFT)])
    assert (seen.staff_count, seen.customer_count) == (1, None)


def test_a_view_without_zones_tells_nothing() -> None:
    (seen,) = look(CountingDetector(0.9), Picture("cam", at(0), a_picture()), [view(())])
    assert seen == blind(view(()), at(0), "no_zone")


def test_a_view_with_only_a_customer_zone_knows_nothing_of_staff() -> None:
    (seen,) = look(CountingDetector(0.9), Picture("cam", at(0), a_picture()), [view((), LEFT)])
    assert (seen.staff_count, seen.customer_count, seen.reason) == (None, 1, "no_zone")


def test_the_looker_sees_what_a_single_look_sees() -> None:
    picture = Picture("cam", at(0), a_picture(0.2))
    assert Looker(ssd()).look([(picture, [view(LEFT, RIGHT)])]) == look(ssd(), picture, [view(LEFT, RIGHT)])


def samples(detector: CountingDetector, pictures: Sequence[Image], recheck: float = 5) -> list[int | None]:
    looker = Looker(detector, recheck=timedelta(seconds=recheck))
    told = [looker.look([(Picture("cam", at(t), p), [view(LEFT)])])[0] for t, p in enumerate(pictures)]
    return [observation.staff_count for observation in told]


def test_a_crop_in_which_nothing_moves_is_looked_at_again_only_after_a_while() -> None:
    detector = CountingDetector(0.9)
    assert samples(detector, [a_picture(0.2)] * 12) == [1] * 12
    assert detector.looks == 4  # seconds 0 and 1, then every five seconds


def test_a_mistaken_look_is_never_repeated_from_memory() -> None:
    detector = CountingDetector(0.9, 0.9, 0.1, 0.9)
    told = samples(detector, [a_picture(0.2)] * 2 + [a_picture(0.8)] * 5)
    assert told == [1, 1, 0, 1, 1, 1, 1]


def test_movement_is_looked_at_at_once() -> None:
    detector = CountingDetector(0.9)
    samples(detector, [a_picture(0.2 if t % 2 else 0.3) for t in range(8)])
    assert detector.looks == 8


def test_no_recheck_time_means_every_picture_is_looked_at() -> None:
    detector = CountingDetector(0.9)
    samples(detector, [a_picture(0.2)] * 6, recheck=0)
    assert detector.looks == 6


DESK = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.5), (0.2, 0.5))
"""Behind which a clerk sits: whoever stands before it is larger than it is."""
BEFORE_IT = Box(0.25, 0.15, 0.55, 1.0)


def seen_with(*people: Person) -> Observation:
    return observe(view(DESK, RIGHT), at(0), [people])


def test_whoever_stands_before_the_staff_zone_hides_it_and_accuses_nobody() -> None:
    hidden = seen_with(Person(BEFORE_IT, 0.9))
    assert (hidden.staff_count, hidden.customer_count, hidden.reason) == (None, 0, BEHIND_SOMEBODY)
    two = seen_with(Person(Box(0.2, 0.1, 0.31, 1.0), 0.9), Person(Box(0.49, 0.1, 0.6, 1.0), 0.9))
    assert two.reason == BEHIND_SOMEBODY, "together they hide as much"


def test_who_hides_less_than_half_or_may_be_nobody_hides_nothing() -> None:
    for beside in (Person(Box(0.5, 0.1, 0.8, 1.0), 0.9), Person(BEFORE_IT, 0.2)):
        assert (seen_with(beside).staff_count, seen_with(beside).reason) == (0, "")


def test_a_clerk_who_is_seen_beside_whoever_stands_before_the_zone_is_there() -> None:
    assert seen_with(Person(BEFORE_IT, 0.9), Person(Box(0.22, 0.2, 0.34, 0.5), 0.8)).staff_count == 1


def test_a_customer_in_front_of_the_clerk_never_becomes_an_absence() -> None:
    presence = CounterPresence("c-1", {"cam": Shows.WHOLE})
    for second in range(10):
        presence.observe(replace(seen_with(Person(Box(0.22, 0.2, 0.34, 0.5), 0.8)), wall=at(second)))
    for second in range(10, 100):
        presence.observe(replace(seen_with(Person(BEFORE_IT, 0.9)), wall=at(second)))
    assert presence.state is not None
    assert (presence.state.at, presence.state.staff) == (at(10), StaffState.UNKNOWN)


IN_IT = Box(0.22, 0.2, 0.34, 0.5)


@pytest.mark.parametrize("score", [0.18, 0.3, 0.34])
def test_who_is_perhaps_in_the_staff_zone_is_neither_there_nor_away(score: float) -> None:
    told = seen_with(Person(IN_IT, score))
    assert (told.staff_count, told.customer_count, told.reason) == (None, 0, PERHAPS_SOMEBODY)


def test_what_is_hardly_seen_or_seen_elsewhere_leaves_the_staff_zone_empty() -> None:
    for nobody in (Person(IN_IT, 0.17), Person(Box(0.7, 0.2, 0.8, 0.5), 0.3)):
        assert (seen_with(nobody).staff_count, seen_with(nobody).reason) == (0, "")


def test_a_clerk_whom_the_detector_is_unsure_of_is_never_absent() -> None:
    presence = CounterPresence("c-1", {"cam": Shows.WHOLE})
    for second, score in enumerate([0.8] * 10 + [0.3] * 90):
        presence.observe(replace(seen_with(Person(IN_IT, score)), wall=at(second)))
    assert presence.state is not None
    assert (presence.state.at, presence.state.staff) == (at(10), StaffState.UNKNOWN)
