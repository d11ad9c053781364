"""From numbers to points: what never raises a score, what is not known, and chance in small numbers."""

import json
from dataclasses import replace
from functools import reduce
from operator import add

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import Formula, Missing, formula_of
from correlation.evaluation.ranking import Place, ranking
from correlation.evaluation.scoring import Evaluated, NoTotal, Score, evaluate
from correlation.evaluation.shares import share
from correlation.evaluation.turning import changed
from tests.correlation.evaluation.numbers import FORMULA, SOME, counts, formulas, worse


def points(evaluated: Evaluated) -> dict[str, float]:
    return {each: score.points for each, score in evaluated.indicators.items() if score is not None}


def test_an_example_is_worked_out_as_by_hand() -> None:
    found = evaluate(SOME, FORMULA)
    assert points(found) == {
        "on_time": 90.0,
        "early": 66.67,
        "satisfaction": 90.0,
        "cards": 75.0,
        "absence": 94.0,
        "data_quality": 91.83,
    }
    assert found.total is not None
    by_hand = (30 * 90 + 15 * 200 / 3 + 20 * 90 + 20 * 75 + 5 * 94 + 10 * 91.8333) / 100
    assert found.total.points == pytest.approx(by_hand, abs=0.005)
    assert found.total.low < found.total.points < found.total.high
    assert found.known == 1


@settings(max_examples=60)
@given(counts(), formulas())
def test_one_more_bad_thing_never_raises_anything(counted: Counted, formula: Formula) -> None:
    before = evaluate(counted, formula)
    for what, more in worse(counted).items():
        after = evaluate(more, formula)
        pairs = [(before.indicators[each], after.indicators[each]) for each in before.indicators]
        for was, became in [*pairs, (before.total, after.total)]:
            if was is not None and became is not None:
                assert became.points <= was.points, what
                assert became.low <= was.low, what
                assert became.high <= was.high or points(before).keys() != points(after).keys(), what


@settings(max_examples=60)
@given(counts(), formulas(), st.floats(0.01, 100))
def test_points_lie_within_their_interval_and_weights_count_in_proportion(
    counted: Counted, formula: Formula, factor: float
) -> None:
    found = evaluate(counted, formula)
    for score in (*(found.indicators[name] for name in formula.weights), found.total):
        assert score is None or 0 <= score.low <= score.points <= score.high <= 100
    for score in found.indicators.values():
        assert score is None or score.low <= score.points <= score.high
    weights = {each: weight * factor for each, weight in formula.weights.items()}
    if max(weights.values()) > 1000 or any(0 < weight < 1e-9 for weight in weights.values()):
        return
    same = evaluate(counted, changed(formula, weights))
    if found.total and same.total:
        assert same.total.points == pytest.approx(found.total.points, abs=0.011)


@settings(max_examples=30)
@given(st.lists(counts(), min_size=1, max_size=5), st.randoms())
def test_the_order_in_which_units_are_added_up_tells_nothing(parts: list[Counted], chance: st.DataObject) -> None:
    shuffled = sorted(parts, key=lambda _: chance.random())  # type: ignore[attr-defined]
    assert reduce(add, parts) == reduce(add, shuffled)


@settings(max_examples=30)
@given(counts(), formulas())
def test_the_same_points_follow_from_what_was_stored(counted: Counted, formula: Formula) -> None:
    kept = json.loads(json.dumps({"counted": counted.as_json(), "formula": formula.model_dump(mode="json")}))
    again = evaluate(Counted.from_json(kept["counted"]), Formula.model_validate(kept["formula"]))
    assert again == evaluate(counted, formula)


def test_the_weight_of_what_is_unknown_goes_to_what_is_known() -> None:
    without = replace(SOME, ratings=(0,) * 5)
    found = evaluate(without, FORMULA)
    assert found.indicators["satisfaction"] is None
    assert found.known == 0.8
    weights = {each: float(weight) for each, weight in FORMULA.weights.items()}
    same = evaluate(SOME, changed(FORMULA, {**weights, "satisfaction": 0}))
    assert found.total == same.total, "as if nobody had asked for it"


def test_there_is_no_total_of_too_little_and_none_without_cases() -> None:
    refusing = FORMULA.model_copy(update={"missing": Missing.REFUSE})
    without = replace(SOME, ratings=(0,) * 5)
    assert evaluate(SOME, refusing).total is not None
    assert evaluate(without, refusing).why is NoTotal.TOO_LITTLE
    assert evaluate(Counted(cases=5, promised=5), FORMULA).total is not None, "65 of 100"
    assert evaluate(Counted(cases=5), FORMULA).total is not None, "50 of 100"
    careful = FORMULA.model_copy(update={"least_known": 0.6})
    assert evaluate(Counted(cases=5), careful).why is NoTotal.TOO_LITTLE
    idle = evaluate(replace(SOME, cases=0, late=0, promised=0, early=0), FORMULA)
    assert (idle.total, idle.why) == (None, NoTotal.NO_CASES)
    assert idle.indicators["satisfaction"] is not None
    assert set(evaluate(Counted(), FORMULA).indicators.values()) == {None}


def test_an_appeal_and_an_absence_that_is_or_may_be_disputed_cost_nothing() -> None:
    same = replace(SOME, appealed=7, disputed_s=50_000, open_s=50_000)
    assert evaluate(same, FORMULA) == evaluate(SOME, FORMULA)


def test_few_cases_leave_much_to_chance() -> None:
    few, many = share(4, 5, 0.95), share(400, 500, 0.95)
    assert few is not None
    assert many is not None
    assert (round(few.low, 4), round(few.high, 4)) == (0.3755, 0.9638)
    assert (round(many.low, 4), round(many.high, 4)) == (0.7627, 0.8327)
    assert share(0, 0, 0.95) is None


def test_whose_intervals_overlap_share_their_places() -> None:
    totals = {
        "a": Score(90.0, 88.0, 92.0),
        "b": Score(85.0, 70.0, 95.0),
        "c": Score(60.0, 59.0, 61.0),
        "d": Score(60.0, 50.0, 69.0),
        "e": None,
    }
    assert ranking(totals) == {
        "a": Place(1, 1, 2),
        "b": Place(2, 1, 2),
        "c": Place(3, 3, 4),
        "d": Place(3, 3, 4),
    }


@pytest.mark.parametrize(
    "wrong", [{"cases": 1, "late": 2}, {"early": 1}, {"filled": 1}, {"yellow": -1}, {"watched_s": -1}]
)
def test_what_cannot_have_been_counted_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"counted|negative"):
        Counted(**wrong)  # type: ignore[arg-type]


def added(counted: Counted, **said: object) -> Score | None:
    """Of an indicator that is added to the mean."""
    indicators = [*FORMULA.model_dump()["indicators"], {"id": "x", "name": "x", "name_en": "x", **said}]
    found = evaluate(counted, formula_of({**FORMULA.model_dump(), "indicators": indicators}))
    before = evaluate(counted, FORMULA).total
    score = found.indicators["x"]
    if before is not None and found.total is not None and score is not None:
        assert found.total.points == pytest.approx(min(100, max(0, before.points + score.points)), abs=0.011)
    return score


@given(st.integers(0, 200), st.integers(1, 5), st.integers(-20, 0), st.none() | st.integers(1, 30))
def test_points_for_events_are_those_of_every_full_number_of_them_up_to_the_cap(
    reminders: int, every: int, points: int, most: int | None
) -> None:
    events = [{"event": "reminder", "points": points, "every": every}]
    score = added(replace(SOME, reminders=reminders), kind="events", events=events, most=most)
    off = -points * (reminders // every)
    assert score is not None
    assert score.points == -(off if most is None else min(off, most))


@given(st.integers(0, 1000), st.integers(1, 10))
def test_missing_data_takes_one_point_for_each_full_percent_up_to_the_cap(lacking: int, most: int) -> None:
    counted = replace(SOME, fields=1000, filled=1000 - lacking)
    score = added(counted, kind="percent", of="data_missing", points=-1, most=most)
    assert score is not None
    assert score.points == -min(most, lacking // 10)


@pytest.mark.parametrize(("days", "points"), [(20, 0), (15, 0), (14, 3), (13, 3), (12, 4), (10, 5), (0, 10)])
def test_a_promise_that_is_shorter_by_thirty_percent_gets_three_points_and_one_for_ten_more(
    days: int, points: int
) -> None:
    counted = replace(SOME, legal_days=20, promised_days=days)
    score = added(counted, kind="percent", of="shorter", points=1, step=10, first_at=30, first=3)
    assert score is not None
    assert score.points == points


def test_what_was_not_counted_then_is_not_known_and_is_no_nothing() -> None:
    events = [{"event": "reminder", "points": -1}]
    assert SOME.reminders is None
    assert added(SOME, kind="events", events=events) is None
    assert added(SOME, kind="percent", of="shorter", points=1) is None
    assert (SOME + replace(SOME, reminders=3)).reminders is None


@settings(max_examples=30)
@given(st.lists(st.integers(0, 500), max_size=40), st.integers(1, 400))
def test_other_hours_are_tried_from_how_early_each_case_ended(leads: list[int], hours: int) -> None:
    kept = tuple((lead, leads.count(lead)) for lead in sorted(set(leads)))
    counted = Counted(cases=len(leads), promised=len(leads), early=sum(lead >= 24 for lead in leads), leads=kept)
    again = Counted.from_json(json.loads(json.dumps(counted.as_json())))
    recounted = replace(counted, early=sum(lead >= hours for lead in leads), leads=None)
    found = evaluate(again, changed(FORMULA, {"early_hours": hours})).indicators["early"]
    assert found == evaluate(recounted, FORMULA).indicators["early"]


OPENNESS = {"id": "openness", "name": "公开", "name_en": "Openness", "kind": "entered"}


def judged(counted: Counted, weight: float = 10, **more: object) -> Evaluated:
    indicators = [*FORMULA.model_dump()["indicators"], {**OPENNESS, "weight": weight}]
    return evaluate(counted, formula_of({**FORMULA.model_dump(), "indicators": indicators, **more}))


def test_an_entered_figure_counts_by_its_share_of_its_maximum() -> None:
    found = judged(replace(SOME, entered=(("openness", 850, 1000), ("fees", 100, 1000))))
    without = evaluate(SOME, FORMULA).total
    assert found.indicators["openness"] == Score(85, 85, 85)
    assert found.total is not None
    assert without is not None
    assert found.total.points == pytest.approx((100 * without.points + 10 * 85) / 110, abs=0.01)


@pytest.mark.parametrize("entered", [None, (), (("fees", 100, 1000),)])
def test_what_nobody_entered_is_not_known_and_is_no_nothing(entered: tuple[tuple[str, int, int], ...] | None) -> None:
    found = judged(replace(SOME, entered=entered))
    assert found.indicators["openness"] is None
    assert found.known == round(100 / 110, 4)
    assert found.total == evaluate(SOME, FORMULA).total, "its weight goes to what is known"
    assert judged(replace(SOME, entered=entered), missing="refuse").why is NoTotal.TOO_LITTLE
    assert judged(replace(SOME, entered=(("openness", 0, 1000),))).indicators["openness"] == Score(0, 0, 0)


def test_figures_of_several_months_are_those_of_all_or_not_known() -> None:
    one, other = replace(SOME, entered=(("openness", 800, 1000),)), replace(SOME, entered=(("openness", 100, 500),))
    assert (one + other).entered == (("openness", 900, 1500),)
    assert (one + replace(SOME, entered=())).entered == ()
    assert (one + SOME).entered is None


@pytest.mark.parametrize("value", [-1, 1001])
def test_a_figure_lies_between_nothing_and_its_maximum(value: int) -> None:
    with pytest.raises(ValueError, match="its maximum"):
        replace(SOME, entered=(("openness", value, 1000),))
