"""What a formula rests on is what changes its points."""

from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given, settings

from correlation.evaluation.behind import ALWAYS, BY_FORMULA, is_behind, kept_by, kept_kinds, levels_behind
from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import Formula, formula_of
from correlation.evaluation.indicators import weight_of
from correlation.evaluation.scoring import evaluate
from storage.models import MarkKind
from tests.correlation.evaluation.numbers import ADDING, FORMULA, IN_USE, NAMED, counts, formulas, worse

MARKED = {
    "late case": {(MarkKind.LATE_CASE, "legal")},
    "late promised case": {(MarkKind.LATE_CASE, "legal"), (MarkKind.NOT_EARLY, "legal")},
    "yellow card": {(MarkKind.CARD, "yellow")},
    "red card": {(MarkKind.CARD, "red")},
    "reminder": {(MarkKind.REMINDER, "")},
    "bad rating": {(MarkKind.BAD_RATING, "1")},
    "second of absence": {(MarkKind.ABSENCE, "1")},
    "late step": {(MarkKind.STEP_TOLD_LATE, "")},
}
"""The marks of each bad thing more."""


def of(indicator: dict[str, Any]) -> Formula:
    whole = {**NAMED, "id": "whole", "kind": "entered", "weight": 1}
    return formula_of({**FORMULA.model_dump(), "indicators": [whole, {**NAMED, "id": "i", **indicator}]})


@settings(max_examples=60)
@given(counts(), formulas())
def test_what_is_not_behind_it_changes_no_points(counted: Counted, formula: Formula) -> None:
    assume(counted.cases)
    weighed = {each.id for each in formula.indicators if weight_of(each) != 0}
    before = evaluate(counted, formula).indicators
    known = {name for name, score in before.items() if score is not None} & weighed
    for name, after in worse(counted).items():
        if not any(is_behind(formula, *mark) for mark in MARKED[name]):
            found = evaluate(after, formula).indicators
            assert {each: found[each] for each in known} == {each: before[each] for each in known}, name


def test_the_formula_that_comes_along_counts_no_reminder_and_the_one_in_use_does() -> None:
    assert not is_behind(FORMULA, MarkKind.REMINDER)
    assert is_behind(IN_USE, MarkKind.REMINDER)
    assert [kind for kind in ALWAYS if not is_behind(FORMULA, kind, "red" if kind is MarkKind.CARD else "1")] == [
        MarkKind.REMINDER
    ]


def test_a_formula_keeps_most_cases_and_ratings_only_where_its_points_rest_on_them() -> None:
    assert set(kept_kinds(FORMULA)) == ALWAYS
    assert set(kept_kinds(IN_USE)) == ALWAYS | {MarkKind.EARLY_CASE, MarkKind.SHORTER}
    assert set(kept_kinds(ADDING)) == ALWAYS | BY_FORMULA
    levels = {kind: levels_behind(ADDING, kind) for kind in MarkKind}
    assert {kind: found for kind, found in levels.items() if found} == {
        MarkKind.BAD_RATING: (1, 2),
        MarkKind.LOW_RATING: (3, 4),
        MarkKind.GOOD_RATING: (5,),
    }


@given(formulas())
def test_what_is_kept_is_what_is_always_kept_or_behind_the_points(formula: Formula) -> None:
    keeps = kept_by(formula)
    for kind, level in product(MarkKind, ("3", "4", "5")):
        assert keeps(kind, level) == (kind in ALWAYS or is_behind(formula, kind, level)), (kind, level)


@pytest.mark.parametrize(
    ("indicator", "kind", "detail", "is_in"),
    [
        ({"kind": "events", "events": [{"event": "red", "points": -1}]}, MarkKind.CARD, "red", True),
        ({"kind": "events", "events": [{"event": "red", "points": -1}]}, MarkKind.CARD, "yellow", False),
        ({"kind": "events", "events": [{"event": "red", "points": 0}]}, MarkKind.CARD, "red", False),
        ({"kind": "events", "weight": 0, "events": [{"event": "red", "points": -1}]}, MarkKind.CARD, "red", False),
        ({"kind": "share", "of": "satisfaction", "weight": 1, "from_level": 2}, MarkKind.BAD_RATING, "1", True),
        ({"kind": "share", "of": "satisfaction", "weight": 1, "from_level": 2}, MarkKind.BAD_RATING, "2", False),
        ({"kind": "events", "events": [{"event": "bad_rating", "points": -1}]}, MarkKind.BAD_RATING, "2", True),
        ({"kind": "percent", "of": "data_missing", "points": -1}, MarkKind.FIELDS_MISSING, "operator", True),
        ({"kind": "percent", "of": "data_missing", "points": -1}, MarkKind.STEP_TOLD_LATE, "", False),
        ({"kind": "share", "of": "satisfaction", "weight": 1, "from_level": 4}, MarkKind.LOW_RATING, "3", True),
        ({"kind": "share", "of": "satisfaction", "weight": 1, "from_level": 4}, MarkKind.LOW_RATING, "4", False),
        ({"kind": "share", "of": "satisfaction", "weight": 1, "from_level": 4}, MarkKind.GOOD_RATING, "5", False),
        ({"kind": "percent", "of": "satisfaction", "points": 1, "from_level": 4}, MarkKind.GOOD_RATING, "4", True),
        ({"kind": "percent", "of": "satisfaction", "points": 1, "from_level": 4}, MarkKind.LOW_RATING, "3", True),
        ({"kind": "events", "events": [{"event": "best_rating", "points": 1}]}, MarkKind.GOOD_RATING, "5", True),
        ({"kind": "events", "events": [{"event": "best_rating", "points": 1}]}, MarkKind.GOOD_RATING, "4", False),
        ({"kind": "events", "events": [{"event": "early_case", "points": 1}]}, MarkKind.EARLY_CASE, "30", True),
        ({"kind": "percent", "of": "early", "points": 1}, MarkKind.EARLY_CASE, "30", True),
        ({"kind": "percent", "of": "early", "points": 1}, MarkKind.NOT_EARLY, "", True),
        ({"kind": "share", "of": "early", "weight": 1}, MarkKind.EARLY_CASE, "30", False),
        ({"kind": "percent", "of": "on_time", "points": 1}, MarkKind.IN_TIME, "", True),
        ({"kind": "share", "of": "shorter", "weight": 1}, MarkKind.SHORTER, "20 5", True),
        ({"kind": "percent", "of": "data_quality", "points": 1}, MarkKind.STEP_TOLD_LATE, "", True),
        ({"kind": "percent", "of": "told_late", "points": -1}, MarkKind.STEP_TOLD_LATE, "", True),
        ({"kind": "share", "of": "absence", "weight": 0, "full": 0, "none": 0.1}, MarkKind.ABSENCE, "600", False),
    ],
)
def test_a_formula_rests_on_what_its_indicators_count(
    indicator: dict[str, Any], kind: MarkKind, detail: str, is_in: bool
) -> None:
    assert is_behind(of(indicator), kind, detail) is is_in
