"""Versions of rules as a site writes them: they say what differs, and every mistake is named with its remedy."""

import re
from datetime import date

import pytest

from correlation.deadlines.rules import CardRules, Law
from correlation.rule_files import RulesProblem, read_rules
from correlation.rulebook import plain, rules_as, shipped_book
from storage.models import RuleKind

HEAD = 'version = "own"\neffective = 2027-01-01\nsource = "佛监〔2026〕1号"\n'


def test_what_a_version_leaves_out_is_as_before_and_the_next_of_the_same_file_follows_it() -> None:
    later = HEAD.replace('"own"', '"later"').replace("2027", "2028")
    text = f"[[cards]]\n{later}explain_days = 7\n[[cards]]\n{HEAD}correction_days = 5\n[cards.ahead]\ndays = 2\n"
    own, after = read_rules(text, shipped_book())
    assert (own.base, own.differs, after.base, after.differs) == (
        "usual-2026",
        ("ahead.days", "correction_days"),
        "own",
        ("explain_days",),
    )
    (usual,) = shipped_book().rules.cards
    assert isinstance(after.rules, CardRules)
    assert (after.rules.correction_days, after.rules.ahead.days, after.rules.ahead.at) == (5, 2, usual.ahead.at)
    assert after.rules.conduct == usual.conduct


def test_what_is_otherwise_than_the_law_rests_on_the_document_of_the_site() -> None:
    (own,) = read_rules(f"[[law]]\n{HEAD}joint_days = 30\n", shipped_book())
    assert isinstance(own.rules, Law)
    assert own.rules.sources["joint_days"] == "佛监〔2026〕1号"
    assert own.rules.sources["decide_days"] == "行政许可法 第四十二条第一款"
    assert shipped_book().plus(own.rules).on(RuleKind.LAW, date(2026, 12, 31)) == shipped_book().rules.laws[0]
    assert shipped_book().plus(own.rules).on(RuleKind.LAW, date(2027, 1, 1)) == own.rules


@pytest.mark.parametrize("kind", RuleKind)
def test_each_kind_is_kept_as_it_was(kind: RuleKind) -> None:
    for rules in shipped_book().of(kind):
        assert rules_as(kind, plain(kind, rules)) == rules


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[cards]", "this is no TOML"),
        ("", "there is no version in it"),
        ("[[card]]\n", "card: is not known; write versions below [[law]]"),
        ("[cards]\n", "cards: write each version below a line [[cards]]"),
        ('[[cards]]\nversion = "a b"', "cards[a b].version: name it by letters"),
        ("[[cards]]\n", "cards[?].effective: say from which day"),
        ("[[cards]]\n", "cards[?].source: say what it rests on"),
        (f"[[cards]]\n{HEAD}", "cards[own]: says the same as usual-2026"),
        (
            f"[[cards]]\n{HEAD}corection_days = 5",
            ".corection_days: is not known; did you mean correction_days?",
        ),
        (f"[[cards]]\n{HEAD}[cards.conduct]\nbatch = 5", "cards[own].conduct.batch: is not known"),
        (f"[[cards]]\n{HEAD}correction_days = 0", "cards[own].correction_days: Input should be greater than"),
        (f"[[call_backs]]\n{HEAD}days = 'x'", "call_backs[own].days: Input should be a valid integer"),
        (f"[[disputes]]\n{HEAD.replace('2027', '2020')}", "disputes[own].effective: choose 2026-01-01"),
        (f'[[law]]\n{HEAD}suspends = ["lunch"]', "law[own].suspends"),
        (
            f'[[cards]]\n{HEAD}[[cards.required]]\nwhat = "mood"',
            "cards[own].required.1.what: Input should be 'decision'",
        ),
        (f'[[cards]]\n{HEAD}[[cards.required]]\nwhat = "fee"\nkind = "red"', "cards[own].required.1.kind: Input"),
        (
            f'[[cards]]\n{HEAD}[[cards.required]]\nwhat = "fee"\nitem = ["A"]',
            "required.1.item: is not known; did you mean items?",
        ),
    ],
)
def test_a_mistake_is_named_with_its_remedy(text: str, problem: str) -> None:
    with pytest.raises(RulesProblem, match=re.escape(problem)):
        read_rules(text, shipped_book())
