"""Contact persons are told of cards: what the messages say, to whom they go, and that none goes twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from correlation.deadlines.card_log import say
from storage.database import Database
from storage.models import (
    Audience,
    Card,
    CardAct,
    CardCause,
    CardKind,
    Case,
    ClockName,
    Contact,
    Delivery,
    DeliveryState,
    Department,
    Item,
    Role,
    Source,
    User,
)
from tests.sample import HALL, a_hall
from tests.web.carded import LATE_FROM, a_card
from tests.web.conftest import NO_PASSWORD, SignedIn
from tests.web.test_notify import listening
from web.channels import Channel
from web.notice import Notice
from web.notify import Notifier
from web.notify_apprise import DeliveryFailed, Reason
from web.notify_line import LONGEST_PAUSE
from web.services import Services
from web.telling import NEWS_FOR

NOW = LATE_FROM + timedelta(minutes=1)
LONG_AGO = LATE_FROM - timedelta(days=30)
MAIL = Channel("mail", "mailtos://user:word@mail.example?to={mail}", (), LONG_AGO, Audience.CONTACT)
OFFICE = Channel("office", "json://127.0.0.1/tax", (), LONG_AGO, Audience.CONTACT, "tax")


class Post:
    """A service that keeps what it takes, and takes nothing while it is down."""

    def __init__(self) -> None:
        self.up = True
        self.sent: list[tuple[str, Notice]] = []

    def __call__(self, url: str, message: Notice) -> None:
        if not self.up:
            raise DeliveryFailed(Reason.NOT_TAKEN)
        self.sent.append((url, message))


def a_department(session: Session) -> None:
    """With a case, and a contact person whose predecessor is still on record."""
    a_hall(session)
    session.add(Department(id="tax", name="税务局"))
    session.add(Source(id="platform", hall_id=HALL))
    session.add(Item(code="JZ-0103", name="食品经营许可", name_en="Food licence"))
    session.flush()
    case = Case(id=1, source_id="platform", number="2026-001", department_id="tax", hall_id=HALL, opened_at=LONG_AGO)
    case.item_code, case.applicant = "JZ-0103", "王小明"
    session.add(case)
    for name, valid_to in (("旧人", LATE_FROM), ("张三", None)):
        person = Contact(
            source_id="platform",
            reference=name,
            first_received_at=LONG_AGO,
            received_at=LONG_AGO,
            department_ref="税务局",
            department_id="tax",
            name=name,
            mail=f"{'old' if valid_to else 'new'}@tax.example",
            valid_from=LONG_AGO,
            valid_to=valid_to,
        )
        session.add(person)
    session.add(User(id=1, name="chief", role=Role.SUPERVISOR, password_hash=NO_PASSWORD, created_at=LONG_AGO))
    session.flush()


@pytest.fixture
def office(database: Database) -> Database:
    with database.transaction() as session:
        a_department(session)
        session.add(a_card(1, id=1))
    return database


@pytest.fixture
def sqlite_office(sqlite_database: Database) -> Database:
    with sqlite_database.transaction() as session:
        a_department(session)
    return sqlite_database


def notifier(database: Database, post: Post, *channels: Channel) -> Notifier:
    return Notifier(database, lambda _session: channels or (MAIL, OFFICE), "https://hall.example/", post)


def test_the_contact_person_and_the_channel_of_the_department_are_told_once(office: Database) -> None:
    post = Post()
    with ThreadPoolExecutor(3) as pool:
        sent = list(pool.map(lambda _: notifier(office, post).run_once(NOW), range(3)))
    assert sum(sent) == 2
    assert notifier(office, post).run_once(NOW + timedelta(minutes=1)) == 0
    addresses = sorted(url for url, _ in post.sent)
    assert addresses == ["json://127.0.0.1/tax", "mailtos://user:word@mail.example?to=new%40tax.example"]
    _, message = post.sent[0]
    assert message.title == "黄牌 2026-001 · Yellow card 2026-001"
    assert message.body.split("\n") == [
        "办件 2026-001：已超出承诺时限",
        "事项：食品经营许可",
        "承诺时限：5 个工作日，按时截止 2026-02-25 23:59:59",
        "已超期 1 个工作日",
        "整改截止 2026-03-17 23:59:59",
        "Case 2026-001: The promised limit has passed",
        "Item: Food licence",
        "Promised limit: 5 working days, in time until 2026-02-25 23:59:59",
        "1 working day late",
        "To be corrected by 2026-03-17 23:59:59",
        "https://hall.example/cards/1",
    ]
    assert "王小明" not in f"{post.sent}"


def test_a_reminder_of_what_is_missing_is_told_though_its_moment_has_passed(office: Database) -> None:
    lack = {"cause": CardCause.DATA_MISSING, "clock": ClockName.CONDUCT, "about": "missing:operator", "link": "review"}
    derivation = {"clock": "conduct", "evidence": [["lacking", "operator"]]}
    with office.transaction() as session:
        session.delete(session.get_one(Card, 1))
        late = {"late_from": LATE_FROM - timedelta(hours=3), "correct_by": None}
        session.add(a_card(1, id=2, kind=CardKind.REMINDER, derivation=derivation, **lack, **late))
    post = Post()
    assert notifier(office, post, OFFICE).run_once(NOW) == 1
    _, message = post.sent[0]
    assert message.title == "预警 2026-001 · Reminder 2026-001"
    assert "缺失内容：环节的经办人" in message.body.split("\n")
    assert "Missing: Operator of the step" in message.body.split("\n")


def test_apprise_takes_the_news_of_a_card_to_the_contact_person_and_to_the_office(office: Database) -> None:
    with listening() as server:
        mail = Channel("mail", f"{server.address}?:to={{mail}}", (), LONG_AGO, Audience.CONTACT)
        desk = Channel("office", f"{server.address}?:to=desk", (), LONG_AGO, Audience.CONTACT, "tax")
        assert Notifier(office, lambda _session: (mail, desk), "https://hall.example/").run_once(NOW) == 2
    assert sorted(message["to"] for message in server.messages) == ["desk", "new@tax.example"]
    for message in server.messages:
        assert message["title"] == "黄牌 2026-001 · Yellow card 2026-001"
        assert message["message"].split("\n")[0] == "办件 2026-001：已超出承诺时限"
        assert message["message"].split("\n")[-1] == "https://hall.example/cards/1"
        assert "王小明" not in f"{message}"


def test_an_office_that_takes_nothing_gets_its_card_once_it_does(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        a_department(session)
        session.add(a_card(1, id=1))
    with listening() as server:
        desk = Channel("office", server.address, (), LONG_AGO, Audience.CONTACT, "tax")
        notifier = Notifier(sqlite_database, lambda _session: (desk,), "https://hall.example/")
        server.status = 503
        assert notifier.run_once(NOW) == 0
        server.status = 200
        assert notifier.run_once(NOW + LONGEST_PAUSE) == 1
    assert [message["title"] for message in server.messages] == ["黄牌 2026-001 · Yellow card 2026-001"] * 2


def test_a_service_that_was_down_overnight_gets_it_in_the_morning(sqlite_office: Database) -> None:
    with sqlite_office.transaction() as session:
        session.add(a_card(1, id=1))
    post = Post()
    post.up = False
    outbox = notifier(sqlite_office, post, OFFICE)
    for hours in range(12):
        assert outbox.run_once(NOW + timedelta(hours=hours)) == 0
    post.up = True
    assert outbox.run_once(NOW + timedelta(hours=12)) == 1
    with sqlite_office.transaction() as session:
        delivery = session.exec(select(Delivery)).one()
        assert (delivery.state, delivery.attempts) == (DeliveryState.SENT, 13)


def test_a_decision_and_what_refutes_a_card_are_told_to_whoever_heard_of_it(office: Database) -> None:
    post = Post()
    outbox = notifier(office, post, OFFICE)
    with office.transaction() as session:
        session.add(a_card(1, id=2, kind=CardKind.RED))
    assert outbox.run_once(NOW) == 2
    later = NOW + timedelta(hours=1)
    with office.transaction() as session:
        say(session, 1, CardAct.UPHOLD, "张先生的材料", 1, later)
        session.get_one(Card, 2).withdrawn_at = later
    assert outbox.run_once(later) == 2
    assert sorted(message.title for _, message in post.sent[2:]) == [
        "红牌 2026-001 已撤回：所依据的数据已变更 · Red card 2026-001 withdrawn: what it rests on has changed",
        "黄牌 2026-001 予以维持 · Yellow card 2026-001 upheld",
    ]
    assert "张先生" not in f"{post.sent}", "what people write may be about the applicant"
    assert outbox.run_once(later) == 0


def test_a_card_that_is_withdrawn_before_it_could_be_told_is_told_to_nobody(sqlite_office: Database) -> None:
    with sqlite_office.transaction() as session:
        session.add(a_card(1, id=1))
    post = Post()
    post.up = False
    outbox = notifier(sqlite_office, post, OFFICE)
    outbox.run_once(NOW)
    post.up = True
    with sqlite_office.transaction() as session:
        session.get_one(Card, 1).withdrawn_at = NOW + timedelta(seconds=1)
    assert outbox.run_once(NOW + LONGEST_PAUSE) == 0
    with sqlite_office.transaction() as session:
        assert session.exec(select(Delivery)).one().state is DeliveryState.FAILED


def test_what_nobody_answers_is_passed_on_step_by_step_until_somebody_does(sqlite_office: Database) -> None:
    morning, evening = LATE_FROM + timedelta(hours=9), LATE_FROM + timedelta(hours=17)
    steps = [{"to": "head", "at": morning.isoformat()}, {"to": "district", "at": evening.isoformat()}]
    with sqlite_office.transaction() as session:
        for number, kind in ((1, CardKind.YELLOW), (2, CardKind.RED)):
            session.add(a_card(1, id=number, kind=kind, escalation=steps, escalates_until=evening))
    post = Post()
    head = Channel("head", "json://127.0.0.1/head", (), LONG_AGO, Audience.HEAD, "tax")
    district = Channel("district", "json://127.0.0.1/district", (), LONG_AGO, Audience.DISTRICT)
    outbox = notifier(sqlite_office, post, head, district)
    assert outbox.run_once(morning - timedelta(seconds=1)) == 0
    assert outbox.run_once(morning) == 2
    assert post.sent[0][1].title == "黄牌 2026-001 逾期未答复 · Yellow card 2026-001 not answered"
    with sqlite_office.transaction() as session:
        say(session, 1, CardAct.UPHOLD, "属实", 1, morning + timedelta(hours=1))
    assert outbox.run_once(evening) == 1
    assert [url for url, _ in post.sent] == ["json://127.0.0.1/head"] * 2 + ["json://127.0.0.1/district"]
    assert outbox.run_once(evening) == 0


def test_what_was_raised_before_the_channel_and_what_is_long_past_is_told_to_nobody(sqlite_office: Database) -> None:
    with sqlite_office.transaction() as session:
        session.add(a_card(1, id=1))
    post = Post()
    new = Channel("office", OFFICE.url, (), LATE_FROM, Audience.CONTACT, "tax")
    assert notifier(sqlite_office, post, new).run_once(NOW) == 0
    assert notifier(sqlite_office, post, OFFICE).run_once(LATE_FROM + NEWS_FOR) == 0


def test_a_year_of_old_cases_that_is_read_in_is_one_message(sqlite_office: Database) -> None:
    read_in = LATE_FROM + timedelta(days=200)
    post = Post()
    outbox = notifier(sqlite_office, post, OFFICE)
    for batch in range(3):
        with sqlite_office.transaction() as session:
            at = read_in + timedelta(seconds=batch)
            session.add_all(a_card(1, raised_at=at + timedelta(microseconds=n)) for n in range(30))
        outbox.run_once(read_in + timedelta(seconds=batch + 1))
    assert outbox.run_once(read_in + timedelta(days=1)) == 1
    assert post.sent.pop()[1].title == "黄牌 60 · Yellow card 60", "the others come on the next morning"
    [(_, message)] = post.sent
    assert message.title == "黄牌 30 · Yellow card 30"
    lines = message.body.split("\n")
    assert lines[1] == "Of cases that were reported long after; each is in the inbox of cards."
    assert len(lines) == 2 + 20 + 1 + 1
    assert lines[-2:] == ["另有 10 件 · and 10 more", "https://hall.example/cards"]


def test_a_card_that_is_found_late_is_news_when_it_appears(sqlite_office: Database) -> None:
    """As when an item is declared long after: the card is of an earlier moment."""
    post, appears = Post(), LATE_FROM + timedelta(days=9)
    with sqlite_office.transaction() as session:
        session.add(a_card(1, id=1, announced_at=appears))
    outbox = notifier(sqlite_office, post, OFFICE)
    assert outbox.run_once(appears - timedelta(seconds=1)) == 0
    assert outbox.run_once(appears) == 1


def test_a_contact_person_who_is_gone_is_no_longer_written_to(sqlite_office: Database) -> None:
    with sqlite_office.transaction() as session:
        session.add(a_card(1, id=1))
    post = Post()
    post.up = False
    outbox = notifier(sqlite_office, post, MAIL)
    outbox.run_once(NOW)
    post.up = True
    with sqlite_office.transaction() as session:
        session.exec(select(Contact).where(Contact.name == "张三")).one().mail = ""
    assert outbox.run_once(NOW + LONGEST_PAUSE) == 0
    with sqlite_office.transaction() as session:
        assert session.exec(select(Delivery)).one().last_error == Reason.NO_PERSON


def test_the_page_of_a_card_shows_who_was_told_what_and_when(services: Services, signed_in: SignedIn) -> None:
    with services.database.transaction() as session:
        session.add(a_card(1, id=1))
    office = Channel("office", OFFICE.url, (), LONG_AGO, Audience.CONTACT, "tax")
    Notifier(services.database, lambda _session: (office,), send=Post()).run_once(NOW)
    department = signed_in("department")
    [told] = department.get("/cards/1.json").json()["told"]
    assert (told["news"], told["channel"], told["state"]) == ("raised", "office", "sent")
    assert told["sent_at"] == "2026-02-25T16:01:00Z"
    page = department.get("/cards/1", headers={"Accept-Language": "en"}).text
    for words in ("Who was told", "sent by office", "How it was reckoned", "Explain"):
        assert words in page
    assert "通知记录" in department.get("/cards/1", headers={"Accept-Language": "zh"}).text
    assert department.get("/cards/2").status_code == 404
