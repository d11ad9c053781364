"""Figures of a day, which a source compares with its own."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from ingest.approvals.acceptance import accept_batch
from ingest.approvals.examples import example_row
from ingest.approvals.formats import read_rows
from ingest.approvals.reconciliation import HAPPENED, DayFigures, reconcile, reconcile_together
from ingest.approvals.sequences import GRACE, Missing
from storage.database import Database
from storage.models import RecordKind, Source
from tests.ingest.approvals.samples import SOURCE, a_row
from tests.ingest.approvals.test_records import receive
from tests.sample import HALL

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 3, 2)
SAME_DAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


def of_day(database: Database, day: date = DAY, now: datetime = SAME_DAY) -> DayFigures:
    with database.transaction() as session:
        (found,) = reconcile(session, SOURCE, day, day, ZONE, now)
    return found


def test_a_day_counts_what_happened_on_it_by_the_platforms_clock(platform: Database) -> None:
    receive(
        platform,
        1,
        SAME_DAY,
        a_row(item="JZ", department="market"),
        a_row(step="S2", case="C2", start="2026-03-02T00:00:00+08:00", end=None, operator=""),
        a_row(step="S3", case="C3", start="2026-03-01T23:59:59+08:00", end=None),
        example_row(RecordKind.FEE),
        example_row(RecordKind.FEE) | {"id": "F2", "amount": "2.50"},
        example_row(RecordKind.RATING) | {"level": 9},
    )
    found = of_day(platform)
    assert found.records == {"step": 2, "fee": 2}
    assert (found.cases_opened, found.fees_fen, found.late) == (2, 1_250, 0)
    assert (found.batches, found.rows, found.refused) == (1, 6, 1)
    assert found.completeness == pytest.approx(5 / 6 * 3 / 6), "S2 names nothing"


def test_refused_rows_are_missing_until_a_later_batch_tells_of_their_record(platform: Database) -> None:
    wrong = {"start": "yesterday", "end": "sometime"}
    fee = example_row(RecordKind.FEE)
    receive(
        platform,
        1,
        SAME_DAY,
        a_row(step="S1"),
        a_row(step="S2") | wrong,
        a_row(step="S3") | wrong,
        fee | {"amount": "?"},
        a_row(step="") | wrong,
    )
    assert (of_day(platform).refused, of_day(platform).still_missing) == (4, 4)
    receive(platform, 2, SAME_DAY, a_row(step="S2"), a_row(step=fee["id"]), a_row(step="S1", operator="王芳"))
    assert (of_day(platform).refused, of_day(platform).still_missing) == (4, 3), "a step is no fee"
    receive(platform, 3, SAME_DAY, a_row(step="S3"), fee, a_row(step="S3", operator="王芳"))
    assert (of_day(platform).refused, of_day(platform).still_missing) == (4, 1), "one names no step"


def test_a_counter_is_expected_of_the_first_step_of_a_case_that_came_by_one(sqlite_platform: Database) -> None:
    whole: dict[str, object] = {"item": "JZ", "department": "market", "counter": ""}
    later = {"start": "2026-03-02T10:00:00+08:00", "end": None}
    receive(
        sqlite_platform,
        1,
        SAME_DAY,
        a_row(**whole, channel="internet"),
        a_row(**whole | {"case": "C2", "step": "S2", "channel": "Counter", "counter": "1"}),
        a_row(**whole | later | {"case": "C2", "step": "S3"}),
        a_row(**whole | {"case": "C3", "step": "S4"}),
    )
    assert (of_day(sqlite_platform).fields_expected, of_day(sqlite_platform).completeness) == (13, 1.0)
    receive(sqlite_platform, 2, SAME_DAY, a_row(**whole | {"case": "C4", "step": "S5", "channel": "窗口"}))
    assert of_day(sqlite_platform).completeness == pytest.approx(16 / 17)


def test_what_is_first_heard_of_after_the_next_day_is_late_and_a_correction_does_not_change_that(
    platform: Database,
) -> None:
    in_time = datetime(2026, 3, 3, 15, 59, 59, tzinfo=UTC)
    receive(platform, 1, in_time, a_row())
    receive(platform, 2, in_time + timedelta(seconds=1), a_row(step="S2"), a_row(operator="王芳"))
    found = of_day(platform)
    assert (found.late, found.late_share) == (1, 0.5)


def test_missing_batches_stand_on_the_day_on_which_they_are_noticed(sqlite_platform: Database) -> None:
    for number in (1, 2, 5, 6):
        receive(sqlite_platform, number, SAME_DAY, a_row(step=f"S{number}"))
    found = of_day(sqlite_platform, now=SAME_DAY + GRACE)
    assert found.missing == (Missing(3, 4, SAME_DAY),)
    assert found.completeness == pytest.approx(4 / 6 * 1 / 3)


def test_days_of_which_nothing_is_known_are_there_and_have_no_score(sqlite_platform: Database) -> None:
    with sqlite_platform.transaction() as session:
        found = reconcile(session, SOURCE, DAY - timedelta(days=2), DAY, ZONE, SAME_DAY)
    assert [figures.day for figures in found] == [DAY, DAY - timedelta(days=1), DAY - timedelta(days=2)]
    assert {(figures.completeness, figures.late_share, figures.happened) for figures in found} == {(None, None, 0)}


def test_every_kind_that_happens_is_counted(sqlite_platform: Database) -> None:
    receive(sqlite_platform, 1, datetime(2026, 4, 1, tzinfo=UTC), *map(example_row, RecordKind))
    with sqlite_platform.transaction() as session:
        days = reconcile(session, SOURCE, DAY, DAY + timedelta(days=29), ZONE, SAME_DAY)
    assert {kind for day in days for kind in day.records} == set(HAPPENED)


def test_sources_that_are_reckoned_together_have_their_own_figures_and_cost_no_pass_each(platform: Database) -> None:
    receive(platform, 1, SAME_DAY, a_row(), example_row(RecordKind.FEE), a_row(start="yesterday"))
    with platform.transaction() as session:
        session.add(Source(id="other", hall_id=HALL))
    rows = read_rows([a_row(operator="", end=None), a_row(step="S2", case="C2")])
    accept_batch(platform, "other", rows, sequence=1, name="push", sha256="1", now=SAME_DAY + timedelta(days=2))
    span = DAY - timedelta(days=1), DAY + timedelta(days=2), ZONE, SAME_DAY
    asked: list[str] = []
    with platform.transaction() as session:
        alone = {source: reconcile(session, source, *span) for source in (SOURCE, "other")}
        event.listen(platform.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
        found = reconcile_together(session, [SOURCE, "other", "never heard of"], *span)
    assert {source: found[source] for source in alone} == alone
    assert alone[SOURCE] != alone["other"]
    assert [day.late for day in found["other"]] == [0, 0, 2, 0]
    assert {day.happened for day in found["never heard of"]} == {0}
    assert len([one for one in asked if "batch" not in one]) == len(HAPPENED) + 3
