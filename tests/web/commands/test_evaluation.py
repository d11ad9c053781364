"""`hallwatch evaluation`, as people call it."""

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from correlation.evaluation import formula
from storage.models import AccessEntry, Card, Case, FormulaChange, Role, User
from tests.web.commands.conftest import Run
from web.composition import build_services
from web.settings_file import read_settings

SHIPPED = Path(formula.__file__).with_name("formula.toml")
STEPS = (
    {"case": "1", "step": "1", "kind": "accept", "item": "JZ-1", "start": "2026-02-11T09:00:00+08:00"},
    {"case": "1", "step": "2", "kind": "decide", "start": "2026-02-12T09:00:00+08:00"},
    {"case": "2", "step": "3", "kind": "accept", "item": "JZ-1", "start": "2026-02-12T09:00:00+08:00"},
)
LATE = {"case": "2", "step": "4", "kind": "decide", "start": "2026-02-13T09:00:00+08:00"}


def tell(hallwatch: Run, folder: Path, *steps: dict[str, str]) -> None:
    file = folder / f"{steps[0].get('step', 'item')}.jsonl"
    file.write_text("\n".join(json.dumps(step) for step in steps), "utf-8")
    hallwatch("import-cases", str(file), "--source", "city")


@pytest.fixture
def told(hallwatch: Run, site: Path, tmp_path: Path) -> None:
    from storage.models import Item, Source

    services = build_services(read_settings(site, {"CAMERA_PASSWORD": "geheim"}))
    with services.database.transaction() as session:
        session.add(Source(id="city", hall_id="cc"))
        session.add(Item(code="JZ-1", name="食品经营许可", promised_days=5))
    services.database.close()
    tell(hallwatch, tmp_path, *STEPS)


@pytest.mark.usefixtures("told")
def test_a_month_is_worked_out_published_and_corrected(hallwatch: Run, tmp_path: Path) -> None:
    said = hallwatch("evaluation", "work-out", "2026-02", "--kind", "hall", "--dry-run").output
    assert "1 (1–1)" in said
    assert "By the formula usual-2026." in said
    assert "2026-02" not in hallwatch("evaluation", "list").output, "a dry run keeps nothing"
    hallwatch("evaluation", "work-out", "2026-02")
    assert "draft" in hallwatch("evaluation", "list").output
    publish = ("evaluation", "publish", "2026-02", "--by", "admin")
    assert "Published 2026-02, number 1" in hallwatch(*publish).output
    assert "is published. Say what is to be corrected" in hallwatch(*publish, code=1).output
    assert "nothing to correct" in hallwatch("evaluation", "work-out", "2026-02").output
    assert "draft" not in hallwatch("evaluation", "list").output
    assert "comes out the same" in hallwatch(*publish, "--erratum", "办件2补报", code=1).output
    assert "number 2" not in hallwatch("evaluation", "list").output
    tell(hallwatch, tmp_path, LATE)
    assert "number 2" in hallwatch(*publish, "--erratum", "办件2补报").output
    assert "办件2补报" in hallwatch("evaluation", "list").output


@pytest.mark.usefixtures("told")
def test_what_was_told_of_an_item_seconds_ago_counts_though_no_clerk_has_looked(
    hallwatch: Run, site: Path, tmp_path: Path
) -> None:
    opened = {"case": "3", "step": "5", "kind": "accept", "item": "JZ-2", "start": "2026-02-12T09:00:00+08:00"}
    tell(hallwatch, tmp_path, opened)
    this_month = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m}"
    count = ("evaluation", "work-out", this_month, "--dry-run")
    hallwatch(*count)
    limits = {"promised_limit": "1", "valid_from": "2026-01-01T00:00:00+08:00"}
    tell(hallwatch, tmp_path, {"record": "item", "code": "JZ-2", "version": "1", "name": "建筑许可", **limits})
    hallwatch(*count)
    services = build_services(read_settings(site, {"CAMERA_PASSWORD": "geheim"}))
    with services.database.transaction() as session:
        causes = session.exec(select(Card.cause).join(Case).where(Case.number == "3")).all()
    services.database.close()
    assert "past_promised" in causes


@pytest.mark.usefixtures("told")
def test_only_a_known_user_with_the_right_publishes_and_that_is_logged(
    hallwatch: Run, site: Path, tmp_path: Path
) -> None:
    services = build_services(read_settings(site, {"CAMERA_PASSWORD": "geheim"}))
    with services.database.transaction() as session:
        for name, role, everywhere in (("he.min", Role.SUPERVISOR, False), ("wu.jie", Role.INSPECTOR, True)):
            user = User(name=name, role=role, password_hash="", all_halls=everywhere, created_at=services.clock())
            session.add(user)
    publish = ("evaluation", "publish", "2026-02")
    assert "--by" in hallwatch(*publish, code=2).output
    assert "no user 'nobody'" in hallwatch(*publish, "--by", "nobody", code=1).output
    for name in ("he.min", "wu.jie"):
        assert f"{name} may not publish" in hallwatch(*publish, "--by", name, code=1).output
    assert "2026-02" not in hallwatch("evaluation", "list").output
    hallwatch(*publish, "--by", "admin")
    tell(hallwatch, tmp_path, LATE)
    hallwatch(*publish, "--by", "admin", "--erratum", "补报")
    with services.database.transaction() as session:
        logged = session.exec(
            select(AccessEntry).where(AccessEntry.action == "publish").order_by(col(AccessEntry.id))
        ).all()
        assert [(each.subject, each.purpose) for each in logged] == [
            ("evaluation:2026-02/1", ""),
            ("evaluation:2026-02/2", "补报"),
        ]
        assert {session.get(User, each.user_id).name for each in logged} == {"admin"}  # type: ignore[union-attr]
    services.database.close()


@pytest.mark.usefixtures("site")
def test_what_cannot_be_worked_out_is_told(hallwatch: Run) -> None:
    assert "write for example 2026-05" in hallwatch("evaluation", "work-out", "May", code=1).output
    assert "No formula had taken effect" in hallwatch("evaluation", "work-out", "2025-05", code=1).output
    assert "Nothing was counted" in hallwatch("evaluation", "work-out", "2026-02").output
    assert "2199-01 has not begun" in hallwatch("evaluation", "work-out", "2199-01", code=1).output
    assert "nothing to publish" in hallwatch("evaluation", "publish", "2026-02", "--by", "admin", code=1).output


def test_a_formula_is_tried_and_drafted_for_somebody_else_to_approve(
    hallwatch: Run, site: Path, tmp_path: Path
) -> None:
    file = tmp_path / "own.toml"
    text = SHIPPED.read_text("utf-8").replace('"usual-2026"', '"foshan-1"').replace("weight = 20", "weight = 40")
    file.write_text(text, "utf-8")
    assert "By the formula foshan-1." in hallwatch("evaluation", "work-out", "2026-02", "--formula", str(file)).output
    assert "foshan-1" not in hallwatch("evaluation", "formulas").output
    services = build_services(read_settings(site, {"CAMERA_PASSWORD": "geheim"}))
    with services.database.transaction() as session:
        session.add(User(name="he.min", role=Role.SUPERVISOR, password_hash="", created_at=services.clock()))
    draft = ("evaluation", "draft-formula", str(file), "--reason", "年度调整", "--by")
    assert "no user 'nobody'" in hallwatch(*draft, "nobody", code=1).output
    assert "may not change the formula" in hallwatch(*draft, "he.min", code=1).output
    assert "somebody else approves it at /evaluation/formulas/1" in hallwatch(*draft, "admin").output
    assert "foshan-1" not in hallwatch("evaluation", "formulas").output, "nobody has approved it"
    assert "There is a version of this name already" in hallwatch(*draft, "admin", code=1).output
    file.write_text(text.replace("weight = 15", "weight = -1").replace('event = "red"', 'event = "rot"'), "utf-8")
    said = hallwatch(*draft, "admin", code=1).output
    for field in ("indicators.1.weight", "indicators.3.events.1.event"):
        assert field in said
    with services.database.transaction() as session:
        drafted = session.exec(select(FormulaChange)).one()
        weights = {each["id"]: each["weight"] for each in drafted.content["indicators"]}
        assert (drafted.state, drafted.reason, weights["cards"]) == ("proposed", "年度调整", 40)
    services.database.close()


def test_the_check_of_a_site_tells_of_a_font_that_cannot_be_used(hallwatch: Run, site: Path) -> None:
    written = site.read_text("utf-8")
    site.write_text(f'{written}\n[evaluation]\nfont = "/nowhere.ttf"\n', "utf-8")
    said = hallwatch("check", "--no-cameras", code=1).output
    assert "evaluation.font: /nowhere.ttf is no font that can be read" in said
