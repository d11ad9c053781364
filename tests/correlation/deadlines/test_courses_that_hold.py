"""A course that is used says what reading everything would say, whatever has been told, said and decided since."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from correlation.deadlines import courses
from correlation.deadlines.card_log import SayingRefused, say
from correlation.deadlines.courses import KnownCourse
from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.loading import Catalogues, load_told
from correlation.deadlines.replaying import replay_all
from correlation.deadlines.told import facts_in_turn
from correlation.names import resolve_counters
from ingest.approvals import acceptance
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.database import Database
from storage.models import (
    Card,
    CardAct,
    CardKind,
    CatalogueChange,
    Closure,
    Counter,
    CounterAlias,
    Course,
    Hall,
    Item,
    ProposalState,
    Role,
    Source,
    User,
)
from tests.correlation.deadlines.cases import RULES, at
from tests.correlation.deadlines.platform import SOURCE, Platform, step
from tests.correlation.deadlines.test_keeping import ITEM
from tests.sample import HALL

NINE = at("2026-03-02", "09:00")
OTHER = "other"
CODES = ("JZ-0103", "B", "C")


def kept_and_read(database: Database) -> Iterator[tuple[KnownCourse, KnownCourse]]:
    with database.transaction() as session:
        kept = courses.of(session, session.exec(select(Course.case_id)).all(), RULES)
        told = load_told(session, list(kept), RULES)
        catalogues = Catalogues(session, told)
        for case in told:
            facts = facts_in_turn(case.told, catalogues.of(case.source_id), case.asked)
            as_kept = kept[case.id]
            yield as_kept, KnownCourse(facts, case.rulings, case.halls, case.usual_hall, *as_kept[4:])


class City:
    """Two platforms, two halls, ten cases each, and everything that may happen to them."""

    def __init__(self, platform: Platform, seed: int) -> None:
        self.database = platform.database
        self.chance = random.Random(seed)
        self.now = at("2026-03-02", "08:00")
        self._sequences = {SOURCE: 0, OTHER: 0}
        self._batches = 0
        with self.database.transaction() as session:
            session.add(Hall(id="h2", district_id="chancheng", name="二厅"))
            session.flush()
            session.add(Counter(id="h2-1", hall_id="h2", number="1"))
            for number in (1, 2):
                name = f"supervisor {number}"
                session.add(User(id=number, name=name, password_hash="x", role=Role.SUPERVISOR, created_at=NINE))
            session.add(Source(id=OTHER, hall_id="h2"))
            session.add(Item(code="B", name="乙", legal_days=10))

    def goes_on(self) -> None:
        self.now += timedelta(hours=self.chance.choice([0.1, 1, 5, 13, 24]))
        happenings = (self._steps, self._records, self._word, self._approval, self._closure, self._alias, self._lifted)
        self.chance.choices((*happenings, self._source_moves), (55, 17, 10, 4, 4, 4, 4, 2))[0]()

    def _tell(self, *rows: Mapping[str, Any]) -> None:
        """In a push or in a file, which may be heard of later than one that came after it."""
        chance, source = self.chance, self.chance.choice([SOURCE, SOURCE, OTHER])
        sequence = None
        if chance.random() < 0.7:
            sequence = self._sequences[source] = self._sequences[source] + chance.choice([1, 1, 1, 2])
        self._batches += 1
        said: dict[str, Any] = {"sequence": sequence, "name": "told", "sha256": str(self._batches)}
        heard = self.now - timedelta(minutes=chance.choice([0, 0, 0, 20]))
        accept_batch(self.database, source, read_rows(rows), now=heard, **said)

    def _case(self) -> str:
        return f"c{self.chance.randrange(10)}"

    def _ago(self, most: float) -> datetime:
        return self.now - timedelta(hours=self.chance.uniform(0, most))

    def _steps(self) -> None:
        chance, rows = self.chance, []
        for _ in range(chance.randint(1, 4)):
            case, start = self._case(), self._ago(chance.choice([2, 60, 200]))
            kind = chance.choice(["receive", "accept", "review", "decide"] if chance.random() < 0.9 else ["close"])
            reference = f"{case if chance.random() < 0.9 else self._case()}-{chance.randrange(6)}"
            row = {
                "case": case,
                "step": reference,
                "kind": kind,
                "item": chance.choice(CODES),
                "start": start.isoformat(),
            }
            row |= {"counter": chance.choice(["1", "2", "W"])} if chance.random() < 0.5 else {}
            row |= {"operator": chance.choice(["甲", "乙"])} if chance.random() < 0.7 else {}
            rows.append(row)
        self._tell(*rows)

    def _records(self) -> None:
        chance, at_some_time = self.chance, self._ago(50).isoformat()
        kind = chance.choice(["suspension", "extension", "result", "fee", "delivery"])
        more: dict[str, dict[str, Any]] = {
            "suspension": {"reason": chance.choice(["hearing", "supplement"]), "start": at_some_time},
            "extension": {"days": chance.randint(1, 9), "approved": at_some_time},
            "result": {"decision": chance.choice(["granted", "refused"]), "decided": at_some_time},
            "fee": {"code": chance.choice(["F1", "F2"]), "name": "费", "amount": "1.00", "charged": at_some_time},
            "delivery": {"delivered": at_some_time, "method": "counter"},
        }
        self._tell({"record": kind, "id": f"{kind}{chance.randrange(12)}", "case": self._case(), **more[kind]})

    def _word(self) -> None:
        chance = self.chance
        links = [{"kind": "accept", "limit": 1}, {"kind": "review", "limit": 2}, {"kind": "decide"}]
        said: dict[str, Any] = {
            "promised_limit": chance.choice([None, 2, 3, 8]),
            "legal_limit": chance.choice([10, 20]),
        }
        said |= {"version": str(chance.randint(1, 3)), "links": chance.choice([[], links])}
        self._tell(ITEM | said | {"code": chance.choice(CODES)})

    def _approval(self) -> None:
        with self.database.transaction() as session:
            said: dict[str, Any] = {"name": "x", "promised_limit": self.chance.choice([2, 4, 9])}
            decided: dict[str, Any] = {"state": ProposalState.APPROVED, "decided_by": 2, "decided_at": self.now}
            drafted: dict[str, Any] = {"proposed_by": 1, "proposed_at": self.now, "reason": "公示有误", "content": said}
            code = self.chance.choice(CODES)
            session.add(CatalogueChange(code=code, valid_from=at("2026-03-01"), **drafted, **decided))

    def _closure(self) -> None:
        day = (self.now + timedelta(days=self.chance.randint(0, 8))).date()
        with self.database.transaction() as session:
            hall_id = self.chance.choice([HALL, "h2"])
            session.add(Closure(hall_id=hall_id, day=day, reason="台风", noted_at=self.now))

    def _alias(self) -> None:
        with self.database.transaction() as session:
            alias = session.get(CounterAlias, (SOURCE, "W")) or CounterAlias(source_id=SOURCE, alias="W", counter_id="")
            alias.counter_id = self.chance.choice([f"{HALL}-1", "h2-1"])
            session.add(alias)
            session.flush()
            resolve_counters(session, SOURCE)

    def _lifted(self) -> None:
        with self.database.transaction() as session:
            standing = select(Card.id).where(col(Card.kind) != CardKind.REMINDER, col(Card.withdrawn_at).is_(None))
            ids = session.exec(standing.order_by(col(Card.id))).all()
        if ids:
            try:
                with self.database.transaction() as session:
                    say(session, self.chance.choice(ids) or 0, CardAct.WITHDRAW, "系统故障", 2, self.now)
            except SayingRefused:
                pass

    def _source_moves(self) -> None:
        with self.database.transaction() as session:
            session.get_one(Source, SOURCE).hall_id = self.chance.choice([HALL, "h2"])


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens(sqlite_platform: Platform, seed: int) -> None:
    city, used = City(sqlite_platform, seed), 0
    keeper = DeadlineKeeper(city.database, RULES, due=7, portion=3)
    for _ in range(70):
        city.goes_on()
        if city.chance.random() < 0.6:
            keeper.look_around(city.now)
        while keeper.run_once(city.now):
            pass
        for kept, read in kept_and_read(city.database):
            assert kept == read
            used += 1
    assert used > 100, "some are"


def without_differences(platform: Platform, now: datetime) -> bool:
    return not any(portion.differences for portion in replay_all(platform.database, RULES, [now], None))


def test_a_word_that_is_heard_of_later_than_a_newer_one_counts(a_platform: Platform) -> None:
    """Its push began before that of the other source, and ended after it."""
    with a_platform.database.transaction() as session:
        session.add(Source(id=OTHER))
    a_platform.tells(NINE, step("S1", "accept", "2026-03-02T08:55"))
    a_platform.look_around_and_run(NINE)
    newer = at("2026-03-02", "10:00")
    said: dict[str, Any] = {"sequence": 1, "name": "push", "sha256": "x", "now": newer}
    accept_batch(a_platform.database, OTHER, read_rows([ITEM | {"code": "XX-1"}]), **said)
    a_platform.look_around_and_run(newer)
    a_platform.tells(newer - timedelta(minutes=1), ITEM | {"promised_limit": 8})
    a_platform.look_around_and_run(newer + timedelta(minutes=1))
    assert a_platform.deadline().promised_late_from == at("2026-03-13", "00:00"), "it is not only seen when it is due"
    late = at("2026-03-10", "12:00")
    a_platform.look_around_and_run(late)
    assert a_platform.cards() == []
    assert without_differences(a_platform, late)


def test_what_the_second_part_of_a_file_says_of_an_item_counts_for_the_cases_of_the_first(
    sqlite_platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptance, "CHUNK", 3)
    sqlite_platform.tells(at("2026-03-01"), ITEM | {"code": "YY"})
    rows: list[dict[str, Any]] = [step(f"S{n}", "accept", "2026-03-02T08:55") | {"case": f"c{n}"} for n in range(3)]
    rows += [ITEM | {"code": "XX"}, ITEM | {"promised_limit": 8}]

    def clerk() -> None:
        sqlite_platform.look_around_and_run(NINE + timedelta(minutes=1))

    said: dict[str, Any] = {"sequence": None, "name": "day.jsonl", "sha256": "f", "now": NINE}
    accept_batch(sqlite_platform.database, SOURCE, read_rows(rows), on_chunk=clerk, **said)
    late = at("2026-03-10", "12:00")
    for moment in (NINE + timedelta(minutes=2), late):
        sqlite_platform.look_around_and_run(moment)
    assert sqlite_platform.cards() == []
    assert without_differences(sqlite_platform, late)


def test_a_case_follows_the_item_that_its_steps_name_last_and_what_is_said_of_that(a_platform: Platform) -> None:
    with a_platform.database.transaction() as session:
        session.add(Item(code="B", name="乙", promised_days=10))
    a_platform.tells(NINE, step("S1", "receive", "2026-03-02T08:50"))
    ten = at("2026-03-02", "10:00")
    a_platform.drops(ten, step("S2", "accept", "2026-03-02T09:30") | {"item": "B"})
    a_platform.look_around_and_run(ten)
    assert a_platform.deadline().promised_late_from == at("2026-03-17", "00:00")
    told = at("2026-03-03", "10:00")
    a_platform.tells(told, ITEM | {"code": "B", "promised_limit": 20})
    a_platform.look_around_and_run(told)
    late = at("2026-03-17", "00:30")
    a_platform.look_around_and_run(late)
    assert a_platform.cards() == []
    assert without_differences(a_platform, late)
