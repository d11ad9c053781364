"""What may have been counted of a unit, at random."""

from dataclasses import replace

from hypothesis import strategies as st

from correlation.evaluation.counted import Counted
from correlation.evaluation.formula import Formula, Indicator, changed, shipped_formulas

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
    )


@st.composite
def formulas(draw: st.DrawFn) -> Formula:
    weight = st.floats(0, 1000, allow_nan=False)
    weights = draw(st.fixed_dictionaries({each.value: weight for each in Indicator}).filter(lambda w: any(w.values())))
    scales = {
        "early_full": draw(st.floats(0.05, 1)),
        "satisfied_from": draw(st.integers(2, 5)),
        "yellow_points": draw(st.floats(0, 20)),
        "red_points": draw(st.floats(0, 20)),
        "absence_zero": draw(st.floats(0.01, 1)),
    }
    return changed(FORMULA, weights, scales).model_copy(update={"least_known": draw(st.floats(0, 1))})


def worse(counted: Counted) -> dict[str, Counted]:
    """The same and one bad thing more."""
    bad = (counted.ratings[0] + 1, *counted.ratings[1:])
    return {
        "late case": replace(counted, cases=counted.cases + 1, late=counted.late + 1),
        "late promised case": replace(
            counted, cases=counted.cases + 1, late=counted.late + 1, promised=counted.promised + 1
        ),
        "yellow card": replace(counted, yellow=counted.yellow + 1),
        "red card": replace(counted, red=counted.red + 1),
        "bad rating": replace(counted, ratings=bad),
        "second of absence": replace(counted, absent_s=counted.absent_s + 1),
        "late step": replace(counted, steps=counted.steps + 1, steps_late=counted.steps_late + 1),
    }
