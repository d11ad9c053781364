"""Which version holds: the strongest layer that says something, by what was approved in time."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from correlation.catalogue.versions import Version, in_force
from tests.correlation.deadlines.cases import at

DAYS = [at("2026-03-01") + timedelta(days=day) for day in range(6)]
MARCH, APRIL, MAY = at("2026-03-01"), at("2026-04-01"), at("2026-05-01")
MOMENTS = st.sampled_from(DAYS)
VERSIONS = st.lists(st.builds(Version[str], st.sampled_from(["a", "b", None]), MOMENTS, st.none(), MOMENTS), max_size=4)


def said(*layers: list[Version[str]], received: object = APRIL, moment: object = MAY) -> str | None:
    found = in_force(layers, received, moment)  # type: ignore[arg-type]
    return found.content if found else None


def test_what_was_approved_here_goes_before_what_the_source_says_from_its_date_on() -> None:
    own, told = [Version("own", APRIL)], [Version("source", MARCH)]
    assert said(own, told) == "own"
    assert said(own, told, received=APRIL - timedelta(seconds=1)) == "source"
    assert said(own, told, received=MARCH - timedelta(days=1)) is None


def test_an_entry_that_ends_leaves_the_word_to_the_source() -> None:
    own, told = [Version("own", MARCH), Version[str](None, APRIL)], [Version("source", MARCH)]
    assert said(own, told, received=MARCH) == "own"
    assert said(own, told) == "source"


def test_a_source_s_entry_is_over_at_its_end_and_the_next_layer_speaks() -> None:
    assert said([Version("source", MARCH, valid_to=APRIL)], [Version("declared")]) == "declared"


@settings(max_examples=30)
@given(st.lists(VERSIONS, max_size=3), MOMENTS, MOMENTS)
def test_what_is_approved_later_changes_nothing_that_was_known_before(
    layers: list[list[Version[str]]], received: object, moment: object
) -> None:
    layers = [sorted(layer, key=lambda one: (one.valid_from, one.known_from)) for layer in layers]
    then = [[one for one in layer if one.known_from <= moment] for layer in layers]  # type: ignore[operator]
    assert said(*layers, received=received, moment=moment) == said(*then, received=received, moment=MAY)
