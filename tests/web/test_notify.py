"""The outbox against a real HTTP server, through Apprise."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlmodel import Session, select
from structlog.testing import capture_logs

from storage.database import Database
from storage.models import (
    Absence,
    Alert,
    AlertKind,
    AlertState,
    CameraFault,
    Delivery,
    DeliveryState,
    FaultKind,
    Node,
    StoreTest,
    StoreVerdict,
)
from tests.sample import CAMERA, COUNTERS, HALL, a_hall
from web.alert_news import MAX_AGE, MAX_ATTEMPTS
from web.channels import Channel
from web.notice import Notice
from web.notify import Notifier
from web.notify_apprise import DeliveryFailed, Reason, understands
from web.notify_line import FIRST_PAUSE, LONGEST_PAUSE, Line, pause_after

NOW = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
BOTH = (AlertKind.ABSENCE, AlertKind.CAMERA_FAULT)


class Listener(ThreadingHTTPServer):
    """Keeps what is posted; answers `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.messages: list[dict[str, Any]] = []

    @property
    def address(self) -> str:
        return f"json://user:very-secret@127.0.0.1:{self.server_address[1]}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Says nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as server:
        yield server


@contextmanager
def listening() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def hall(database: Database) -> Database:
    with database.transaction() as session:
        a_hall(session)
    return database


@pytest.fixture
def sqlite_hall(sqlite_database: Database) -> Database:
    with sqlite_database.transaction() as session:
        a_hall(session)
    return sqlite_database


def raise_absence(database: Database, at: datetime = NOW, counter: str = COUNTERS[0]) -> int:
    with database.transaction() as session:
        absence = Absence(counter_id=counter, start=at - timedelta(minutes=5), threshold_s=300)
        session.add(absence)
        session.flush()
        alert = Alert(kind=AlertKind.ABSENCE, hall_id=HALL, counter_id=counter, absence_id=absence.id, raised_at=at)
        session.add(alert)
        session.flush()
        assert alert.id is not None
        return alert.id


def raise_fault(database: Database) -> None:
    with database.transaction() as session:
        fault = CameraFault(camera_id=CAMERA, kind=FaultKind.DARK, start=NOW)
        session.add(fault)
        session.flush()
        session.add(
            Alert(kind=AlertKind.CAMERA_FAULT, hall_id=HALL, camera_id=CAMERA, fault_id=fault.id, raised_at=NOW)
        )


def told(*channels: Channel) -> Callable[[Session], Sequence[Channel]]:
    return lambda _session: channels


def notifier(database: Database, listener: Listener, kinds: tuple[AlertKind, ...] = BOTH) -> Notifier:
    return Notifier(database, told(Channel("duty", listener.address, kinds)), "https://hall.example/")


def only_delivery(database: Database) -> Delivery:
    with database.transaction() as session:
        return session.exec(select(Delivery)).one()


def test_an_absence_is_told_in_both_languages_with_the_halls_time_and_a_link(
    hall: Database, listener: Listener
) -> None:
    raise_absence(hall)
    assert notifier(hall, listener).run_once(NOW) == 1
    [message] = listener.messages
    assert message["title"] == "禅城政务服务大厅 1号窗口离岗 · Nobody at counter 1 of Chancheng Hall"
    assert message["message"].split("\n") == [
        "禅城政务服务大厅 1号窗口离岗，自 2026-01-05 11:55:00（Asia/Shanghai）。",
        "Nobody at counter 1 of Chancheng Hall since 2026-01-05 11:55:00 (Asia/Shanghai).",
        "https://hall.example/absences/1",
    ]


def test_a_camera_fault_says_what_is_wrong(hall: Database, listener: Listener) -> None:
    raise_fault(hall)
    notifier(hall, listener).run_once(NOW)
    [message] = listener.messages
    assert "摄像机 1–2号窗口 画面全黑" in message["title"]
    assert "is dark since 2026-01-05 12:00:00" in message["message"]


def test_a_silent_process_is_told_with_the_time_of_its_last_sign(hall: Database, listener: Listener) -> None:
    with hall.transaction() as session:
        session.add(Node(name="recorder-1", role="recorder", started_at=NOW, heartbeat=NOW))
        session.flush()
        at = NOW + timedelta(seconds=31)
        session.add(Alert(kind=AlertKind.NODE_SILENT, node_name="recorder-1", silent_since=NOW, raised_at=at))
    assert notifier(hall, listener, (AlertKind.NODE_SILENT,)).run_once(at) == 1
    [message] = listener.messages
    assert message["title"] == "录像程序 recorder-1 无响应 · Recorder recorder-1 is silent"
    assert "since 2026-01-05 12:00:00 (Asia/Shanghai)" in message["message"]


def test_a_store_that_cannot_be_relied_on_is_told_in_words(hall: Database, listener: Listener) -> None:
    with hall.transaction() as session:
        test = StoreTest(at=NOW, verdict=StoreVerdict.LOCK_BROKEN)
        session.add(test)
        session.flush()
        session.add(Alert(kind=AlertKind.STORE_UNSAFE, store_test_id=test.id, raised_at=NOW))
    assert notifier(hall, listener, (AlertKind.STORE_UNSAFE,)).run_once(NOW) == 1
    [message] = listener.messages
    assert message["title"] == "录像存储未能阻止删除已锁定的对象 · The store lets locked objects be deleted"
    assert "since 2026-01-05 12:00:00 (Asia/Shanghai)" in message["message"]


def test_a_spool_that_fills_is_told_with_its_level(hall: Database, listener: Listener) -> None:
    with hall.transaction() as session:
        session.add(Node(name="recorder-1", role="recorder", started_at=NOW, heartbeat=NOW))
        session.flush()
        kind = AlertKind.SPOOL_FILLING
        session.add(Alert(kind=kind, node_name="recorder-1", spool_level=80, raised_at=NOW))
    assert notifier(hall, listener, (kind,)).run_once(NOW) == 1
    [message] = listener.messages
    chinese, english = message["title"].split(" · ")
    assert chinese == "录像程序 recorder-1 的待入库录像已达上限的 80%"
    assert english == "Footage that waits on recorder recorder-1 is at 80 % of its limit"


def test_unreadable_footage_is_told_with_its_recorder(hall: Database, listener: Listener) -> None:
    with hall.transaction() as session:
        session.add(Node(name="recorder-1", role="recorder", started_at=NOW, heartbeat=NOW))
        session.flush()
        session.add(Alert(kind=AlertKind.FOOTAGE_UNREADABLE, node_name="recorder-1", raised_at=NOW))
    assert notifier(hall, listener, (AlertKind.FOOTAGE_UNREADABLE,)).run_once(NOW) == 1
    [message] = listener.messages
    chinese, english = message["title"].split(" · ")
    assert chinese == "录像程序 recorder-1 的磁盘上有无法读取的录像文件"
    assert english == "Files of footage on the disk of recorder recorder-1 cannot be read"


def test_a_job_that_keeps_failing_is_told_with_its_process(hall: Database, listener: Listener) -> None:
    with hall.transaction() as session:
        session.add(Node(name="clerk-1", role="clerk", started_at=NOW, heartbeat=NOW))
        session.flush()
        alert = Alert(kind=AlertKind.JOB_FAILING, node_name="clerk-1", job_name="expiry", raised_at=NOW)
        alert.failing_since = NOW - timedelta(minutes=5)
        session.add(alert)
    assert notifier(hall, listener, (AlertKind.JOB_FAILING,)).run_once(NOW) == 1
    [message] = listener.messages
    assert message["title"] == "程序 clerk-1 的任务 expiry 持续失败 · Job expiry of clerk-1 keeps failing"
    assert "since 2026-01-05 11:55:00 (Asia/Shanghai)" in message["message"]


def test_an_alert_is_sent_once_though_run_twice(hall: Database, listener: Listener) -> None:
    raise_absence(hall)
    assert notifier(hall, listener).run_once(NOW) == 1
    assert notifier(hall, listener).run_once(NOW + timedelta(minutes=1)) == 0
    assert len(listener.messages) == 1
    delivery = only_delivery(hall)
    assert (delivery.state, delivery.sent_at, delivery.attempts) == (DeliveryState.SENT, NOW, 1)


def test_an_alert_is_sent_once_though_clerks_run_together(hall: Database, listener: Listener) -> None:
    for _ in range(5):
        raise_absence(hall)
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: notifier(hall, listener).run_once(NOW), range(4)))
    assert sum(sent) == 5
    assert len(listener.messages) == 5


def test_a_channel_gets_only_the_kinds_it_wants(hall: Database, listener: Listener) -> None:
    raise_absence(hall)
    raise_fault(hall)
    assert notifier(hall, listener, (AlertKind.CAMERA_FAULT,)).run_once(NOW) == 1
    assert "摄像机" in listener.messages[0]["title"]


def test_every_channel_gets_its_own_message(hall: Database, listener: Listener) -> None:
    raise_absence(hall)
    channels = told(*(Channel(name, listener.address, BOTH) for name in ("duty", "chief")))
    assert Notifier(hall, channels).run_once(NOW) == 2
    assert Notifier(hall, channels).run_once(NOW) == 0


def test_a_message_that_was_refused_is_sent_later(hall: Database, listener: Listener) -> None:
    raise_absence(hall)
    outbox = notifier(hall, listener)
    listener.status = 500
    assert outbox.run_once(NOW) == 0
    assert only_delivery(hall).state is DeliveryState.PENDING
    listener.status = 200
    assert outbox.run_once(NOW + pause_after(1) - timedelta(seconds=1)) == 0
    assert outbox.run_once(NOW + pause_after(1)) == 1
    assert len(listener.messages) == 2
    assert only_delivery(hall).last_error == ""


def test_a_service_that_is_down_is_asked_for_one_message_not_for_all(hall: Database, listener: Listener) -> None:
    for _ in range(4):
        raise_absence(hall)
    outbox = notifier(hall, listener)
    listener.status = 500
    outbox.run_once(NOW)
    outbox.run_once(NOW + timedelta(seconds=1))
    assert len(listener.messages) == 1
    listener.status = 200
    assert outbox.run_once(NOW + pause_after(1)) == 4


class Choosy:
    """A service that refuses what is about one counter, and is reachable or not."""

    def __init__(self, refuses: str) -> None:
        self.refuses = refuses
        self.up = True
        self.asked = 0
        self.told: list[str] = []

    def __call__(self, _url: str, message: Notice) -> None:
        self.asked += 1
        if not self.up or self.refuses in message.title:
            raise DeliveryFailed(Reason.NOT_TAKEN)
        self.told.append(message.title)


def served(database: Database, service: Choosy) -> Notifier:
    return Notifier(database, told(Channel("duty", "json://127.0.0.1/", BOTH)), send=service)


def states(database: Database) -> dict[int | None, DeliveryState]:
    with database.transaction() as session:
        return {delivery.alert_id: delivery.state for delivery in session.exec(select(Delivery))}


def test_a_message_that_is_refused_for_what_it_says_holds_up_the_others_for_one_pause_at_most(
    sqlite_hall: Database,
) -> None:
    refused = raise_absence(sqlite_hall, counter=COUNTERS[0])
    others = [raise_absence(sqlite_hall, counter=COUNTERS[1]) for _ in range(3)]
    service = Choosy("counter 1")
    outbox = served(sqlite_hall, service)
    assert outbox.run_once(NOW) == 0
    assert outbox.run_once(NOW + pause_after(1)) == 3
    assert states(sqlite_hall) == {refused: DeliveryState.PENDING, **dict.fromkeys(others, DeliveryState.SENT)}


def test_a_message_that_goes_on_being_refused_delays_no_later_alert(sqlite_hall: Database) -> None:
    raise_absence(sqlite_hall, counter=COUNTERS[0])
    service = Choosy("counter 1")
    outbox = served(sqlite_hall, service)
    for seconds in range(0, 1200, 10):
        now = NOW + timedelta(seconds=seconds)
        if seconds % 100 == 0:
            raise_absence(sqlite_hall, now, COUNTERS[1])
        outbox.run_once(now)
        assert len(service.told) >= (seconds - 10) // 100 + 1
    assert service.asked - len(service.told) <= MAX_ATTEMPTS


def test_a_service_that_stays_down_is_asked_ever_more_seldom_however_much_waits(sqlite_hall: Database) -> None:
    for _ in range(30):
        raise_absence(sqlite_hall)
    service = Choosy("counter 1")
    service.up = False
    outbox = served(sqlite_hall, service)
    for seconds in range(0, 1200, 10):
        outbox.run_once(NOW + timedelta(seconds=seconds))
    assert service.asked <= 8
    service.up, service.refuses = True, "nobody"
    assert outbox.run_once(NOW + timedelta(seconds=1200) + LONGEST_PAUSE) == 30


def test_what_fails_while_others_get_through_closes_no_line() -> None:
    line = Line()
    line.failed(1, NOW)
    assert not line.is_open(NOW + pause_after(1) - timedelta(seconds=1))
    line.got_through(2)
    line.failed(1, NOW)
    assert line.is_open(NOW)
    line.failed(3, NOW)
    assert not line.is_open(NOW)


def test_a_channel_that_is_down_does_not_hold_up_another(hall: Database, listener: Listener) -> None:
    raise_absence(hall)
    broken = Channel("broken", "json://127.0.0.1:1/nobody", BOTH)
    outbox = Notifier(hall, told(broken, Channel("duty", listener.address, BOTH)))
    assert outbox.run_once(NOW) == 1


def test_it_gives_up_in_the_end(hall: Database, listener: Listener) -> None:
    raise_absence(hall)
    outbox = notifier(hall, listener)
    listener.status = 500
    now = NOW
    for _ in range(MAX_ATTEMPTS + 2):
        outbox.run_once(now)
        now = max(now, only_delivery(hall).next_try)
    delivery = only_delivery(hall)
    assert delivery.state is DeliveryState.FAILED
    assert delivery.last_error == Reason.NOT_TAKEN
    assert len(listener.messages) <= MAX_ATTEMPTS


def test_an_old_alert_is_no_news(hall: Database, listener: Listener) -> None:
    raise_absence(hall, at=NOW - MAX_AGE - timedelta(seconds=1))
    assert notifier(hall, listener).run_once(NOW) == 0
    assert listener.messages == []


def test_a_message_that_could_not_be_sent_in_time_is_given_up(hall: Database, listener: Listener) -> None:
    raise_absence(hall)
    outbox = notifier(hall, listener)
    listener.status = 500
    outbox.run_once(NOW)
    outbox.run_once(NOW + MAX_AGE + timedelta(seconds=1))
    assert only_delivery(hall).state is DeliveryState.FAILED
    assert len(listener.messages) == 1


def test_a_new_channel_is_told_of_what_comes_and_not_of_what_was(hall: Database, listener: Listener) -> None:
    raise_absence(hall, at=NOW - timedelta(minutes=10))
    raise_absence(hall, at=NOW)
    new = Channel("duty", listener.address, BOTH, since=NOW - timedelta(minutes=5))
    assert Notifier(hall, told(new)).run_once(NOW) == 1


def test_a_channel_whose_address_cannot_be_read_says_so(hall: Database) -> None:
    raise_absence(hall)
    assert Notifier(hall, told(Channel("duty", "", BOTH))).run_once(NOW) == 0
    assert only_delivery(hall).last_error == Reason.UNREADABLE


def test_a_channel_that_left_the_configuration_gets_nothing_more(hall: Database, listener: Listener) -> None:
    raise_absence(hall)
    listener.status = 500
    notifier(hall, listener).run_once(NOW)
    Notifier(hall, told()).run_once(NOW + LONGEST_PAUSE)
    assert only_delivery(hall).state is DeliveryState.FAILED


def test_an_alert_that_has_ended_is_still_told(hall: Database, listener: Listener) -> None:
    alert_id = raise_absence(hall)
    with hall.transaction() as session:
        session.get_one(Alert, alert_id).state = AlertState.RESOLVED
    assert notifier(hall, listener).run_once(NOW) == 1


@pytest.mark.parametrize("status", [200, 500])
def test_no_log_line_and_no_row_holds_the_address(
    hall: Database, listener: Listener, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    raise_absence(hall)
    listener.status = status
    with capture_logs() as lines, caplog.at_level(0):
        notifier(hall, listener).run_once(NOW)
    told = f"{lines} {caplog.messages} {only_delivery(hall)} {Channel('duty', listener.address, BOTH)}"
    assert [line["event"] for line in lines] == ["notification_sent" if status == 200 else "notification_failed"]
    assert "very-secret" not in told
    assert "json://" not in told


def test_the_pauses_double_up_to_a_limit() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, MAX_ATTEMPTS)]
    assert pauses[0] == 2 * FIRST_PAUSE
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


def test_an_address_can_be_checked_without_sending() -> None:
    assert understands("json://127.0.0.1/hook")
    assert not understands("no-such-service://x")
    assert not understands("")


@pytest.mark.parametrize("file", ["/etc/hostname", "file:///etc/hostname", "hallwatch.toml"])
def test_an_address_cannot_make_the_server_send_its_files(file: str) -> None:
    bot = "tgram://123456789:abcdefg_hijklmnop_qrstuvwx-yz0123456789/12315544/"
    assert understands(bot)
    assert not understands(f"{bot}?template={file}")


@contextmanager
def crash() -> Iterator[None]:
    with pytest.raises(KeyboardInterrupt):
        yield


def test_a_crash_in_the_middle_of_sending_is_tried_again(hall: Database, listener: Listener) -> None:
    raise_absence(hall)

    def die(*_message: object) -> None:
        raise KeyboardInterrupt

    with crash():
        Notifier(hall, told(Channel("duty", listener.address, BOTH)), send=die).run_once(NOW)
    assert notifier(hall, listener).run_once(NOW) == 0
    assert notifier(hall, listener).run_once(NOW + pause_after(1)) == 1


def resolve(database: Database, alert_id: int, at: datetime) -> None:
    with database.transaction() as session:
        alert = session.get_one(Alert, alert_id)
        alert.state, alert.resolved_at = AlertState.RESOLVED, at


def test_nobody_is_called_for_an_absence_that_was_over_when_it_was_found(hall: Database, listener: Listener) -> None:
    resolve(hall, raise_absence(hall), NOW)
    assert notifier(hall, listener).run_once(NOW + timedelta(seconds=1)) == 0
    assert listener.messages == []


def test_an_absence_that_ended_before_the_message_went_out_is_still_told(hall: Database, listener: Listener) -> None:
    alert_id = raise_absence(hall)
    resolve(hall, alert_id, NOW + timedelta(seconds=1))
    end_absence_of(hall, alert_id, NOW + timedelta(seconds=1), "returned")
    assert notifier(hall, listener).run_once(NOW + timedelta(seconds=2)) == 1
    (message,) = listener.messages
    assert "（已结束）" in message["title"]
    assert "(over)" in message["title"]
    assert "from 2026-01-05 11:55:00 to 2026-01-05 12:00:01 (Asia/Shanghai)" in message["message"]


def test_an_absence_that_was_taken_back_is_told_to_nobody(hall: Database, listener: Listener) -> None:
    alert_id = raise_absence(hall)
    listener.status = 500
    notifier(hall, listener).run_once(NOW)
    listener.status = 200
    end_absence_of(hall, alert_id, NOW - timedelta(minutes=5), "withdrawn")
    assert notifier(hall, listener).run_once(NOW + LONGEST_PAUSE) == 0
    assert only_delivery(hall).state is DeliveryState.FAILED


def end_absence_of(database: Database, alert_id: int, at: datetime, ended_by: str) -> None:
    with database.transaction() as session:
        absence = session.get_one(Absence, session.get_one(Alert, alert_id).absence_id)
        absence.end, absence.ended_by = at, ended_by
