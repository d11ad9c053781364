"""The reference names every rule with its value, its source and the day from which it holds."""

import re
from pathlib import Path

from correlation.deadlines.rules import CardRules, Law, shipped_rules
from correlation.disputes.rules import shipped_dispute_rules
from correlation.evaluation.formula import shipped_formulas
from correlation.supervision.rules import shipped_call_back_rules
from storage.models import CardCause

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "rules.md").read_text("utf-8")


def rows() -> dict[str, list[str]]:
    """By the name of the rule."""
    lines = (line.strip("| ").split(" | ") for line in REFERENCE.splitlines() if line.startswith("| `"))
    return {cells[0].strip("`"): cells[1:] for cells in lines}


def test_each_rule_of_the_law_has_its_value_and_its_article() -> None:
    (law,) = shipped_rules().laws
    assert _is_named(law)
    for name, source in law.sources.items():
        value = getattr(law, name)
        if isinstance(value, int):
            assert re.search(rf"\b{value}\b", rows()[name][0]), name
        assert rows()[name][-1] == source
    assert {reason.value.replace("_", " ") for reason in law.suspends} <= set(
        re.split(r", |; and a ", rows()["suspends"][0])
    )


def test_where_a_limit_begins_and_ends_has_its_article() -> None:
    assert "The day on which a limit begins does not count" in REFERENCE
    assert {"民法典 第二百零一条", "民法典 第二百零三条第二款"} <= set(re.findall(r"民法典 [^):]+", REFERENCE))


def test_each_kind_of_card_has_its_source_and_the_numbers_in_force() -> None:
    (cards,) = shipped_rules().cards
    assert _is_named(cards)
    found = {name: cells for name, cells in rows().items() if name in list(CardCause)}
    assert {name: cells[-1] for name, cells in found.items()} == {
        cause.value: cards.sources[cause] for cause in CardCause
    }
    conduct = cards.conduct
    numbers = {
        CardCause.DUE_SOON: (cards.ahead.days, cards.ahead.hours),
        CardCause.PAST_PROMISED: (cards.correction_days,),
        CardCause.LINK_SKIPPED: (conduct.grace_days,),
        CardCause.LINK_REORDERED: (conduct.grace_days,),
        CardCause.FEE_UNLISTED: (conduct.grace_days,),
        CardCause.REFUSED_WITHOUT_REASON: (conduct.grace_days,),
        CardCause.DATA_MISSING: (conduct.grace_days,),
        CardCause.PAUSED_AT_LIMIT: (conduct.pause_days,),
        CardCause.ENTERED_IN_BATCH: (conduct.batch_cases, conduct.back_dated_days),
        CardCause.BACK_DATED: (conduct.back_dated_days,),
    }
    for cause, values in numbers.items():
        assert {str(value) for value in values} <= set(re.findall(r"\d+", found[cause][2])), cause
    assert f"explained within {cards.explain_days} working days" in REFERENCE


def test_what_people_may_do_and_the_formula_are_named_with_their_days() -> None:
    (disputes,) = shipped_dispute_rules()
    assert f"{disputes.dispute_days} working days each" in REFERENCE
    assert disputes.dispute_days == disputes.decide_days
    (call_backs,) = shipped_call_back_rules()
    assert f"{call_backs.days} working days" in REFERENCE
    assert call_backs.source in REFERENCE
    versions = [(disputes.version, disputes.effective), (call_backs.version, call_backs.effective)]
    versions += [(formula.version, formula.effective) for formula in shipped_formulas()]
    for version, effective in versions:
        assert version in REFERENCE
        assert effective.isoformat() in REFERENCE


def _is_named(rules: Law | CardRules) -> bool:
    return f"Version `{rules.version}`, for cases received from {rules.effective.isoformat()} on" in REFERENCE
