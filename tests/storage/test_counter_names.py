"""The counters that a source names stay there while its steps are written: no key looks for each of them."""

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from storage.counter_names import CounterNames
from storage.database import Database
from storage.models import Case, Counter, CounterAlias, Hall, Source, Step, StepKind
from tests.sample import DISTRICT, HALL, a_hall
from tests.storage.test_database import NOW
from web.in_use import uses_of

SOURCE = "platform"


def prepare(database: Database) -> None:
    with database.transaction() as session:
        a_hall(session)
        session.add(Hall(id="nh", district_id=DISTRICT, name="南海"))
        session.flush()
        session.add(Counter(id="nh-1", hall_id="nh", number="1"))
        session.add(Source(id=SOURCE, hall_id=HALL))
        session.flush()
        session.add(CounterAlias(source_id=SOURCE, alias="B1", counter_id="nh-1"))


def test_a_name_is_an_alias_an_id_or_a_number_in_the_hall_of_the_source(database: Database) -> None:
    prepare(database)
    with database.transaction() as session:
        names = CounterNames.load(session, session.get_one(Source, SOURCE))
    assert [names.find(name) for name in ("B1", "cc-2", "1", "nh-1", "9", "")] == [
        "nh-1",
        "cc-2",
        "cc-1",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize("counter_id", ["cc-1", "nh-1"])
def test_no_counter_goes_while_steps_that_may_name_it_are_written(postgres_database: Database, counter_id: str) -> None:
    prepare(postgres_database)
    with postgres_database.transaction() as importing:
        CounterNames.load(importing, importing.get_one(Source, SOURCE))
        with pytest.raises(OperationalError), postgres_database.transaction() as removing:
            removing.exec(select(Counter).where(Counter.id == counter_id).with_for_update(nowait=True))


def test_a_counter_with_a_step_is_in_use_though_no_key_holds_it(database: Database) -> None:
    prepare(database)
    with database.transaction() as session:
        case = Case(source_id=SOURCE, number="2026-1", opened_at=NOW)
        session.add_all([case, Counter(id="cc-9", hall_id=HALL, number="9")])
        session.flush()
        assert not list(uses_of(session, Counter, "cc-9"))
        step = Step(
            source_id=SOURCE,
            reference="S1",
            case_id=case.id or 0,
            kind=StepKind.ACCEPT,
            counter_id="cc-9",
            start=NOW,
            end=NOW,
            first_received_at=NOW,
            received_at=NOW,
        )
        session.add(step)
        session.flush()
        assert list(uses_of(session, Counter, "cc-9"))
