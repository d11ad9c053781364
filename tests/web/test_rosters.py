"""When a counter is to be staffed: declared in the file, by API, page and command; a change holds from now on."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import col, select

from storage.database import Database
from storage.models import Roster
from storage.secrets import SecretBox
from tests.web.conftest import NOON, SignedIn
from tests.web.test_settings_file import GOOD, problems, read
from web.services import Services
from web.site import apply_site

COUNTER = {"id": "cc-1", "hall": "cc", "number": "1"}
MORNINGS = [{"days": "mon,tue", "open": "09:00", "close": "12:00"}]
ROSTER = 'number = 1\nroster = [{days = "mon,tue", open = "09:00", close = "12:00"}]'


def kept(database: Database) -> list[tuple[int, str, datetime | None, datetime | None]]:
    with database.transaction() as session:
        found = session.exec(select(Roster).where(Roster.counter_id == "cc-1").order_by(col(Roster.id)))
        return [(row.weekday, row.closes, row.valid_from, row.valid_to) for row in found]


def test_only_administrators_set_one_and_it_holds_from_now_on(signed_in: SignedIn, services: Services) -> None:
    address = "/api/v1/counters/cc-1"
    assert signed_in("supervisor").put(address, json=COUNTER | {"roster": MORNINGS}).status_code == 403
    admin = signed_in("admin")
    assert admin.put(address, json=COUNTER | {"roster": MORNINGS}).status_code == 200
    each = [{"days": day, "open": "09:00", "close": "12:00"} for day in ("mon", "tue")]
    assert next(one for one in admin.get("/api/v1/counters").json() if one["id"] == "cc-1")["roster"] == each
    assert kept(services.database) == [(0, "12:00", NOON, None), (1, "12:00", NOON, None)]
    form = {"hall": "cc", "number": "1", "roster": "tue 09:00-12:00"}
    assert admin.post("/admin/counters?edit=cc-1", data=form).status_code == 303
    assert kept(services.database) == [(0, "12:00", NOON, NOON), (1, "12:00", NOON, None)]
    page = admin.get("/admin/counters?edit=cc-1", headers={"Accept-Language": "zh"}).text
    assert "排班" in page
    assert "tue 09:00-12:00" in page
    wrong = admin.post("/admin/counters?edit=cc-1", data=form | {"roster": "mornings"})
    assert wrong.status_code == 422
    overlap = [*MORNINGS, {"days": "mon", "open": "11:00", "close": "13:00"}]
    assert admin.put(address, json=COUNTER | {"roster": overlap}).json()["fields"][0]["field"] == "roster"


def test_outside_of_it_a_counter_is_as_one_of_a_closed_hall(signed_in: SignedIn) -> None:
    """It is Monday noon in China, and the hall has no hours."""

    def to_be_staffed() -> list[bool]:
        tiles = {tile["counter"]["id"]: tile["open"] for tile in admin.get("/board.json").json()["tiles"]}
        return [tiles["cc-1"], tiles["cc-2"]]

    admin = signed_in("admin")
    assert to_be_staffed() == [True, True]
    afternoons = [{"days": "mon", "open": "13:00", "close": "17:00"}]
    assert admin.put("/api/v1/counters/cc-1", json=COUNTER | {"roster": afternoons}).status_code == 200
    assert to_be_staffed() == [False, True]


def test_the_file_declares_one_and_ends_it(sqlite_database: Database, tmp_path: Path) -> None:
    def apply(text: str, hours: int) -> None:
        with sqlite_database.transaction() as session:
            now = NOON + timedelta(hours=hours)
            apply_site(session, read(tmp_path, text), SecretBox(tmp_path / "secret.key"), b"pepper", now)

    apply(GOOD.replace("number = 1", ROSTER), 0)
    assert kept(sqlite_database) == [(0, "12:00", None, None), (1, "12:00", None, None)], (
        "a new counter's: for all time"
    )
    apply(GOOD, 1)
    assert {row[-1] for row in kept(sqlite_database)} == {NOON + timedelta(hours=1)}
    wrong = problems(tmp_path, GOOD.replace("number = 1", ROSTER.replace("12:00", "08:00")))
    assert wrong[0].startswith("counter[cc-1].roster[1]: closes at 08:00, which is not after 09:00")
