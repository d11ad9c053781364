"""What may have been counted of a unit, at random."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import Formula, formula_of, parse_formulas, shipped_formulas, template_text
from correlation.evaluation.turning import changed

FORMULA = shipped_formulas()[-1]
SOME = Counted(
    cases=40,
    late=4,
    promised=30,
    early=10,
    ratings=(1, 1, 3, 5, 10),
    yellow=3,
    red=1,
    absent_s=600,
    watched_s=100_000,
    steps=100,
    steps_late=5,
    fields=300,
    filled=290,
)


NAMED = {"name": "指标", "name_en": "Indicator"}
(IN_USE,) = parse_formulas(template_text())
ADDING = formula_of(
    {
        **IN_USE.model_dump(),
        "indicators": [
            *(
                {**each.model_dump(), "from_level": 5} if each.id == "satisfaction" else each.model_dump()
                for each in IN_USE.indicators
            ),
            {**NAMED, "id": "best", "kind": "events", "events": [{"event": "best_rating", "points": 1}]},
            {**NAMED, "id": "punctual", "kind": "percent", "of": "on_time", "points": 1, "step": 10},
        ],
    }
)
"""It rests on ratings of levels 3 and 4, too, and adds points for all that points can be added for one by one."""


@st.composite
def counts(draw: st.DrawFn) -> Counted:
    def below(most: int) -> int:
        return draw(st.integers(0, most))

    cases, steps, fields = below(3000), below(5000), below(5000)
    promised, watched = below(cases), below(10**7)
    return Counted(
        cases=cases,
        late=below(cases),
        promised=promised,
        early=below(promised),
        ratings=tuple(below(50) for _ in range(5)),
        yellow=below(10),
        red=below(5),
        appealed=below(3),
        absent_s=below(watched),
        disputed_s=below(10**5),
        open_s=below(10**5),
        watched_s=watched,
        steps=steps,
        steps_late=below(steps),
        fields=fields,
        filled=below(fields),
        reminders=draw(st.none() | st.integers(0, 20)),
        legal_days=20 * cases,
        promised_days=draw(st.integers(0, 20)) * cases,
        with_both_limits=draw(st.none() | st.just(cases)),
        entered=draw(st.none() | st.just(()) | st.integers(0, 1000).map(lambda value: (("openness", value, 1000),))),
    )


@st.composite
def formulas(draw: st.DrawFn) -> Formula:
    weight = st.floats(0, 1000, allow_nan=False)
    weights = draw(
        st.fixed_dictionaries({each.id: weight for each in FORMULA.indicators}).filter(lambda w: any(w.values()))
    )
    numbers = weights | {
        "early.full": draw(st.floats(0.05, 1)),
        "satisfaction.from_level": draw(st.integers(2, 5)),
        "cards.yellow": draw(st.floats(-20, 0)),
        "cards.red": draw(st.floats(-20, 0)),
        "absence.none": draw(st.floats(0.01, 1)),
    }
    turned = changed(FORMULA, numbers)
    added = draw(st.lists(st.sampled_from(ADDED), unique_by=lambda each: each["id"], max_size=len(ADDED)))
    said = {**turned.model_dump(), "indicators": [*turned.model_dump()["indicators"], *added]}
    return formula_of(said).model_copy(update={"least_known": draw(st.floats(0, 1))})


ADDED: list[dict[str, Any]] = [
    {"id": "missing", "kind": "percent", "of": "data_missing", "points": -1, "most": 5},
    {"id": "early_share", "kind": "percent", "of": "early", "points": 1, "step": 10},
    {"id": "shorter", "kind": "percent", "of": "shorter", "points": 1, "step": 10, "first_at": 30, "first": 3},
    {
        "id": "taken",
        "kind": "events",
        "events": [
            {"event": "reminder", "points": -3, "every": 3},
            {"event": "late_case", "points": -0.5},
            {"event": "bad_rating", "points": -2},
        ],
        "most": 20,
    },
    {"id": "best", "kind": "events", "events": [{"event": "best_rating", "points": 0.1}], "most": 5},
    {"id": "openness", "kind": "entered", "weight": 10},
    {"id": "shorter_share", "kind": "share", "of": "shorter", "weight": 14},
]
"""Every kind, beside those of the formula that comes along."""
for each in ADDED:
    each |= NAMED


def worse(counted: Counted) -> dict[str, Counted]:
    """The same and one bad thing more."""
    reminders = None if counted.reminders is None else counted.reminders + 1
    bad = (counted.ratings[0] + 1, *counted.ratings[1:])
    return {
        "late case": replace(counted, cases=counted.cases + 1, late=counted.late + 1),
        "late promised case": replace(
            counted, cases=counted.cases + 1, late=counted.late + 1, promised=counted.promised + 1
        ),
        "yellow card": replace(counted, yellow=counted.yellow + 1),
        "reminder": replace(counted, reminders=reminders),
        "red card": replace(counted, red=counted.red + 1),
        "bad rating": replace(counted, ratings=bad),
        "second of absence": replace(counted, absent_s=counted.absent_s + 1),
        "late step": replace(counted, steps=counted.steps + 1, steps_late=counted.steps_late + 1),
    }
