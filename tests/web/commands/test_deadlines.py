"""`hallwatch deadlines` and `hallwatch closures`, as people call them."""

import json
from pathlib import Path

import pytest
from sqlmodel import select

from correlation.deadlines.keeping import DeadlineKeeper
from storage.models import Card, Closure, Item, Source
from tests.web.commands.conftest import Run
from web.composition import build_services
from web.settings_file import read_settings

STEPS = (
    {"case": "2026-001", "step": "1", "kind": "accept", "item": "JZ-1", "start": "2026-02-13T09:00:00+08:00"},
    {"case": "2026-001", "step": "2", "kind": "decide", "start": "2026-03-10T09:00:00+08:00"},
)


@pytest.fixture
def case(hallwatch: Run, site: Path, tmp_path: Path) -> None:
    """Of an item that promises five days; decided late, over the Spring Festival."""
    services = build_services(read_settings(site, {"CAMERA_PASSWORD": "geheim"}))
    with services.database.transaction() as session:
        session.add(Source(id="city", hall_id="cc"))
        session.add(Item(code="JZ-1", name="食品经营许可", promised_days=5))
    services.database.close()
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(json.dumps(step) for step in STEPS), "utf-8")
    hallwatch("import-cases", str(file), "--source", "city")


@pytest.mark.usefixtures("case")
def test_a_case_is_explained_day_by_day(hallwatch: Run) -> None:
    said = hallwatch("deadlines", "2026-001").output
    assert "Done late." in said
    assert "Promised limit: 5 working days, until 2026-02-27 23:59" in said
    assert "2026-02-14 Sat                    day 1, a make-up day" in said
    assert "2026-02-15 Sun – 2026-02-23 Mon   not counted: Public holiday" in said
    assert "Legal limit: 20 working days, until 2026-03-19 23:59" in said
    assert "By 行政许可法-2004, chinesecalendar" in said
    assert "Yellow card: The promised limit has passed" in said


@pytest.mark.usefixtures("case")
def test_stamps_that_contradict_each_other_are_told_beside_where_the_case_stands(
    hallwatch: Run, tmp_path: Path
) -> None:
    assert "In doubt" not in hallwatch("deadlines", "2026-001").output
    file = tmp_path / "reversed.jsonl"
    file.write_text(json.dumps(STEPS[1] | {"start": "2026-02-13T08:00:00+08:00"}), "utf-8")
    hallwatch("import-cases", str(file), "--source", "city")
    assert "In doubt: its steps are stamped in an order that cannot be." in hallwatch("deadlines", "2026-001").output


@pytest.mark.usefixtures("case")
def test_a_case_that_is_not_there_and_a_moment_that_is_none_are_told(hallwatch: Run) -> None:
    assert "There is no case '2026-002'." in hallwatch("deadlines", "2026-002", code=1).output
    assert (
        "There is no case '2026-001' of source 'x'."
        in hallwatch("deadlines", "2026-001", "--source", "x", code=1).output
    )
    assert "write for example" in hallwatch("deadlines", "2026-001", "--at", "noon", code=1).output
    assert "Nothing had been told of it." in hallwatch("deadlines", "2026-001", "--at", "2026-02-01").output


@pytest.mark.usefixtures("case")
def test_cards_that_are_replayed_are_those_that_were_kept_or_it_says_which_are_not(hallwatch: Run, site: Path) -> None:
    lacking = hallwatch("replay", code=1).output
    assert "city 2026-001: Yellow card, Promised limit, " in lacking
    assert "was to be raised, and is not kept; the case waits to be reckoned anew" in lacking
    services = build_services(read_settings(site, {"CAMERA_PASSWORD": "geheim"}))
    while DeadlineKeeper(services.database).run_once(services.clock()):
        pass
    kept = json.loads(hallwatch("replay", "--json", "--district", "chancheng").output)
    assert (kept["cases"], kept["cards"], kept["differing"], kept["differences"]) == (1, 1, 0, [])
    assert "1 cases had 0 cards at 2026-02-20 09:00: all as they are kept." in (
        hallwatch("replay", "--at", "2026-02-20T09:00").output
    )
    with services.database.transaction() as session:
        card = session.exec(select(Card)).one()
        card.withdrawn_at = card.raised_at
    withdrawn = json.loads(hallwatch("replay", "--json", code=1).output)["differences"]
    assert [(each["case"], each["kind"], each["differs"], each["waiting"]) for each in withdrawn] == [
        ("2026-001", "yellow", "withdrawn", False)
    ]
    with services.database.transaction() as session:
        card = session.exec(select(Card)).one()
        card.about, card.withdrawn_at = "fee:7", None
    differs = [each["differs"] for each in json.loads(hallwatch("replay", "--json", code=1).output)["differences"]]
    assert differs == ["lacking", "unfounded"]
    services.database.close()


@pytest.mark.usefixtures("case")
def test_a_district_that_is_not_there_and_a_moment_that_is_none_are_told_by_replay(hallwatch: Run) -> None:
    assert "There is no district 'x'; there are: " in hallwatch("replay", "--district", "x", code=1).output
    assert "is not a time" in hallwatch("replay", "--at", "noon", code=1).output


@pytest.mark.usefixtures("case")
def test_a_closure_moves_a_limit_until_it_is_withdrawn(hallwatch: Run, site: Path) -> None:
    hallwatch("closures", "add", "cc", "2026-02-24", "台风")
    assert "already" in hallwatch("closures", "add", "cc", "2026-02-24", "台风", code=1).output
    assert "台风" in hallwatch("closures", "list", "--hall", "cc").output
    said = hallwatch("deadlines", "2026-001").output
    assert "not counted: Hall closed on this day (台风)" in said
    assert "Promised limit: 5 working days, until 2026-02-28 23:59" in said
    hallwatch("closures", "remove", "cc", "2026-02-24")
    assert "has no closure" in hallwatch("closures", "remove", "cc", "2026-02-24", code=1).output
    for day in ("0001-01-01", "9999-12-31"):
        assert "lies outside 1990–2100" in hallwatch("closures", "add", "cc", day, "x", code=1).output
    assert "There is no hall 'x'; there are: cc." in hallwatch("closures", "list", "--hall", "x", code=1).output
    assert "until 2026-02-27 23:59" in hallwatch("deadlines", "2026-001").output
    services = build_services(read_settings(site, {"CAMERA_PASSWORD": "geheim"}))
    with services.database.transaction() as session:
        assert session.exec(select(Closure)).one().withdrawn_at is not None, "it stays on record"
    services.database.close()
