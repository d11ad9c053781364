"""Who is on record in the simulated hall."""

from ingest.approvals.parsing import parse_row
from ingest.approvals.row import RowError
from ingest.simulator.catalogue import DEPARTMENTS, OPERATORS
from ingest.simulator.directory import directory_rows
from ingest.simulator.script import clerks

ROWS = list(directory_rows(6))


def of(record: str) -> list[dict[str, str]]:
    return [row for row in ROWS if row["record"] == record]


def test_every_department_has_a_contact_person_with_an_address() -> None:
    assert [row["department"] for row in of("contact")] == [department.id for department in DEPARTMENTS]
    assert all(row["name"] and row["mail"] and row["phone"] for row in of("contact"))


def test_the_two_clerks_of_a_counter_are_its_operators_and_of_one_department() -> None:
    for counter in range(1, 7):
        here = [row for row in of("operator") if row["counter"] == str(counter)]
        assert {row["operator"] for row in here} == {OPERATORS[clerk] for clerk in clerks(counter)}
        assert len({row["department"] for row in here}) == 1


def test_nobody_is_of_two_departments() -> None:
    assert len({(row["operator"], row["department"]) for row in of("operator")}) == len(OPERATORS)


def test_the_rows_follow_the_exchange_format_and_each_has_an_id_of_its_own() -> None:
    assert not [row for row in map(parse_row, ROWS) if isinstance(row, RowError)]
    assert len({(row["record"], row["id"]) for row in ROWS}) == len(ROWS)
