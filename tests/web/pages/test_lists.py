"""Lists: their filters, their pages, and that their cost does not grow with their rows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlmodel import select

from storage.intervals import Span, intersect, subtract, total
from storage.models import (
    Absence,
    Alert,
    AlertState,
    Batch,
    Camera,
    CameraStatus,
    Case,
    Delivery,
    DeliveryState,
    Presence,
    Source,
    StaffState,
    WatchCursor,
)
from tests.web.pages.a_day import NOW, ago
from tests.web.pages.conftest import SignIn
from web.i18n import Language
from web.pages.camera_health import since
from web.pages.formats import Formats
from web.pages.paging import Cursor, parse_cursor
from web.pages.places import CounterRef, HallRef
from web.pages.presence_shares import Percents, Shares, hourly, shares_between
from web.pages.timelines import along, ticks
from web.services import Services

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_pages_of_cases_follow_without_overlap(sign_in: SignIn) -> None:
    client = sign_in("admin")
    first = client.get("/cases.json").json()
    second = client.get(f"/cases.json?after={first['next']}").json()
    numbers = [case["number"] for case in first["cases"] + second["cases"]]
    assert len(first["cases"]) == 50
    assert (len(numbers), len(set(numbers)), second["next"]) == (60, 60, "")


def test_a_mangled_page_address_is_the_first_page(sign_in: SignIn) -> None:
    assert sign_in("admin").get("/cases.json?after=1%27--").status_code == 200


@pytest.mark.parametrize("path", ["/absences", "/alerts", "/cases", "/findings"])
def test_a_day_that_does_not_exist_is_named_as_such(sign_in: SignIn, path: str) -> None:
    client = sign_in("admin")
    for wrong in ("from=2026-13-01", "to=9999-12-31", "from=0001-01-01", "from=yesterday&to=2026-11-23"):
        page = client.get(f"{path}?{wrong}")
        assert page.status_code == client.get(f"{path}.json?{wrong}").status_code == 422
        assert "There is no such day." in page.text, wrong
        assert f'name="{wrong.partition("=")[0]}" value="" aria-invalid="true"' in page.text
    assert "There is no such day." not in client.get(f"{path}?from=&to=").text


def test_a_span_that_has_not_come_or_is_no_time_has_no_player(sign_in: SignIn) -> None:
    client = sign_in("inspector")
    for when, said in {
        "from=2026-11-24T10:00:00&to=2026-11-24T10:10:00": "This time has not come yet.",
        "from=2026-11-24T25:00:00&to=2026-11-24T10:10:00": "There is no such time.",
        "from=0001-01-01T00:00:00&to=0001-01-01T00:10:00": "There is no such time.",
        "from=2026-11-23T10:00:00&to=2026-11-23T09:50:00": "The end has to lie after the beginning.",
        "from=2026-11-23T10:00:00&to=2026-11-23T10:00:00": "The end has to lie after the beginning.",
        "from=2026-11-22T09:00:00&to=2026-11-23T10:00:00": "The span is longer than 24 hours.",
    }.items():
        page = client.get(f"/span?hall=cc&counter=cc-1&{when}")
        assert page.status_code == client.get(f"/span.json?hall=cc&counter=cc-1&{when}").status_code == 422, when
        assert said in page.text
        assert "<span-player" not in page.text


def test_another_hall_can_be_chosen_on_the_form_of_a_span_with_the_counters_of_the_one_before(sign_in: SignIn) -> None:
    """The form goes with all that it holds, and an answer that is an error would not be shown in its place."""
    page = sign_in("inspector").get("/span?hall=cc&counter=of-another&from=2026-11-23T10:00:00&to=2026-11-23T09:50:00")
    assert page.status_code == 200
    assert 'name="counter" value="cc-1"' in page.text


def test_a_camera_without_a_name_is_named_once_where_it_is_chosen(sign_in: SignIn, day: Services) -> None:
    client = sign_in("inspector")
    with day.database.transaction() as session:
        session.get_one(Camera, "cc-cam-1").name = ""
    for path in ("/holds", "/deletions"):
        assert re.search(r'<option value="cc-cam-1"[^>]*>cc-cam-1</option>', client.get(path).text), path


def test_the_list_of_cases_names_the_department_as_the_case_does(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        session.get_one(Case, 1).department_name = "cc-housing"
        case = session.get_one(Case, 2)
        case.department_id, case.department_name = None, "cc-market"
    client = sign_in("inspector")
    listed = {case["id"]: case["department"] for case in client.get("/cases.json").json()["cases"]}
    assert (listed[1]["name_en"], listed[2]["name"]) == ("Housing and Construction Bureau", "cc-market")
    for path in ("/cases", "/cases/1"):
        assert "Housing and Construction Bureau" in client.get(path).text
    assert '收件 <span class="faint">Receive</span>' in client.get("/cases/1").text


def test_what_a_resolved_alert_was_resolved_by_is_said(sign_in: SignIn) -> None:
    page = sign_in("inspector").get("/absences/1").text
    assert re.search(r"Resolved by itself at <time[^>]*>23 Nov 2026 09:46:00</time>, when it was over", page)
    assert "Resolved by itself" not in sign_in("inspector").get("/absences/2").text


def test_chinese_pages_have_chinese_punctuation_and_units(sign_in: SignIn) -> None:
    client = sign_in("admin")
    client.headers["Accept-Language"] = "zh"
    assert "（摄像机连接不上）" in client.get("/cases/1?step=2").text
    assert re.search(r"<h2>收件，<time", client.get("/cases/1?step=1").text)
    assert "+0.038 秒" in client.get("/health").text
    assert "<h1>推送 41</h1>" in client.get("/import/1").text


@pytest.mark.parametrize(
    ("number", "name", "own"),
    [
        ("1", "1号综合窗口", "综合窗口"),
        ("1", "第1号窗口", ""),
        ("1", "10号窗口", "10号窗口"),
        ("7", "Counter 7: Passports", "Passports"),
        ("A1", "社会保险", "社会保险"),
        ("1", "1st desk", "1st desk"),
    ],
)
def test_a_counters_number_is_not_said_twice(number: str, name: str, own: str) -> None:
    counter = CounterRef("cc-1", number, name, "", HallRef("cc", "大厅", "", "Asia/Shanghai"))
    assert Formats(Language.ZH).own_name(counter) == own


def test_cases_are_found_by_number_item_and_status(sign_in: SignIn) -> None:
    client = sign_in("inspector")
    assert [case["number"] for case in client.get("/cases.json?q=00017").json()["cases"]] == ["CC-2026-00017"]
    assert len(client.get("/cases.json?q=预售").json()["cases"]) == 3
    assert client.get("/cases.json?q=%25").json()["cases"] == []
    assert all(case["closed_at"] for case in client.get("/cases.json?status=closed").json()["cases"])


def test_refused_rows_stay_in_reach_however_many_batches_came_after(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        old = session.get_one(Batch, 1)
        old.rejected = 1
        session.add_all(
            Batch(source_id="cc-platform", sequence=1000 + n, received_at=NOW + timedelta(seconds=n // 2))
            for n in range(60)
        )
    client = sign_in("inspector")
    seen: list[int] = []
    cursor = ""
    while cursor or not seen:
        found = client.get(f"/import.json?after={cursor}").json()
        assert len(found["batches"]) <= 50
        seen += [batch["id"] for batch in found["batches"]]
        cursor = found["next"]
    assert 1 in seen
    assert len(seen) == len(set(seen)) > 60
    refused = client.get("/import.json?rows=refused&source=cc-platform").json()["batches"]
    assert 1 in [batch["id"] for batch in refused]
    assert all(batch["rejected"] for batch in refused)
    assert 'href="/import?rows=refused&amp;after=' not in client.get("/import?rows=refused").text
    assert "after=" in client.get("/import").text


def test_batches_of_a_source_out_of_scope_are_not_listed(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        session.add(Source(id="nh-platform", hall_id="nh"))
        session.flush()
        session.add(Batch(source_id="nh-platform", received_at=NOW))
    client = sign_in("inspector")
    assert client.get("/import.json?source=nh-platform").status_code == 404
    assert "nh-platform" not in client.get("/import.json").text
    assert len(sign_in("admin").get("/import.json?source=nh-platform").json()["batches"]) == 1


def test_days_are_the_halls_days(sign_in: SignIn) -> None:
    client = sign_in("supervisor")
    assert len(client.get("/absences.json?from=2026-11-23&to=2026-11-23").json()["absences"]) == 2
    assert client.get("/absences.json?to=2026-11-22").json()["absences"] == []


@contextmanager
def counted(day: Services) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(day.database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(day.database.engine, "before_cursor_execute", note)


def test_a_list_takes_a_handful_of_queries(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    for path, most in {
        "/cases": 18,
        "/cards": 15,
        "/orders": 15,
        "/board.json": 15,
        "/alerts": 20,
        "/absences": 12,
    }.items():
        with counted(day) as statements:
            assert client.get(path).status_code == 200
        assert len(statements) <= most, path


@given(MOMENTS, st.integers(1, 10**9))
def test_a_cursor_survives_the_address(at: datetime, row_id: int) -> None:
    assert parse_cursor(str(Cursor(at, row_id))) == Cursor(at, row_id)


@given(MOMENTS, st.integers(60, 7 * 24 * 3600))
def test_ticks_are_few_in_order_and_inside(start: datetime, seconds: int) -> None:
    end = start + timedelta(seconds=seconds)
    found = ticks(start, end, "Asia/Shanghai")
    assert len(found) <= 10
    assert list(found) == sorted(found)
    assert all(start <= tick <= end and 0 <= along(tick, start, end) <= 100 for tick in found)


@given(st.lists(st.tuples(st.integers(1, 7200), st.sampled_from(list(StaffState))), min_size=1, max_size=12))
def test_hours_add_up_to_what_was_watched(spans: list[tuple[int, StaffState]]) -> None:
    at = start = datetime(2026, 11, 23, tzinfo=UTC)
    presence = []
    for seconds, staff in spans:
        presence.append(Presence(counter_id="c", start=at, end=at + timedelta(seconds=seconds), staff=staff))
        at += timedelta(seconds=seconds)
    always = [Span(start, at)]
    total = shares_between(presence, start, at, always)
    hours = hourly(presence, start, at, always)
    assert abs(total.watched_s - sum(seconds for seconds, _ in spans)) < 1e-6
    assert abs(sum(hour.staffed_s for hour in hours) - total.staffed_s) < 1e-6
    assert all(hour.watched_s <= 3600 for hour in hours)


def test_items_are_named_in_the_language_of_the_page_and_found_by_either(sign_in: SignIn) -> None:
    client = sign_in("admin")
    for path in ("/cases?q=00001", "/cases/1"):
        assert "Presale permit" in client.get(path).text
        assert "商品房预售许可" in client.get(path, headers={"Accept-Language": "zh"}).text
    (case,) = client.get("/cases.json?q=00001").json()["cases"]
    assert case["item"] == {"id": "fs-0412", "name": "商品房预售许可", "name_en": "Presale permit"}
    assert len(client.get("/cases.json?q=presale").json()["cases"]) == 3
    assert "个体工商户设立登记" in client.get("/cases?q=00009").text, "has no English name"


@given(
    st.lists(st.tuples(st.integers(0, 7200), st.sampled_from(StaffState)), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 50_000)), max_size=4),
)
def test_open_and_closed_time_share_out_what_was_watched(
    spans: list[tuple[int, StaffState]], hours: list[tuple[int, int]]
) -> None:
    start = at = NOW
    presence = []
    for seconds, staff in spans:
        presence.append(Presence(counter_id="c", start=at, end=at + timedelta(seconds=seconds), staff=staff))
        at += timedelta(seconds=seconds)
    day = Span(start, at)
    opened = [Span(*sorted(start + timedelta(seconds=each) for each in pair)) for pair in hours]
    inside, outside = (shares_between(presence, start, at, parts) for parts in (opened, subtract([day], opened)))
    whole = shares_between(presence, start, at, [day])
    assert inside.watched_s == total(intersect(opened, [day])).total_seconds()
    assert inside.staffed_s + outside.staffed_s == whole.staffed_s
    assert inside.unstaffed_s + outside.unstaffed_s == whole.unstaffed_s
    assert sum(hour.watched_s for hour in hourly(presence, start, at, opened)) == inside.watched_s


@given(st.lists(st.floats(0, 1e6), min_size=3, max_size=3))
def test_percents_add_up_to_a_hundred_and_none_is_off_by_more_than_one(seconds: list[float]) -> None:
    shares = Shares(NOW, *seconds)
    found = shares.percents
    if not shares.watched_s:
        assert found == Percents(None, None, None)
        return
    whole = [n for n in (found.staffed, found.unstaffed, found.unknown) if n is not None]
    assert sum(whole) == 100
    assert all(abs(n - 100 * s / shares.watched_s) < 1 + 1e-6 for n, s in zip(whole, seconds, strict=True))


def test_three_halves_are_not_a_hundred_and_one_percent() -> None:
    assert Shares(NOW, 33.5, 33.5, 33).percents == Percents(34, 33, 33)


def test_an_absence_that_nobody_watches_any_more_does_not_grow_on_any_page(day: Services, sign_in: SignIn) -> None:
    """It began nine minutes ago; the watcher has been dead for four."""
    last = NOW - timedelta(minutes=4)
    with day.database.transaction() as session:
        session.merge(WatchCursor(camera_id="cc-cam-1", watched_to=last))
    client, seen_until = sign_in("admin"), last.isoformat().replace("+00:00", "Z")
    (row,) = [row for row in client.get("/absences.json?hall=cc").json()["absences"] if row["end"] is None]
    absence_id = row["id"]
    (alert,) = [row for row in client.get("/alerts.json").json()["alerts"] if row["absence_id"] == absence_id]
    page = client.get(f"/absences/{absence_id}.json").json()
    bars = [bar for lane in page["timeline"]["lanes"] if lane["name"] == "absences" for bar in lane["bars"]]
    assert row["seen_until"] == alert["seen_until"] == page["absence"]["seen_until"] == seen_until
    assert [bar["end"] for bar in bars] == [seen_until]
    for path in ("/absences", "/alerts", f"/absences/{absence_id}", "/counters/cc-2"):
        assert re.search(r'(Lasted</dt><dd class="strong"|data-label="Lasted")>5 min', client.get(path).text), path


def test_the_administrator_reads_whom_an_alert_could_not_be_told_to_and_why(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        waiting = session.exec(select(Delivery).where(Delivery.state == DeliveryState.SENT)).one()
        waiting.state, waiting.last_error = DeliveryState.PENDING, "refused_or_unreachable"
        waiting.channel, waiting.next_try = "sms", NOW + timedelta(minutes=3)
    client = sign_in("admin")
    for path in ("/health", "/alerts?state=all"):
        page = client.get(path).text
        assert "Could not be told to duty-mail: the service refused the message or could not be reached." in page
        assert "Could not be told to sms: " in page
    chinese = client.get("/health", headers={"Accept-Language": "zh"}).text
    assert "未能通知 sms：对方服务拒收该消息或无法连接。" in chinese
    assert "Tried again when" not in client.get("/health").text
    with day.database.transaction() as session:
        session.exec(select(Delivery).where(Delivery.channel == "sms")).one().next_try = NOW
    assert "Tried again when its channel answers." in client.get("/health").text
    failed = {failure["channel"]: failure["next_try"] for failure in client.get("/health.json").json()["failed"]}
    assert failed["duty-mail"] is None
    assert failed["sms"] is not None


def test_who_may_not_see_health_reads_at_the_alert_when_it_is_told_again(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        waiting = session.exec(select(Delivery).where(Delivery.state == DeliveryState.SENT)).one()
        alert = session.get_one(Alert, waiting.alert_id)
        alert_id, absence_id = alert.id, alert.absence_id
        waiting.state, waiting.last_error = DeliveryState.PENDING, "refused_or_unreachable"
        waiting.channel, waiting.attempts, waiting.next_try = "sms", 3, NOW + timedelta(minutes=3)
    client = sign_in("supervisor")
    assert client.get("/health").status_code == 403
    (alert_row,) = [row for row in client.get("/alerts.json?state=all").json()["alerts"] if row["id"] == alert_id]
    assert {each["channel"]: each["next_try"] for each in alert_row["deliveries"]}["sms"] is not None
    for path in ("/alerts?state=all", f"/absences/{absence_id}"):
        page = client.get(path).text
        assert re.search(r"reached\. Tried 3 times\. Tried again at <time [^>]+>10:43:00</time>\.", page), path
    assert "已尝试 3 次。将于 " in client.get("/alerts?state=all", headers={"Accept-Language": "zh"}).text
    with day.database.transaction() as session:
        session.exec(select(Delivery).where(Delivery.channel == "sms")).one().state = DeliveryState.FAILED
    assert "Tried 3 times. Given up." in client.get("/alerts?state=all").text


def test_an_absence_that_has_been_none_is_not_listed_and_its_page_says_why(day: Services, sign_in: SignIn) -> None:
    client = sign_in("admin")
    with day.database.transaction() as session:
        absence = session.exec(select(Absence).where(Absence.counter_id == "cc-2")).one()
        shown = f"/absences/{absence.id}"
        assert shown in client.get("/absences?hall=cc").text
        absence.end, absence.ended_by = absence.start, "withdrawn"
        alert = session.exec(select(Alert).where(Alert.absence_id == absence.id)).one()
        alert.state, alert.resolved_at = AlertState.WITHDRAWN, NOW
    assert not any(shown in client.get(path).text for path in ("/absences?hall=cc", "/counters/cc-2"))
    page = client.get(shown).text
    assert "by what is known by now it was none" in page
    assert "It was taken back and counts nothing" in page
    assert "To be disputed by" not in page
    listed = {state: shown in client.get(f"/alerts?state={state}").text for state in ("open", "resolved", "withdrawn")}
    assert listed == {"open": False, "resolved": False, "withdrawn": True}


ENDED_UNKNOWN = [
    ("time_corrected", ": The time of the footage was corrected; it is looked at again."),
    ("no_signal", ": No signal"),
    ("camera_off", ": Its camera is switched off."),
    ("", ""),
]


def test_an_absence_that_ended_because_nobody_knows_more_says_why_as_far_as_that_is_known(
    day: Services, sign_in: SignIn
) -> None:
    client = sign_in("admin")
    for reason, why in ENDED_UNKNOWN:
        with day.database.transaction() as session:
            absence = session.exec(select(Absence).where(Absence.counter_id == "cc-1")).one()
            absence.ended_by = "unknown"
            seen = select(Presence).where(Presence.counter_id == "cc-1", Presence.start == absence.end)
            after = session.exec(seen).one()
            after.staff, after.reason = StaffState.UNKNOWN, reason
        page = unescape(client.get("/absences/1", headers={"Accept-Language": "en"}).text)
        assert f"it became unknown whether somebody was there{why}<" in page
        assert client.get("/absences/1.json").json()["absence"]["unknown_why"] == reason
    assert "此后是否有人在岗不明" in client.get("/absences/1", headers={"Accept-Language": "zh"}).text


def test_an_absence_says_that_the_shorter_time_applied_because_a_customer_waited(sign_in: SignIn) -> None:
    client = sign_in("admin")
    told = [client.get(f"/absences/{number}.json").json()["rule"]["because_waiting"] for number in (1, 2)]
    assert told == [False, True]
    assert "because a customer waited" in client.get("/absences/2").text
    assert "because a customer waited" not in client.get("/absences/1").text


@pytest.mark.parametrize(
    ("connected", "late", "shown"),
    [(True, False, 5), (True, True, 20), (False, True, 20), (False, False, 20)],
    ids=["delivers", "connected again without a picture", "away", "just gone"],
)
def test_a_camera_is_away_since_its_last_picture(connected: bool, late: bool, shown: int) -> None:
    status = CameraStatus(camera_id="c", connected=connected, since=ago(5), last_frame=ago(20), updated=ago(0))
    assert since(status, late) == ago(shown)
    status.last_frame = None
    assert since(status, late) == ago(5)
