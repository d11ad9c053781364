"""A whole number leads to its case at once; what contains it is looked for where there is none, or on request."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from storage.models import Case, Source
from tests.web.conftest import NOON, SignedIn
from web.saved_views import filters_of
from web.services import Services


@pytest.fixture(autouse=True)
def numbered(services: Services) -> None:
    with services.database.transaction() as session:
        session.add(Source(id="nh-platform", hall_id="nh"))
        session.flush()
        for minute, (source, hall, number) in enumerate(
            [
                ("cc-platform", "cc", "JZ7"),
                ("cc-platform", "cc", "JZ70"),
                ("cc-platform", "cc", "XJZ7"),
                ("nh-platform", "nh", "JZ7"),
                ("nh-platform", "nh", "JZ9"),
                ("cc-platform", "cc", "JZ91"),
            ]
        ):
            said: dict[str, Any] = {"source_id": source, "hall_id": hall, "number": number, "department_id": "tax"}
            session.add(Case(opened_at=NOON - timedelta(minutes=minute), **said))


def found(signed_in: SignedIn, role: str, query: str) -> list[str]:
    return [case["number"] for case in signed_in(role).get(f"/cases.json?{query}").json()["cases"]]


def test_a_whole_number_is_that_case_and_those_that_contain_it_are_one_link_away(signed_in: SignedIn) -> None:
    assert found(signed_in, "supervisor", "q=%20JZ7%20") == ["JZ7"]
    assert found(signed_in, "supervisor", "q=JZ7&match=part") == ["JZ7", "JZ70", "XJZ7"]
    assert found(signed_in, "admin", "q=JZ7") == ["JZ7", "JZ7"], "two platforms number as they like"
    assert found(signed_in, "supervisor", "q=jz7") == ["JZ7", "JZ70", "XJZ7"], "as written, or a part"
    assert found(signed_in, "supervisor", "q=JZ") == ["JZ7", "JZ70", "XJZ7", "JZ91"]
    client = signed_in("supervisor")
    page = client.get("/cases?q=JZ7&lang=en").text
    assert "This is exactly the number that was asked for." in page
    assert 'href="/cases?q=JZ7&amp;lang=en&amp;match=part"' in page
    assert "这是所查编号完全一致的办件。" in client.get("/cases?q=JZ7&lang=zh-CN").text
    assert "exactly the number" not in client.get("/cases?q=JZ7&match=part&lang=en").text
    assert len(client.get("/cases.csv?q=JZ7").text.strip().splitlines()) == 2
    assert len(client.get("/cases.csv?q=JZ7&match=part").text.strip().splitlines()) == 4


def test_a_number_of_elsewhere_does_not_hide_what_contains_it(signed_in: SignedIn) -> None:
    assert found(signed_in, "supervisor", "q=JZ9") == ["JZ91"]
    assert found(signed_in, "admin", "q=JZ9") == ["JZ9"]


def test_other_filters_hold_for_the_case_of_a_whole_number_too(signed_in: SignedIn) -> None:
    assert found(signed_in, "supervisor", "q=JZ7&status=closed") == []
    page = signed_in("supervisor").get("/cases?q=JZ7&status=closed&lang=en").text
    assert ("No case found" in page, "match=part" in page) == (True, True)


def test_a_view_keeps_that_parts_were_asked_for() -> None:
    assert filters_of("?match=part&q=JZ7") == "q=JZ7&match=part"


@contextmanager
def statements(services: Services) -> Iterator[list[tuple[str, Any]]]:
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        asked.append((statement, parameters))

    event.listen(services.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(services.database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("part", "lowers"), [("7", False), ("编号", False), ("jz", True), ("Jz7", True)])
def test_only_a_text_with_letters_is_compared_in_small_ones(
    signed_in: SignedIn, services: Services, part: str, lowers: bool
) -> None:
    with statements(services) as asked:
        signed_in("supervisor").get(f"/cases.json?q={part}")
    (listed,) = [statement for statement, _ in asked if "case_file.number" in statement and "LIKE" in statement]
    assert ("lower(case_file.number) LIKE" in listed) is lowers


def test_a_whole_number_is_looked_for_by_its_index(signed_in: SignedIn, services: Services) -> None:
    with statements(services) as asked:
        assert found(signed_in, "supervisor", "q=JZ7") == ["JZ7"]
    looked_for = [each for each in asked if "case_file.number = ?" in each[0]]
    listed = [each for each in asked if "case_file.id IN" in each[0] and "ORDER BY case_file.opened_at" in each[0]]
    assert (len(looked_for), len(listed)) == (1, 1)
    plans = ("(source_id=? AND number=?)", "(rowid=?)")
    with services.database.engine.connect() as connection:
        for (statement, parameters), by in zip(looked_for + listed, plans, strict=True):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            assert any("case_file USING" in row[3] and by in row[3] for row in plan), plan
