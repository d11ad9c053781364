"""Sources that left out batches or went silent: one alert each, while it is so, and on the Health page."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from correlation.deadlines.work_calendar import WorkCalendar
from ingest.approvals.sequences import GRACE
from storage.database import Database
from storage.models import Alert, AlertKind, AlertState, Batch, Delivery, NotifyChannel, Source
from tests.sample import a_hall
from tests.web.conftest import SignedIn
from web.channels import Channel
from web.notice import Notice
from web.notify import Notifier
from web.services import Services
from web.source_watch import LOOK_BACK, SourceWatch, is_silent

FRIDAY = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
"""09:00 in the hall."""
CALENDAR = WorkCalendar()


@pytest.mark.parametrize(
    ("now", "silent"),
    [
        (FRIDAY, False),
        (FRIDAY + timedelta(hours=2), False),
        (FRIDAY + timedelta(hours=2, minutes=1), True),
        (FRIDAY - timedelta(days=3), False),
    ],
)
def test_a_source_is_silent_after_its_working_minutes(now: datetime, silent: bool) -> None:
    assert is_silent(CALENDAR, FRIDAY, 120, now) is silent
    assert is_silent(CALENDAR, FRIDAY, None, now) is False


def test_nights_and_weekends_are_no_silence() -> None:
    """From Friday 16:30 half an hour counts until Monday 09:00."""
    last = FRIDAY + timedelta(hours=7, minutes=30)
    monday = FRIDAY + timedelta(days=3)
    assert not is_silent(CALENDAR, last, 60, monday + timedelta(minutes=30))
    assert is_silent(CALENDAR, last, 60, monday + timedelta(minutes=31))


@given(st.integers(0, 20_000), st.integers(0, 20_000), st.integers(1, 3000))
def test_once_silent_it_stays_so_until_a_batch_comes(first: int, more: int, minutes: int) -> None:
    now = FRIDAY + timedelta(minutes=first)
    later = now + timedelta(minutes=more)
    assert is_silent(CALENDAR, FRIDAY, minutes, now) <= is_silent(CALENDAR, FRIDAY, minutes, later)


def a_batch(at: datetime, sequence: int | None = None) -> Batch:
    return Batch(source_id="platform", sequence=sequence, received_at=at)


@pytest.fixture
def numbered(database: Database) -> Database:
    """Batches 1, 2, 3 and 5 came in the first quarter of an hour; it is silent after two hours."""
    with database.transaction() as session:
        a_hall(session)
        session.add(Source(id="platform", name="禅城平台", hall_id="cc", silent_after_minutes=120))
        session.flush()
        for number in (1, 2, 3, 5):
            session.add(a_batch(FRIDAY + timedelta(minutes=number), number))
    return database


def alerts(database: Database) -> list[tuple[AlertKind, AlertState, str | None]]:
    with database.transaction() as session:
        found = session.exec(select(Alert).order_by(col(Alert.id)))
        return [(AlertKind(alert.kind), AlertState(alert.state), alert.hall_id) for alert in found]


def test_a_batch_that_is_skipped_is_one_alert_until_it_comes(numbered: Database) -> None:
    watch, now = SourceWatch(numbered), FRIDAY + timedelta(minutes=5)
    assert watch.run_once(now) == 0, "batches may overtake each other"
    now += GRACE
    assert [watch.run_once(now), watch.run_once(now), SourceWatch(numbered).run_once(now)] == [1, 0, 0]
    assert alerts(numbered) == [(AlertKind.BATCHES_MISSING, AlertState.RAISED, "cc")]
    with numbered.transaction() as session:
        session.add(a_batch(now, 4))
    assert watch.run_once(now) == 1
    assert alerts(numbered) == [(AlertKind.BATCHES_MISSING, AlertState.RESOLVED, "cc")]


def test_a_batch_that_never_comes_is_no_news_after_a_week(numbered: Database) -> None:
    watch = SourceWatch(numbered)
    with numbered.transaction() as session:
        session.get_one(Source, "platform").silent_after_minutes = None
    watch.run_once(FRIDAY + timedelta(hours=1))
    assert watch.run_once(FRIDAY + LOOK_BACK + timedelta(hours=1)) == 1
    assert [state for _, state, _ in alerts(numbered)] == [AlertState.RESOLVED]


def test_a_source_that_falls_silent_is_one_alert_until_it_is_heard_of(numbered: Database) -> None:
    watch = SourceWatch(numbered)
    with numbered.transaction() as session:
        session.add(a_batch(FRIDAY + timedelta(minutes=5), 4))
    assert watch.run_once(FRIDAY + timedelta(hours=2)) == 0
    late = FRIDAY + timedelta(hours=6)
    assert [watch.run_once(late) for _ in range(2)] == [1, 0]
    assert alerts(numbered) == [(AlertKind.SOURCE_SILENT, AlertState.RAISED, "cc")]
    with numbered.transaction() as session:
        session.add(a_batch(late))
    assert watch.run_once(late) == 1
    assert [state for _, state, _ in alerts(numbered)] == [AlertState.RESOLVED]


def test_it_goes_out_by_the_usual_outbox(numbered: Database) -> None:
    now = FRIDAY + timedelta(hours=1)
    with numbered.transaction() as session:
        session.add(NotifyChannel(name="desk", url="", kinds=list(AlertKind), since=FRIDAY))
    SourceWatch(numbered).run_once(now)
    sent: list[Notice] = []
    channel = Channel("desk", "json://desk", tuple(AlertKind), since=FRIDAY)
    notifier = Notifier(numbered, lambda _session: [channel], send=lambda _url, notice: sent.append(notice))
    assert [notifier.run_once(now) for _ in range(2)] == [1, 0]
    assert sent[0].title == "数据来源 禅城平台 有批次缺失 · Batches of source 禅城平台 are missing"
    with numbered.transaction() as session:
        assert len(session.exec(select(Delivery)).all()) == 1


def test_health_and_alerts_name_the_source(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        source = session.get_one(Source, "cc-platform")
        source.name, source.silent_after_minutes = "禅城平台", 60
        for number in (1, 2, 3, 5):
            at = services.clock() - timedelta(hours=20) + timedelta(minutes=number)
            session.add(Batch(source_id="cc-platform", sequence=number, received_at=at))
    SourceWatch(services.database).run_once(services.clock())
    admin = signed_in("admin")
    (found,) = admin.get("/health.json").json()["sources"]
    assert (found["id"], found["silent_since"], found["missing_since"]) == (
        "cc-platform",
        "2026-03-01T08:05:00Z",
        "2026-03-01T08:05:00Z",
    )
    page = admin.get("/health?lang=en").text
    assert "silent after 60 working minutes" in page
    assert 'href="/reconciliation?source=cc-platform"' in page
    rows = [row for row in admin.get("/alerts.json").json()["alerts"] if row["source_id"]]
    assert {row["kind"] for row in rows} == {"batches_missing", "source_silent"}
    assert {row["source_name"] for row in rows} == {"禅城平台"}
    assert "source_silent,raised,cc" in admin.get("/alerts.csv?kind=source_silent").text
    assert "禅城平台" in signed_in("supervisor").get("/alerts").text


def test_the_setting_is_made_by_page_and_by_api(signed_in: SignedIn, services: Services) -> None:
    admin = signed_in("admin")
    form = {"name": "x", "hall": "cc", "counters": "", "silent_after_minutes": "90"}
    assert admin.post("/admin/sources?edit=cc-platform", data=form).status_code == 303
    assert 'value="90"' in admin.get("/admin/sources?edit=cc-platform").text
    put = {"id": "cc-platform", "hall": "cc", "silent_after_minutes": 45}
    assert admin.put("/api/v1/sources/cc-platform", json=put).json()["silent_after_minutes"] == 45
    assert admin.put("/api/v1/sources/cc-platform", json=put | {"silent_after_minutes": 0}).status_code == 422
