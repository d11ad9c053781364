"""Formulas that were kept when there were six indicators with a scale for each say what they said then."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import FormulaProblem, formula_of
from correlation.evaluation.keeping import formulas
from correlation.evaluation.scoring import evaluate
from correlation.evaluation.shares import share
from storage.database import Database
from storage.models import EvaluationFormula
from tests.correlation.evaluation.numbers import FORMULA, counts

NAMES = ("on_time", "early", "satisfaction", "cards", "absence", "data_quality")
BEFORE: dict[str, Any] = {
    "version": "foshan-2026-1",
    "effective": "2026-01-01",
    "source": "佛政数〔2026〕1号",
    "missing": "spread",
    "least_known": 0.5,
    "confidence": 0.95,
    "weights": {"on_time": 30, "early": 15, "satisfaction": 20, "cards": 20, "absence": 5, "data_quality": 10},
    "scales": {
        "early_hours": 24,
        "early_full": 0.5,
        "satisfied_from": 3,
        "yellow_points": 5,
        "red_points": 10,
        "absence_zero": 0.1,
    },
}


def by_hand(counted: Counted, said: dict[str, Any]) -> dict[str, float | None]:
    """As the points were worked out then."""
    scales = said["scales"]

    def scaled(part: int, whole: int, full: float = 1.0) -> float | None:
        found = share(part, whole, said["confidence"])
        return None if found is None else 100 * min(1.0, found.point / full)

    off = counted.yellow * scales["yellow_points"] + counted.red * scales["red_points"]
    watched, absent = counted.watched_s, counted.absent_s
    data = counted.steps and counted.fields
    return {
        "on_time": scaled(counted.cases - counted.late, counted.cases),
        "early": scaled(counted.early, counted.promised, scales["early_full"]),
        "satisfaction": scaled(sum(counted.ratings[scales["satisfied_from"] - 1 :]), sum(counted.ratings)),
        "cards": max(0.0, 100 - off) if counted.cases or counted.yellow or counted.red else None,
        "absence": max(0.0, 100 * (1 - absent / watched / scales["absence_zero"])) if watched else None,
        "data_quality": 100 * counted.filled / counted.fields * (1 - counted.steps_late / counted.steps)
        if data
        else None,
    }


@given(counts(), st.fixed_dictionaries(dict.fromkeys(NAMES, st.integers(0, 100))).filter(lambda w: any(w.values())))
def test_a_month_of_then_has_the_points_of_then(counted: Counted, weights: dict[str, int]) -> None:
    said = {**BEFORE, "weights": weights, "least_known": 0}
    found, expected = evaluate(counted, formula_of(json.loads(json.dumps(said)))), by_hand(counted, said)
    for name in NAMES:
        score, points = found.indicators[name], expected[name]
        assert (score and score.points) == (None if points is None else pytest.approx(points, abs=0.0051))
    known = {name: points for name, points in expected.items() if points is not None}
    weight = sum(weights[name] for name in known)
    if found.total is not None:
        mean = sum(weights[name] * points for name, points in known.items()) / weight
        assert found.total.points == pytest.approx(mean, abs=0.0051)


def test_the_formula_that_comes_along_is_the_one_that_came_along_then() -> None:
    assert formula_of(BEFORE).indicators == FORMULA.indicators
    assert formula_of(BEFORE).early_hours == FORMULA.early_hours


def test_an_added_version_of_then_is_read_as_it_is_kept_and_not_written_again(database: Database) -> None:
    with database.transaction() as session:
        day = date(2026, 1, 1)
        kept = EvaluationFormula(
            version="foshan-2026-1",
            effective=day,
            content=BEFORE,
            added_at=datetime(2026, 1, 1, tzinfo=UTC),
            added_by="何敏",
        )
        session.add(kept)
    with database.transaction() as session:
        newest = formulas(session)[-1]
        assert (newest.version, dict(newest.weights)["cards"]) == ("foshan-2026-1", 20)
        assert session.exec(select(EvaluationFormula.content)).one() == BEFORE


def test_what_was_wrong_then_is_wrong_now() -> None:
    without = {name: weight for name, weight in BEFORE["weights"].items() if name != "early"}
    for change, field in (
        ({"weights": without}, "weights"),
        ({"weights": {**BEFORE["weights"], "luck": 1}}, "weights"),
        ({"weights": dict.fromkeys(NAMES, 0)}, "weights"),
        ({"scales": {**BEFORE["scales"], "rot": 1}}, "scales.rot"),
        ({"scales": {**BEFORE["scales"], "red_points": -1}}, "scales.red_points"),
    ):
        with pytest.raises(FormulaProblem) as raised:
            formula_of({**BEFORE, **change})
        assert list(raised.value.problems) == [field]
