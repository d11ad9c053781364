"""Which versions of the rules there are, for who sees cases."""

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
    assert client.get("/rules.csv").text.count("foshan-2026-b") == 1
