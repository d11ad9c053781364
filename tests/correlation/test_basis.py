"""Who links waits for who links."""

from threading import Thread

from correlation import basis
from storage.database import Database
from tests.servers import LIMIT_S


def test_who_links_first_in_a_new_database_is_waited_for(database: Database) -> None:
    order: list[str] = []

    def second() -> None:
        with database.transaction() as session:
            basis.lock(session)
            order.append("second")

    other = Thread(target=second)
    with database.transaction() as session:
        basis.lock(session)
        other.start()
        other.join(0.3)
        order.append("first")
    other.join(LIMIT_S)
    assert order == ["first", "second"]
