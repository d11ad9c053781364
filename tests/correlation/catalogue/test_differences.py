"""What a version of an entry says otherwise."""

import json
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from correlation.catalogue.differences import LISTS, Difference, differences

LIMIT = st.integers(0, 3) | st.none()
NAMED = st.fixed_dictionaries({"name": st.sampled_from("ab"), "amount": st.sampled_from(["1.00", "2.00"])})
LINK = st.fixed_dictionaries({"kind": st.sampled_from(["accept", "decide"]), "limit": LIMIT})
ENTRIES = st.fixed_dictionaries(
    {
        "legal_limit": LIMIT,
        "links": st.lists(LINK, max_size=3),
        "fees": st.lists(NAMED, max_size=3),
        "conditions": st.lists(st.sampled_from("xyz"), max_size=3),
    }
)


def written(element: object) -> str:
    return json.dumps(element, sort_keys=True)


@settings(max_examples=30)
@given(ENTRIES, ENTRIES)
def test_there_is_a_difference_where_entries_are_not_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (differences(one, other) == ()) == (one == other)
    assert all(each.before != each.after for each in differences(one, other))


@settings(max_examples=30)
@given(ENTRIES, ENTRIES)
def test_differences_lead_from_the_one_list_to_the_other(one: dict[str, Any], other: dict[str, Any]) -> None:
    for field in one.keys() & LISTS.keys():
        elements = Counter(map(written, one[field]))
        for found in differences(one, other):
            if found.field == field and not isinstance(found.before, list):
                elements[written(found.before)] -= found.before is not None
                elements[written(found.after)] += found.after is not None
        assert +elements == Counter(map(written, other[field]))


def test_a_fee_of_the_same_name_is_changed_and_not_taken_away_and_added() -> None:
    cheap, dear = {"name": "工本费", "amount": "10.00"}, {"name": "工本费", "amount": "12.00"}
    assert differences({"fees": [cheap]}, {"fees": [dear]}) == (Difference("fees", cheap, dear),)
    assert differences({}, {"fees": [dear], "legal_limit": None}) == (Difference("fees", None, dear),)
