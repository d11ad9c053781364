"""Which versions of the rules there are, and what they say, for who sees cases."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from correlation.rule_files import read_rules
from correlation.rule_keeping import add_rules
from correlation.rulebook import rule_book
from tests.web.conftest import NOON, SignedIn
from web.services import Services

ADDED = """
[[cards]]
version = "foshan-2026-b"
effective = 2026-03-10
source = "佛监〔2026〕1号"
correction_days = 5
"""


REQUIRING = """
[[cards]]
version = "foshan-2026-c"
effective = 2026-03-11
source = "佛监〔2026〕2号"

[[cards.required]]
what = "operator"
kind = "reminder"
items = ["JZ-2", "JZ-1"]
sources = ["cc"]
"""


@pytest.fixture(autouse=True)
def _added(services: Services) -> None:
    with services.database.transaction() as session:
        book = rule_book(session)
    with services.database.transaction() as session:
        add_rules(session, read_rules(ADDED, book), "he.min", NOON)


def test_nobody_reads_them_without_signing_in(anonymous: TestClient) -> None:
    assert anonymous.get("/rules").status_code == 303
    assert anonymous.get("/rules.json").status_code == 401
    assert anonymous.get("/rules.csv").status_code == 303


def test_each_version_tells_its_days_what_it_rests_on_and_who_added_it(signed_in: SignedIn) -> None:
    client = signed_in("supervisor")
    rules = client.get("/rules.json").json()["rules"]
    assert {row["kind"] for row in rules} == {"law", "cards", "disputes", "call_backs"}
    newest, before, *_ = (row for row in rules if row["kind"] == "cards")
    assert (newest["version"], newest["source"], newest["added_by"]) == ("foshan-2026-b", "佛监〔2026〕1号", "he.min")
    assert (newest["effective"], newest["until"], newest["in_force"]) == ("2026-03-10", None, False)
    assert newest["content"]["correction_days"] == 5
    assert (before["until"], before["in_force"], before["added_by"], before["added_at"]) == (
        "2026-03-10",
        True,
        "",
        None,
    )
    assert all(row["source"] for row in rules)
    page = client.get("/rules?lang=en").text
    assert "佛监〔2026〕1号" in page
    assert "he.min" in page


def test_each_version_tells_each_of_its_numbers_with_what_it_rests_on(signed_in: SignedIn) -> None:
    """In both languages."""
    client = signed_in("supervisor")
    english, chinese = (said(client.get(f"/rules?lang={language}").text) for language in ("en", "zh"))
    assert ["Working days to decide, from the acceptance", "20", "行政许可法 第四十二条第一款"] in english
    assert ["自受理起作出决定（工作日）", "20", "行政许可法 第四十二条第一款"] in chinese
    for days in ("3", "5"):
        assert [
            "The promised limit has passed: working days to correct",
            days,
            "行政许可法 第四十二条；公开承诺时限",
        ] in english, "the version that came along, and that of the site"
    assert ["The legal limit has passed", "–", "行政许可法 第四十二条、第七十四条"] in english
    assert ["按天计的时限提前（工作日）" in name for name, *_ in chinese].count(True) == 2
    told = [value for name, value, _ in english if name == "Who is told of a card that nobody has answered"]
    assert "Yellow card, after 8 working hours: Head of a department" in told
    assert "Red card, at once: Supervisor of a hall" in told
    assert len(english) == len(chinese)


def test_nothing_that_a_version_says_is_left_out(signed_in: SignedIn) -> None:
    for row in signed_in("supervisor").get("/rules.json").json()["rules"]:
        content = {key: value for key, value in row["content"].items() if key not in ("source", "sources")}
        wanted = {f"{key}={value}" for key, value in numbers(content)}
        found = {f"{each['key']}={each['value']}" for each in row["says"]}
        assert wanted <= found, row["version"]
        codes = {code for each in row["says"] for code in each["codes"]}
        assert set(row["content"].get("suspends", ())) <= codes
        assert {step["to"] for step in row["content"].get("escalation", ())} <= codes
        assert all(each["rests_on"] for each in row["says"])


def test_a_rule_of_a_site_says_of_which_items_and_sources_something_has_to_be_told(
    signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        add_rules(session, read_rules(REQUIRING, rule_book(session)), "he.min", NOON)
    client = signed_in("supervisor")
    (name, value, rests_on), *_ = (
        row for row in said(client.get("/rules?lang=en").text) if row[0].endswith("what has to be told")
    )
    assert name == "Data that have to be reported are missing: what has to be told"
    assert value == "Operator of the step, ReminderItems: JZ-1, JZ-2Sources: cc"
    assert rests_on == "数据交换标准；电子监察通行做法"
    rows = list(csv.DictReader(io.StringIO(client.get("/rules.csv").text.removeprefix("\ufeff"))))
    (row,) = (row for row in rows if (row["version"], row["rule"]) == ("foshan-2026-c", "data_missing.required"))
    assert row["value"] == "operator reminder items=JZ-1,JZ-2 sources=cc"
    days = [row["value"] for row in rows if row["rule"] == "past_promised.correction_days"]
    assert days == ["5", "5", "3"], "the newest first; what a version does not say is as before"
    assert {row["rests_on"] for row in rows if row["rule"] == "deliver_days"} == {"行政许可法 第四十四条"}


def said(page: str) -> list[list[str]]:
    """What the versions say, row by row, without tags."""
    inside = "".join(re.findall(r"<details.*?</details>", page, re.DOTALL))
    rows = (re.findall(r"<td.*?</td>", row, re.DOTALL) for row in re.findall(r"<tr>.*?</tr>", inside, re.DOTALL))
    return [[re.sub(r"<[^>]*>", "", cell).strip() for cell in row] for row in rows if row]


def numbers(content: Any) -> Iterator[tuple[str, Any]]:
    """Every number and time of day, by its key, however deep."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from numbers(value)
        elif key == "at":
            yield key, value.removesuffix(":00")
        elif isinstance(value, int):
            yield ("escalation" if key == "after_hours" else key), value
        elif isinstance(value, list):
            for each in value:
                yield from numbers(each) if isinstance(each, dict) else ()
