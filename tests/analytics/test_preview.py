import numpy as np

from analytics.looking import WatchedView
from analytics.people import Box, Person
from analytics.preview import annotate, find_people
from tests.analytics.scenes import a_picture, ssd

LEFT = ((0.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.0, 1.0))


def test_people_are_found_and_marked_on_a_copy() -> None:
    view, image = WatchedView("cam", "c-1", LEFT), a_picture(0.2)
    before = image.copy()
    people = find_people(ssd(), image, [view])
    drawn = annotate(image, [view], people)
    assert people[0].score > 0.5
    assert np.array_equal(image, before)
    assert not np.array_equal(drawn, image)


def test_people_below_the_threshold_are_not_marked() -> None:
    image = a_picture()
    assert np.array_equal(annotate(image, [], [Person(Box(0.1, 0.1, 0.5, 0.5), 0.2)]), image)
