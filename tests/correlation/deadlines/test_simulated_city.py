"""What is wrong in a simulated city is found, to the day, and nothing else is said of it."""

import json
import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from bench.city import RULES, Played, Scores, compare, injected
from correlation.deadlines.cards import RaisedCard
from correlation.deadlines.explaining import explain
from correlation.deadlines.known import CardKey
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from ingest.simulator.city.catalogue import Period
from ingest.simulator.city.city import make_city
from ingest.simulator.city.faults import DataFault, Fault
from ingest.simulator.city.write import TRUTH, write_city
from storage.database import Database
from storage.models import Card, CardCause, CardKind, Case, ItemVersion, RecordKind, RecordRevision, StepKind

SUMMER = Period(date(2026, 5, 6), date(2026, 9, 30))
"""With a make-up day, a holiday, and days on which some halls were closed."""
ACCUSATIONS = {cause.value for cause in CardCause} - {CardCause.DUE_SOON}
OF_DATA = {fault.value for fault in DataFault} - {DataFault.ROW_LATE}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, _migrated_file: Path) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("city")
    write_city(make_city(17, 220, SUMMER), folder / "city")
    with closing(Database(f"sqlite:///{shutil.copy(_migrated_file, folder / 'city.db')}")) as database:
        lived = Played(database, folder / "city")
        lived.live_through()
        yield lived


@pytest.fixture(scope="module")
def scores(played: Played) -> Scores:
    return compare(injected(played.folder), played.found())


@pytest.mark.parametrize("kind", sorted(ACCUSATIONS | OF_DATA))
def test_each_injected_fault_is_found_and_none_that_is_not_there(scores: Scores, kind: str) -> None:
    score = scores[kind]
    assert score.injected, "some of each kind"
    assert score.injected - score.found == set()
    assert score.found - score.injected == set()


def test_links_are_late_by_their_own_limits_after_one_that_has_none_too(scores: Scores) -> None:
    assert {link for _, _, link, _ in scores["link_late"].found} == {"review", "decide"}


def test_what_was_entered_at_once_is_found_in_pushes_and_in_files(played: Played, scores: Scores) -> None:
    truth = [json.loads(line) for line in (played.folder / TRUTH).read_text("utf-8").splitlines()]
    at_once = {line["case"] for line in truth if line["fault"] == Fault.ENTERED_IN_BATCH}
    by_file = {case for case in at_once if case.startswith("SD-")}
    assert by_file, "the platform of Shunde drops files"
    assert at_once - by_file
    assert at_once == {case for _, case, *_ in scores["entered_in_batch"].found}


def test_limits_in_hours_are_kept_to_the_minute(played: Played) -> None:
    """Those that are late by a minute have their cards, those with a minute left have none."""
    truth = [json.loads(line) for line in (played.folder / TRUTH).read_text("utf-8").splitlines()]
    late = {line["case"] for line in truth if line["fault"] == Fault.HOURS_OVERDUE}
    with played.database.transaction() as session:
        query = select(Case.number, Card.cause).where(Case.item_code == "FS-SJ-09").outerjoin(Card, _standing())
        carded = [(number, cause) for number, cause in session.exec(query)]
    assert {number for number, cause in carded if cause is not None} == late
    assert {CardCause.PAST_PROMISED, CardCause.PAST_LEGAL} == {cause for _, cause in carded if cause is not None}
    assert len({number for number, cause in carded if cause is None}) > len(late)


def _standing() -> ColumnElement[bool]:
    return (col(Card.case_id) == Case.id) & (col(Card.kind) != CardKind.REMINDER) & col(Card.withdrawn_at).is_(None)


def test_what_is_missing_is_found_whatever_it_is(played: Played) -> None:
    """Each by its name: two that are taken for each other would have the same cause."""
    truth = [json.loads(line) for line in (played.folder / TRUTH).read_text("utf-8").splitlines()]
    abouts = {
        Fault.DATA_MISSING: "missing:result",
        Fault.OPERATOR_MISSING: "missing:operator",
        Fault.RESULT_MISSING: "missing:result_record",
        Fault.DELIVERY_MISSING: "missing:delivery",
        Fault.COUNTER_MISSING: "missing:counter",
        Fault.NOTICE_MISSING: "missing:notice",
        Fault.FEE_MISSING: "missing:fee",
    }
    injected = {(line["case"], abouts[line["fault"]]) for line in truth if line["fault"] in abouts}
    with played.database.transaction() as session:
        query = select(Case.number, Card.about).where(_standing(), Card.cause == CardCause.DATA_MISSING)
        found = set(session.exec(query))
    assert found == injected
    assert {about for _, about in found} == {f"missing:{name}" for name in _NAMES}


_NAMES = ("result", "result_record", "delivery", "fee", "operator", "counter", "notice")
"""All that the rules know to be missing."""


def test_there_is_no_other_kind_of_fault(scores: Scores) -> None:
    assert set(scores) == ACCUSATIONS | OF_DATA


def test_any_past_date_that_is_replayed_has_the_cards_that_were_written_then(played: Played) -> None:
    chance = random.Random(1)
    with played.database.transaction() as session:
        written: dict[int, list[Card]] = {}
        for card in session.exec(select(Card)):
            written.setdefault(card.case_id, []).append(card)
        for case_id in chance.sample(sorted(written), 40):
            moment = played.ends - timedelta(days=chance.uniform(0, 120))
            replayed = explain(session, case_id, RULES, moment)
            there = {_key(card) for card in written[case_id] if card.raised_at <= moment}
            assert {card.key for card in (replayed.cards if replayed else ())} == there
            lifted = {_key(c) for c in written[case_id] if c.withdrawn_at is not None and c.withdrawn_at <= moment}
            assert {c.key for c in (replayed.cards if replayed else ()) if c.withdrawn_at is not None} == lifted


def test_every_case_that_is_replayed_for_every_day_of_a_month_has_the_cards_that_were_written_then(
    played: Played,
) -> None:
    replayed = played.replay(31)
    assert replayed.differences == []
    with played.database.transaction() as session:
        assert replayed.cases == session.exec(select(func.count()).select_from(Case)).one()
        cards = session.exec(select(func.count()).select_from(Card)).one()
    assert replayed.cards > 31 * cards / 2, "most days have most of them"


def test_a_catalogue_that_is_sent_again_with_other_limits_changes_no_past_date(played: Played, tmp_path: Path) -> None:
    chance = random.Random(2)
    with played.database.engine.connect() as connection:
        connection.exec_driver_sql(f"VACUUM INTO '{tmp_path / 'city.db'}'")
    with closing(Database(f"sqlite:///{tmp_path / 'city.db'}")) as database:
        with database.transaction() as session:
            cases = sorted(set(session.exec(select(Card.case_id).where(Card.cause == CardCause.PAST_PROMISED))))
            asked = [(case, played.ends - timedelta(days=chance.uniform(0, 90))) for case in cases]
            said = [_said(session, case, moment) for case, moment in asked]
            current = [
                (version.source_id, revision.row)
                for version, revision in session.exec(
                    select(ItemVersion, RecordRevision).where(
                        RecordRevision.record == RecordKind.ITEM,
                        RecordRevision.record_id == ItemVersion.id,
                        RecordRevision.revision == ItemVersion.revision,
                    )
                )
            ]
        for source in {source for source, _ in current}:
            rows = [row | {"record": "item", "promised_limit": None} for of, row in current if of == source]
            report = accept_batch(
                database, source, read_rows(rows), sequence=None, name="again", sha256=source, now=played.ends
            )
            assert report.accepted == len(rows)
        with database.transaction() as session:
            assert [_said(session, case, moment) for case, moment in asked] == said
            assert any(said), "there is something that could change"
            now = [card for case in cases for card in _said(session, case, played.ends)]
    assert played.ends in {card.withdrawn_at for card in now}, "from then on it counts"


def _said(session: Session, case_id: int, moment: datetime) -> tuple[RaisedCard, ...]:
    explained = explain(session, case_id, RULES, moment)
    return explained.cards if explained else ()


def _key(card: Card) -> CardKey:
    return CardKey(card.kind, card.clock, StepKind(card.link) if card.link else None, card.raised_at, card.about)
