"""The formula is data: its versions, and what is refused with a word about what to do."""

from datetime import date
from typing import Any

import pytest

from correlation.evaluation.formula import Formula, FormulaProblem, formula_of, in_force, parse_formulas, template_text
from correlation.evaluation.formula_text import as_text
from correlation.evaluation.turning import changed, numbers_of
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


def with_indicator(position: int, **more: object) -> list[dict[str, Any]]:
    said = FORMULA.model_dump(mode="json")["indicators"]
    said[position] |= more
    return [{name: value for name, value in each.items() if value is not ...} for each in said]


def test_indicators_that_cannot_be_used_are_refused_with_what_to_do() -> None:
    assert list(problems(indicators=with_indicator(3, weight=-1))) == ["indicators.3.weight"]
    nothing = [{**each, "weight": 0} for each in FORMULA.model_dump()["indicators"]]
    assert "give at least one" in problems(indicators=nothing)["indicators"]
    assert "two indicators cards" in problems(indicators=with_indicator(0, id="cards"))["indicators"]
    assert "finite" in problems(indicators=with_indicator(3, weight=float("nan")))["indicators.3.weight"]
    assert list(problems(indicators=with_indicator(0, of="luck"))) == ["indicators.0.of"]
    assert "kind" in problems(indicators=with_indicator(0, kind="luck"))["indicators.0"]
    assert "take it out" in problems(indicators=with_indicator(0, most=3))["indicators.0.most"]
    assert "is missing" in problems(indicators=with_indicator(0, name=...))["indicators.0.name"]


def test_what_is_bad_never_adds_points_and_what_is_good_takes_none() -> None:
    red = [{"event": "red", "points": 1}]
    assert "may only take points off" in problems(indicators=with_indicator(3, events=red))["indicators.3.events.0"]
    assert "less is better" in problems(indicators=with_indicator(4, full=1, none=0))["indicators.4"]
    assert "more is better" in problems(indicators=with_indicator(0, full=0, none=1))["indicators.0"]
    best = [{"event": "best_rating", "points": 1}]
    assert "leave out `weight`" in problems(indicators=with_indicator(3, events=best))["indicators.3"]
    added = {"id": "x", "name": "x", "name_en": "x", "kind": "percent", "of": "early", "points": -1}
    assert "may only add points" in problems(indicators=[*with_indicator(0), added])["indicators.6"]


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


def test_numbers_are_changed_for_a_simulation_alone() -> None:
    other = changed(FORMULA, {"cards": 60, "cards.red": -25, "early_hours": 48})
    assert (other.weights["cards"], other.early_hours) == (60, 48)
    assert dict(numbers(other))["cards.red"] == -25
    assert dict(numbers(FORMULA))["cards.red"] == -10
    with pytest.raises(FormulaProblem):
        changed(FORMULA, {"cards": 1e9})
    with pytest.raises(FormulaProblem, match=r"luck\.full"):
        changed(FORMULA, {"luck.full": 1})


def numbers(formula: Formula) -> list[tuple[str, float]]:
    return [(each.name, each.value) for each in numbers_of(formula)]


def test_a_formula_is_written_as_the_text_that_is_read_as_the_same() -> None:
    for formula in (FORMULA, *parse_formulas(template_text())):
        awkward = formula.model_copy(update={"source": 'a "b"\n\\c\t佛山 \x7f'})
        assert parse_formulas(as_text(awkward)) == (awkward,)


def test_the_template_is_the_whole_of_an_evaluation_in_use() -> None:
    [template] = parse_formulas(template_text())
    assert template.weights == {
        "openness": 10,
        "process": 14,
        "time": 14,
        "fees": 8,
        "satisfaction": 10,
        "attitude": 10,
        "inspection": 14,
        "liability": 10,
        "integrity": 10,
    }
    assert sum(template.weights.values()) == 100
    judged = {"openness", "process", "fees", "inspection", "liability", "integrity"}
    assert {each.id for each in template.indicators if each.kind == "entered"} == judged
