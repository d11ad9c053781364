"""The formula is data: its versions, and what is refused with a word about what to do."""

from datetime import date

import pytest

from correlation.evaluation.formula import FormulaProblem, changed, formula_of, in_force, parse_formulas
from tests.correlation.evaluation.numbers import FORMULA


def problems(**said: object) -> dict[str, str]:
    with pytest.raises(FormulaProblem) as raised:
        formula_of({**FORMULA.model_dump(), **said})
    return raised.value.problems


def test_the_newest_version_that_has_taken_effect_holds() -> None:
    older, newer = FORMULA, FORMULA.model_copy(update={"version": "2027", "effective": date(2027, 1, 1)})
    both = [newer, older]
    assert in_force(both, date(2026, 12, 31)) is older
    assert in_force(both, date(2027, 1, 1)) is newer
    assert in_force(both, date(2025, 12, 31)) is None
    revised = older.model_copy(update={"version": "usual-2026-b"})
    assert in_force([older, revised], date(2026, 5, 1)) is revised


def test_the_one_that_comes_along_names_its_source() -> None:
    assert "51号" in FORMULA.source
    assert FORMULA.effective == date(2026, 1, 1)


def test_weights_that_cannot_be_used_are_refused_with_what_to_do() -> None:
    weights = {each.value: weight for each, weight in FORMULA.weights.items()}
    assert problems(weights={**weights, "cards": -1}) == {"weights.cards": "Input should be greater than or equal to 0"}
    assert "give at least one" in problems(weights=dict.fromkeys(weights, 0))["weights"]
    del weights["early"]
    assert "say the weight of early too" in problems(weights=weights)["weights"]
    assert "weights.luck" in problems(weights={**weights, "luck": 1})
    assert "finite" in problems(weights={**weights, "cards": float("nan")})["weights.cards"]


def test_fields_that_are_missing_wrong_or_unknown_are_named() -> None:
    said = {**FORMULA.model_dump(), "surprise": 1, "missing": "zero"}
    del said["source"]
    with pytest.raises(FormulaProblem) as raised:
        formula_of(said)
    found = raised.value.problems
    assert found["surprise"] == "is not known; take it out"
    assert "is missing" in found["source"]
    assert "'spread' or 'refuse'" in found["missing"]


@pytest.mark.parametrize(("text", "said"), [("[[", "no TOML"), ("formula = 1", "[[formula]]"), ("", "[[formula]]")])
def test_a_file_that_holds_no_formula_is_refused(text: str, said: str) -> None:
    with pytest.raises(FormulaProblem, match="formula") as raised:
        parse_formulas(text)
    assert said in str(raised.value)


def test_weights_and_scales_are_changed_for_a_simulation_alone() -> None:
    other = changed(FORMULA, {"cards": 60}, {"red_points": 25})
    assert (other.weights["cards"], other.scales.red_points) == (60, 25)  # type: ignore[index]
    assert FORMULA.scales.red_points == 10
    with pytest.raises(FormulaProblem):
        changed(FORMULA, {"cards": 1e9}, {})
