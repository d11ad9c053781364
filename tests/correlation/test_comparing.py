"""Findings about stamps that contradict each other come, stay and go with the stamps."""

from datetime import timedelta
from itertools import takewhile

import pytest
from sqlmodel import select

from correlation.comparing import find_steps_out_of_order
from correlation.examining import find_unstaffed_steps
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.importing import import_file
from ingest.approvals.mapping import Mapping
from ingest.approvals.parsing import parse_row
from ingest.simulator.faults import Fault, FaultKind
from ingest.simulator.platform import row_of
from ingest.simulator.script import story
from storage.database import Database
from storage.models import Case, Finding, FindingKind, Step
from tests.correlation.scene import at
from tests.ingest.approvals.test_importing import MAPPING, RECEIPT

NOW = at(7200)


def push(database: Database, sequence: int, *steps: tuple[str, float], case: str = "2026-009") -> None:
    """Kinds with their starts; the reference of a step is its kind."""
    rows = [
        (
            line,
            parse_row({"case": case, "step": kind, "kind": kind, "counter": "1", "start": at(start).isoformat()}),
        )
        for line, (kind, start) in enumerate(steps, 1)
    ]
    accept_batch(database, "platform", rows, sequence=sequence, name="push", sha256=str(sequence), now=NOW)


def active(database: Database) -> dict[str, Finding]:
    """By kind of the step."""
    query = select(Step, Finding).where(Finding.step_id == Step.id, Finding.withdrawn_at == None)  # noqa: E711
    with database.transaction() as session:
        return {step.kind.value: finding for step, finding in session.exec(query)}


def test_a_backdated_step_is_found_once_with_both_stamps_as_evidence(hall: Database) -> None:
    push(hall, 1, ("receive", 1001), ("accept", 301))
    assert find_steps_out_of_order(hall, NOW) == 1
    assert find_steps_out_of_order(hall, NOW + timedelta(seconds=10)) == 0
    finding = active(hall)["accept"]
    assert (finding.kind, finding.counter_id) == (FindingKind.STEP_OUT_OF_ORDER, None)
    assert finding.evidence["stamped"] == at(301).isoformat()
    (before,) = finding.evidence["before"]
    assert (before["kind"], before["stamped"], before["seconds_later"]) == ("receive", at(1001).isoformat(), 700)


def test_a_step_that_comes_later_makes_an_earlier_one_a_finding(hall: Database) -> None:
    push(hall, 1, ("accept", 301))
    assert find_steps_out_of_order(hall, NOW) == 0
    push(hall, 2, ("receive", 1001))
    assert find_steps_out_of_order(hall, NOW) == 1
    assert list(active(hall)) == ["accept"]


def test_a_correction_withdraws_the_finding_and_another_brings_it_back(hall: Database) -> None:
    push(hall, 1, ("receive", 1001), ("accept", 301))
    find_steps_out_of_order(hall, NOW)
    push(hall, 2, ("receive", 101))
    assert find_steps_out_of_order(hall, NOW) == 1
    assert active(hall) == {}
    push(hall, 3, ("receive", 1201))
    assert find_steps_out_of_order(hall, NOW) == 1
    assert active(hall)["accept"].evidence["before"][0]["seconds_later"] == 900


def test_a_step_that_moves_to_another_case_leaves_no_contradiction_behind(hall: Database) -> None:
    push(hall, 1, ("receive", 1001), ("accept", 301))
    find_steps_out_of_order(hall, NOW)
    push(hall, 2, ("receive", 1001), case="2026-010")
    assert find_steps_out_of_order(hall, NOW) == 1
    assert active(hall) == {}


def test_looking_at_presence_leaves_findings_about_stamps_alone(hall: Database) -> None:
    push(hall, 1, ("receive", 1001), ("accept", 301))
    find_steps_out_of_order(hall, NOW)
    find_unstaffed_steps(hall, NOW + timedelta(days=2))
    assert list(active(hall)) == ["accept"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_backdated_step_of_a_simulated_hall_is_found_and_no_other_step_is(sqlite_hall: Database, seed: int) -> None:
    acts = takewhile(lambda act: act.at_s < 600, story(seed, 4, 20.0, [Fault(FaultKind.BACKDATE_STEP)]))
    steps = [act.step for act in acts if act.step]
    rows = [(line, parse_row(row_of(step, "run", at(0), timedelta(0)))) for line, step in enumerate(steps, 1)]
    accept_batch(sqlite_hall, "platform", rows, sequence=1, name="push", sha256="", now=NOW)
    assert find_steps_out_of_order(sqlite_hall, NOW) == 1
    assert [later["kind"] for later in active(sqlite_hall)["accept"].evidence["before"]] == ["receive"]


@pytest.mark.skipif(not RECEIPT.exists(), reason="the municipal log is not beside this checkout")
def test_the_real_municipal_log_contradicts_itself_nowhere(sqlite_hall: Database) -> None:
    import_file(sqlite_hall, "platform", RECEIPT, Mapping.load(MAPPING), NOW)
    assert find_steps_out_of_order(sqlite_hall, NOW) == 0
    assert active(sqlite_hall) == {}


def test_every_case_is_compared_however_many_there_are(sqlite_hall: Database) -> None:
    with sqlite_hall.transaction() as session:
        session.add_all(Case(source_id="platform", number=f"2025-{n:04}", opened_at=at(0)) for n in range(1000))
    find_steps_out_of_order(sqlite_hall, NOW)
    with sqlite_hall.transaction() as session:
        assert all(case.stamps_compared for case in session.exec(select(Case)))
