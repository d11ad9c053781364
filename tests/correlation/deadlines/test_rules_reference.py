"""The reference names every rule with its value, its source and the day from which it holds."""

import ast
import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from importlib import import_module
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from correlation.deadlines.rules import CardRules, Law, shipped_rules
from correlation.disputes.rules import shipped_dispute_rules
from correlation.evaluation import reading_steps
from correlation.evaluation.formula import shipped_formulas
from correlation.supervision.rules import shipped_call_back_rules
from ingest.approvals import reconciliation
from ingest.approvals.reconciliation import reconcile
from storage.database import Database
from storage.models import CardCause, UnitKind
from tests.correlation.evaluation.city import (
    COUNTED_AT,
    ZONE,
    a_case_that_nobody_answers,
    local,
    step,
    tell,
    unit,
    worked,
)

ROOT = Path(__file__).parents[3]
REFERENCE = (ROOT / "docs" / "reference" / "rules.md").read_text("utf-8")
TECHNICAL = {
    "correlation.comparing": "how much is read at once",
    "correlation.deadlines.asking": "what is looked through again",
    "correlation.deadlines.conduct._MOMENT": "the smallest step of a clock",
    "correlation.deadlines.clocks._MOMENT": "the smallest step of a clock",
    "correlation.deadlines.clocks._USUALLY_AHEAD": "before the first rules for cards, which raise none",
    "correlation.deadlines.counting": "how far is counted, and how much of it remembered",
    "correlation.deadlines.derivation": "how much of a derivation is shown",
    "correlation.deadlines.entered_at_once": "how much is read at once",
    "correlation.deadlines.ground": "what is reckoned anew",
    "correlation.deadlines.keeping": "how much is reckoned at once",
    "correlation.deadlines.moving": "what is looked at again",
    "correlation.deadlines.observing.MOST_BESIDE": "so many of a batch are counted, far above any rule's number",
    "correlation.deadlines.replaying.PORTION": "how much is read at once",
    "correlation.deadlines.trying": "how much is tried at once",
    "correlation.disputes.voices._RUNS_AT_MOST": "what is looked at again",
    "correlation.evaluation.going_on": "how much is done between two looks at the clock",
    "correlation.evaluation.counted.HUNDREDTHS": "how a figure is kept",
    "correlation.evaluation.counted.MOST_HOURS": "so early an end is counted, far beyond any formula's hours",
    "correlation.evaluation.measuring.FULL": "points in all, which the formula shares out",
    "correlation.evaluation.measuring._PLACES": "how a percentage is rounded before its full steps are counted",
    "correlation.evaluation.reading._CARDS_AT_ONCE": "how much is read at once",
    "correlation.evaluation.reading._DAY": "a day",
    "correlation.evaluation.reading_steps._DAY": "a day",
    "correlation.evaluation.reading_cases._BATCH": "how much is read at once",
    "correlation.evaluation.writing": "how much is written at once",
    "correlation.examining": "when a step is looked at, and how much at once",
    "correlation.linking": "what a clip shows, and when it is looked for",
    "correlation.moved": "what is looked at again",
    "correlation.newcomers": "what is looked at again, and how much at once",
    "correlation.rule_files": "how long a name may be",
    "correlation.sight": "how much presence is read for a step",
    "correlation.supervision.call_backs._AT_ONCE": "how much is read at once",
    "correlation.targets": "when a step is looked at again",
}
"""Modules and constants that decide when or how much at once something is done, and accuse nobody of anything."""


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


def test_each_measure_that_no_version_holds_has_its_value_and_its_source() -> None:
    told = {name: cells for name, cells in rows().items() if name.count(".") > 1}
    found = {name for name in _constants() if not any(f"{name}.".startswith(f"{known}.") for known in TECHNICAL)}
    assert set(told) == found
    for name, (value, decides, source) in told.items():
        module, _, constant = name.rpartition(".")
        assert value == _words(getattr(import_module(module), constant)), name
        assert min(len(decides), len(source)) > 5, name


@pytest.mark.parametrize("field", ["operator", "item", "department", "counter"])
def test_what_the_reference_says_is_expected_of_a_step_is_what_counts_as_missing(
    sqlite_database: Database, field: str
) -> None:
    a_case_that_nobody_answers(sqlite_database, "2026-05-06T10:00")
    said = {"item": "X-9", field: ""}  # the catalogue would tell the department of an item that it knows
    tell(sqlite_database, [step("G", 1, "accept", "2026-05-27T10:00", **said)], local("2026-05-27T20:00"))
    counted = unit(worked(sqlite_database), UnitKind.DISTRICT, "chancheng").counted
    with sqlite_database.transaction() as session:
        (day,) = reconcile(session, "platform", date(2026, 5, 27), date(2026, 5, 27), ZoneInfo(ZONE), COUNTED_AT)
    lacks = {
        "correlation.evaluation.reading_steps.EXPECTED": counted.fields - counted.filled,
        "ingest.approvals.reconciliation.EXPECTED": day.fields_expected - day.fields_filled,
    }
    assert lacks == {name: int(field in rows()[name][0].split(", ")) for name in lacks}


def test_what_is_called_technical_is_there() -> None:
    found = set(_constants())
    gone = {known for known in TECHNICAL if not any(f"{name}.".startswith(f"{known}.") for name in found)}
    assert gone == set()


def _constants() -> Iterator[str]:
    """Numbers and spans of time that modules set: all of `correlation`; of the imports spans, and what they expect."""
    imports = (ROOT / "ingest" / "approvals").rglob("*.py")
    for path in [*(ROOT / "correlation").rglob("*.py"), *imports, ROOT / "storage" / "models" / "approvals.py"]:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text("utf-8")).body:
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            if isinstance(target, ast.Name):
                name = target.id
                value = getattr(import_module(module), name)
                if _is_measure(value) and (module.startswith(("correlation", "storage")) or _decides(name, value)):
                    yield f"{module}.{name}"


def _is_measure(value: object) -> bool:
    if isinstance(value, dict):
        return value is reading_steps.EXPECTED or value is reconciliation.EXPECTED
    if isinstance(value, tuple):
        return bool(value) and all(map(_is_measure, value))
    return isinstance(value, int | float | timedelta | time) and not isinstance(value, bool)


def _decides(name: str, value: object) -> bool:
    return isinstance(value, timedelta) or "EXPECTED" in name


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(value)
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        size, unit = next(pair for pair in _UNITS if seconds % pair[0] == 0)
        return f"{seconds // size} {unit}{'' if seconds == size else 's'}"
    if isinstance(value, tuple) and isinstance(value[0], tuple):
        return ", ".join("–".join(each.strftime("%H:%M") for each in span) for span in value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def _is_named(rules: Law | CardRules) -> bool:
    return f"Version `{rules.version}`, for cases received from {rules.effective.isoformat()} on" in REFERENCE
