"""Whatever is counted in whatever order, units get the same."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from correlation.evaluation.counted import Counted
from correlation.evaluation.places import Directory, Place, Unit
from correlation.evaluation.tally import Tally, by_unit
from storage.models import UnitKind

NAMES = ("名", "")
SITE = Directory(
    departments={"tax": NAMES, "civil": NAMES},
    districts={"d": NAMES, "e": NAMES},
    halls={"cc": NAMES, "nh": NAMES},
    counters={"cc-1": NAMES},
    district_of={"cc": "d", "nh": "e"},
    hall_of={"cc-1": "cc"},
    zone_of={},
)
FACTS = st.tuples(
    st.builds(
        Place, st.sampled_from(["", "tax", "civil"]), st.sampled_from(["", "cc", "nh"]), st.sampled_from(["", "cc-1"])
    ),
    st.sampled_from(["cases", "yellow", "level_1", "level_5", "absent_s"]),
)


def tallied(facts: list[tuple[Place, str]]) -> dict[Unit, Counted]:
    tally = Tally()
    for place, what in facts:
        tally.add(place, **{what: 1})
    return by_unit(tally.by_place(), SITE)


@settings(max_examples=40)
@given(st.lists(FACTS, max_size=20), st.integers())
def test_the_order_in_which_things_are_counted_tells_nothing(facts: list[tuple[Place, str]], seed: int) -> None:
    shuffled = facts[:]
    Random(seed).shuffle(shuffled)
    found = tallied(facts)
    assert tallied(shuffled) == found
    assert list(tallied(shuffled)) == list(found)
    of_tax = [what for place, what in facts if place.department == "tax"]
    counted = found.get(Unit(UnitKind.DEPARTMENT, "tax"), Counted())
    assert (counted.cases, counted.ratings[4]) == (of_tax.count("cases"), of_tax.count("level_5"))
    of_halls = [each for unit, each in found.items() if unit.kind is UnitKind.HALL]
    of_districts = [each for unit, each in found.items() if unit.kind is UnitKind.DISTRICT]
    assert sum(each.yellow for each in of_halls) == sum(each.yellow for each in of_districts)
