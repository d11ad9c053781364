"""Figures of the evaluation that people enter: who may, that versions are kept, and what comes of them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from correlation.evaluation.formula import Formula, formula_of
from correlation.evaluation.keeping import add_formula
from correlation.evaluation.scoring import Score, evaluate
from storage.database import Database
from storage.models import (
    AccessEntry,
    EnteredFigure,
    EvaluatedUnit,
    Evaluation,
    EvaluationState,
    KeptContact,
    Role,
    UnitKind,
)
from tests.correlation.evaluation.city import COUNTED_AT, a_month
from tests.correlation.evaluation.numbers import FORMULA
from tests.web.conftest import NOON, SignedIn
from tests.web.evaluated import an_evaluation
from web.entered_figures import EnteredMeanwhile, enter
from web.evaluating import Evaluating, publish, worked_out
from web.evaluations import formula_used, unit_row
from web.months import Month
from web.services import Services
from web.viewer import Viewer

OPENNESS = {"id": "openness", "name": "公开", "name_en": "Openness", "kind": "entered", "weight": 10}
JUDGED = formula_of(
    {**FORMULA.model_dump(), "version": "judged", "indicators": [*FORMULA.model_dump()["indicators"], OPENNESS]}
)
FIGURE: dict[str, Any] = {
    "month": "2026-02",
    "kind": "hall",
    "unit": "cc",
    "indicator": "openness",
    "value": 8.5,
    "maximum": 10,
    "reason": "2 月现场检查",
}
API = "/api/v1/evaluation/figures"
AT_ONCE = 4
PATHS = ["/evaluation/figures", "/evaluation/figures.json", "/evaluation/figures.csv", "/evaluation/figures.xlsx"]


@pytest.fixture
def published(services: Services) -> Services:
    with services.database.transaction() as session:
        an_evaluation(session, NOON, ("tax", "civil"), formula=JUDGED)
    return services


def enters(client: TestClient, **other: Any) -> Any:
    return client.post(API, json={**FIGURE, **other})


def kept(services: Services) -> list[tuple[str, float | None, str]]:
    with services.database.transaction() as session:
        found = session.exec(select(EnteredFigure).order_by(col(EnteredFigure.id)))
        return [(each.key, each.value, each.reason) for each in found]


def shown(client: TestClient, query: str = "kind=hall") -> Any:
    return client.get(f"/evaluation/figures.json?{query}").json()


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("path", PATHS)
def test_nobody_sees_figures_without_signing_in_or_in_a_role_without_evaluation(
    anonymous: TestClient, signed_in: SignedIn, path: str
) -> None:
    assert anonymous.get(path).status_code in (303, 401)
    assert signed_in("investigator").get(path).status_code == 403
    assert signed_in("supervisor").get(path).status_code == 200


@pytest.mark.parametrize("role", ["inspector", "investigator", "department"])
def test_who_is_neither_supervisor_nor_administrator_enters_nothing(
    anonymous: TestClient, signed_in: SignedIn, published: Services, role: str
) -> None:
    assert enters(anonymous).status_code in (401, 403)
    client = signed_in(role)
    assert enters(client).status_code == 403
    assert client.post("/evaluation/figures", data=FIGURE).status_code == 403
    assert kept(published) == []


def test_a_supervisor_enters_figures_of_the_halls_in_scope_and_sees_those_of_no_other(
    signed_in: SignedIn, published: Services
) -> None:
    supervisor, admin = signed_in("supervisor"), signed_in("admin")
    assert enters(supervisor, unit="nh").status_code == 404
    assert enters(supervisor, kind="department", unit="tax").status_code == 404, "it reaches over halls"
    assert enters(supervisor, kind="district", unit="chancheng").status_code == 404
    assert enters(supervisor).status_code == 200
    assert enters(admin, unit="nh", reason="南海").status_code == 200
    assert enters(admin, kind="department", unit="tax").status_code == 200
    assert [row["unit"]["id"] for row in shown(supervisor)["figures"]] == ["cc"]
    assert [unit["id"] for unit in shown(supervisor)["units"]] == ["cc"]
    assert [row["unit"]["id"] for row in shown(admin)["figures"]] == ["nh", "cc"]
    for path in PATHS[:3]:
        assert "南海" not in supervisor.get(f"{path}?kind=hall").text
    assert shown(supervisor, "kind=department")["figures"] == []
    assert kept(published)[0] == ("cc", 8.5, "2 月现场检查")


@pytest.mark.usefixtures("published")
def test_a_department_sees_its_own_figures(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    for department in ("tax", "civil"):
        assert enters(admin, kind="department", unit=department).status_code == 200
    page = shown(signed_in("department"), "kind=department")
    assert len(page["figures"]) == 1
    assert not page["may_enter"]


def test_a_correction_is_a_version_of_its_own_and_what_is_taken_back_is_not_known(
    signed_in: SignedIn, published: Services
) -> None:
    client = signed_in("supervisor")
    assert shown(client)["lacking"][0]["units"] == 1
    assert enters(client, value=None).status_code == 422, "there is nothing yet"
    for value, reason in ((8.5, "检查"), (7, "更正"), (None, "误录")):
        assert enters(client, value=value, reason=reason).status_code == 200
    assert kept(published) == [("cc", 8.5, "检查"), ("cc", 7, "更正"), ("cc", None, "误录")]
    page = shown(client)
    assert [(row["value"], row["is_in_force"]) for row in page["figures"]] == [(None, True), (7, False), (8.5, False)]
    assert page["lacking"][0]["units"] == 1, "not known again"
    rows = client.get("/evaluation/figures.csv?kind=hall").text.splitlines()
    assert len(rows) == 1 + 3
    with published.database.transaction() as session:
        log = session.exec(select(AccessEntry).where(AccessEntry.action == "enter_figure")).all()
        assert [each.subject for each in log] == ["figure:2026-02 hall cc openness"] * 3


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"value": -1}, "value"),
        ({"value": 8.555}, "value"),
        ({"value": 11}, ""),
        ({"maximum": 0}, "maximum"),
        ({"reason": " "}, "reason"),
        ({"indicator": "on_time"}, "indicator"),
        ({"month": "2026-13"}, "month"),
        ({"month": "2026-01"}, "month"),
        ({"by": "another"}, "by"),
    ],
)
def test_what_is_wrong_is_told_by_field_and_nothing_is_kept(
    signed_in: SignedIn, published: Services, wrong: dict[str, Any], field: str
) -> None:
    answer = enters(signed_in("admin"), **wrong)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["fields"]] == [field]
    assert kept(published) == []


def test_the_form_keeps_a_figure_and_says_beside_the_field_what_is_wrong(
    signed_in: SignedIn, published: Services
) -> None:
    client = signed_in("supervisor")
    client.headers["Accept-Language"] = "en"
    refused = client.post("/evaluation/figures", data={**FIGURE, "value": "8.555"})
    assert refused.status_code == 422
    assert "two digits" in refused.text
    assert "2 月现场检查" in refused.text, "what was typed stays"
    assert client.post("/evaluation/figures", data=FIGURE, follow_redirects=False).status_code == 303
    taken = {**FIGURE, "act": "take_back", "corrects": "1", "reason": "误录"}
    assert client.post("/evaluation/figures", data=taken, follow_redirects=False).status_code == 303
    assert kept(published) == [("cc", 8.5, "2 月现场检查"), ("cc", None, "误录")]
    assert "Taken back" in client.get("/evaluation/figures?kind=hall").text


def seen_by(client: TestClient) -> int:
    return int(shown(client)["seen"])


def test_of_two_who_correct_a_figure_at_once_the_second_is_told_and_can_save_again(
    signed_in: SignedIn, published: Services
) -> None:
    first, second = signed_in("supervisor"), signed_in("admin")
    second.headers["Accept-Language"] = "en"
    assert enters(first).status_code == 200
    old = {**FIGURE, "corrects": "1", "seen": str(seen_by(second))}
    assert first.post("/evaluation/figures", data={**old, "value": "7"}, follow_redirects=False).status_code == 303
    refused = second.post("/evaluation/figures", data={**old, "value": "6", "reason": "复查"})
    assert refused.status_code == 409
    assert "Somebody else has entered this figure" in refused.text
    assert "复查" in refused.text, "what was typed stays"
    assert 'name="corrects" value="2"' in refused.text
    assert 'name="seen" value="2"' in refused.text
    assert [value for _, value, _ in kept(published)] == [8.5, 7]
    wrong = second.post("/evaluation/figures", data={**old, "value": "8.555"})
    assert wrong.status_code == 422, "of a version that holds no more"
    for words in ("two digits", 'name="corrects" value="2"', 'name="seen" value="1"', 'value="8.555"'):
        assert words in wrong.text
    again = {**old, "value": "6", "corrects": "2", "seen": "2"}
    assert second.post("/evaluation/figures", data=again, follow_redirects=False).status_code == 303
    assert [value for _, value, _ in kept(published)] == [8.5, 7, 6]


def test_what_is_typed_wrong_does_not_hide_what_somebody_else_has_entered_meanwhile(
    signed_in: SignedIn, published: Services
) -> None:
    first, second = signed_in("supervisor"), signed_in("admin")
    new = {**FIGURE, "seen": "0"}
    assert enters(first).status_code == 200
    wrong = second.post("/evaluation/figures", data={**new, "value": "8.555"})
    assert (wrong.status_code, 'name="seen" value="0"' in wrong.text) == (422, True)
    assert second.post("/evaluation/figures", data=new).status_code == 409
    taken = {**new, "act": "take_back", "corrects": "1"}
    assert second.post("/evaluation/figures", data=taken).status_code == 409
    assert len(kept(published)) == 1


def test_a_program_says_what_it_has_seen_and_is_told_of_the_same_figure_alone(
    signed_in: SignedIn, published: Services
) -> None:
    client = signed_in("admin")
    assert enters(client, seen=0).status_code == 200
    answer = enters(client, seen=0)
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert enters(client, unit="nh", seen=0).status_code == 200, "nobody has entered that one"
    assert enters(client, seen=1, value=7).status_code == 200
    assert enters(client, value=6).status_code == 200, "it says nothing, so it is taken at its word"
    assert enters(client, seen=-1).status_code == 422
    assert [(key, value) for key, value, _ in kept(published)] == [("cc", 8.5), ("nh", 8.5), ("cc", 7), ("cc", 6)]


def test_of_several_who_enter_a_figure_in_the_same_moment_one_succeeds(database: Database, services: Services) -> None:
    with database.transaction() as session:
        an_evaluation(session, NOON, ("tax", "civil"), formula=JUDGED)
    viewer = Viewer(1, "何敏", "", Role.ADMIN, halls=None, department_id=None, language="", csrf="")
    together = Barrier(AT_ONCE)
    said = {name: value for name, value in FIGURE.items() if name != "unit"}

    def enter_one(number: int) -> int:
        together.wait()
        try:
            with database.transaction() as session:
                row = EnteredFigure(key="cc", **{**said, "kind": UnitKind.HALL, "value": float(number)})
                return enter(session, viewer, row, NOON, seen=0).id or 0
        except EnteredMeanwhile:
            return 0

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(enter_one, range(AT_ONCE)))
    assert sum(answer > 0 for answer in answers) == 1
    assert len(kept(replace(services, database=database))) == 1


MAY = Month(2026, 5)
HOUR = timedelta(hours=1)


def judged(database: Database, value: float, at: datetime) -> None:
    of: dict[str, Any] = {"kind": UnitKind.DEPARTMENT, "key": "market", "name": "市场监督管理局"}
    said: dict[str, Any] = {"reason": "检查", "entered_at": at, "entered_by": "何敏"}
    with database.transaction() as session:
        session.add(EnteredFigure(month="2026-05", indicator="openness", value=value, maximum=10, **of, **said))


def of_market(database: Database, number: int) -> tuple[EvaluatedUnit, Formula]:
    with database.transaction() as session:
        of_may = select(Evaluation).where(Evaluation.month == str(MAY), Evaluation.number == number)
        evaluation = session.exec(of_may).one()
        units = select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == evaluation.id, EvaluatedUnit.key == "market")
        return session.exec(units).one(), formula_used(evaluation)


def test_a_month_counts_what_was_entered_by_then_and_a_later_entry_drafts_an_erratum(
    sqlite_database: Database,
) -> None:
    a_month(sqlite_database)
    with sqlite_database.transaction() as session:
        add_formula(session, JUDGED.model_copy(update={"effective": MAY.first}), "何敏", COUNTED_AT)
    for value, at in ((6, COUNTED_AT - 2 * HOUR), (8, COUNTED_AT - HOUR), (1, COUNTED_AT + HOUR)):
        judged(sqlite_database, value, at)
    worked = worked_out(sqlite_database, MAY, COUNTED_AT)
    assert worked is not None
    publish(sqlite_database, worked, None, COUNTED_AT)
    before, formula = of_market(sqlite_database, 1)
    assert before.indicators["openness"] == {"points": 80, "low": 80, "high": 80}
    groups = [unit for unit in worked.units if unit.unit.kind is UnitKind.GROUP]
    assert groups
    assert {unit.evaluated.indicators["openness"] for unit in groups} == {None}, "entered for another unit"
    Evaluating(sqlite_database, publish_day=0).run_once(COUNTED_AT + 2 * HOUR)
    after, _ = of_market(sqlite_database, 2)
    assert after.indicators["openness"]["points"] == 10
    again, _ = of_market(sqlite_database, 1)
    row = unit_row(again, own=True, show_rank=True)
    assert row.counted is not None
    found = evaluate(row.counted, formula)
    assert (found.total, found.indicators["openness"]) == (row.total, Score(80, 80, 80)), "what is published stays"
    with sqlite_database.transaction() as session:
        of_may = select(Evaluation).where(Evaluation.month == str(MAY), Evaluation.number == 2)
        draft = session.exec(of_may).one()
        assert (draft.state, draft.differs) == (EvaluationState.DRAFT, True)


PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "section#results", "Accept-Language": "zh"}


def test_another_month_or_kind_brings_its_own_form_and_what_can_be_corrected(
    signed_in: SignedIn, published: Services
) -> None:
    client = signed_in("supervisor")
    assert enters(client).status_code == 200
    with published.database.transaction() as session:
        session.add(KeptContact(name="李芳", phone="1", counter_id="cc-1", valid_from=NOON - timedelta(days=9)))
    found = client.get("/evaluation/figures?kind=hall", headers=PARTIAL)
    assert found.status_code == 200
    assert found.text.lstrip().startswith("<section")
    assert found.text.count('name="kind" value="hall"') == 2, "of the correction, and of the form"
    assert "有效" in found.text
    contacts = client.get("/contacts", headers=PARTIAL)
    assert (contacts.status_code, "李芳" in contacts.text, "有效" in contacts.text) == (200, True, True)
    periods = client.get("/evaluation/periods?kind=hall", headers=PARTIAL)
    assert (periods.status_code, "2026" in periods.text) == (200, True)
