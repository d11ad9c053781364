"""The formula by page: who drafts and approves, what it would have made of months, and that what is published stays."""

import re
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import desc, select

from correlation.evaluation.formula import formula_of, template_text
from correlation.evaluation.formula_text import as_text
from storage.models import EvaluatedUnit, EvaluationFormula, FormulaChange, User
from tests.correlation.evaluation.numbers import FORMULA
from tests.web.conftest import NOON, SignedIn
from tests.web.evaluated import an_evaluation
from web.services import Services

DRAFT = {
    "version": "foshan-2026-3",
    "effective": "2026-03-01",
    "source": "佛政数〔2026〕3号",
    "reason": "强化黄牌约束",
    "numbers": {"cards": 60, "cards.yellow": -20},
}
OWN = template_text().replace("in-use", "own-2026").replace("2026-01-01", "2026-03-01")
PAGES = ["/evaluation/formulas", "/evaluation/formulas/1.json", "/evaluation/formulas/1.csv"]


@pytest.fixture(autouse=True)
def _published(services: Services) -> None:
    """Two months, and everybody but the department sees all halls."""
    with services.database.transaction() as session:
        for month in ("2026-01", "2026-02"):
            an_evaluation(session, NOON, ("tax", "civil"), month=month)
        for user in session.exec(select(User).where(User.name != "department")):
            user.all_halls = user.name != "inspector"


def draft(client: TestClient, **more: Any) -> Any:
    return client.post("/api/v1/evaluation/formulas", json=DRAFT | more)


def decide(client: TestClient, act: str, change: int = 1, **more: Any) -> int:
    return client.post(f"/api/v1/evaluation/formulas/{change}/decision", json={"act": act, **more}).status_code


def test_nobody_drafts_or_approves_without_signing_in_in_another_role_or_with_a_part_of_the_halls(
    anonymous: TestClient, signed_in: SignedIn
) -> None:
    assert draft(anonymous).status_code == 401
    for role in ("investigator", "department", "inspector"):
        assert draft(signed_in(role)).status_code == 403
    assert draft(signed_in("supervisor")).status_code == 200
    assert decide(anonymous, "approve") == 401
    assert [decide(signed_in(role), "approve") for role in ("investigator", "department", "inspector")] == [403] * 3
    assert {anonymous.get(path).status_code for path in PAGES} == {303, 401}
    assert {signed_in("department").get(path).status_code for path in PAGES} == {403}
    assert {signed_in("supervisor").get(path).status_code for path in PAGES} == {200}


def test_a_draft_shows_points_and_ranks_of_past_months_and_changes_nothing_published(
    signed_in: SignedIn, services: Services
) -> None:
    supervisor, admin = signed_in("supervisor"), signed_in("admin")
    with services.database.transaction() as session:
        before = [unit.points for unit in session.exec(select(EvaluatedUnit))]
    assert draft(supervisor).json()["state"] == "proposed"
    page = admin.get("/evaluation/formulas/1.json").json()
    assert [(one["name"], one["before"], one["after"]) for one in page["numbers"]] == [
        ("cards", 20, 60),
        ("cards.yellow", -5, -20),
    ]
    assert [month["month"] for month in page["months"]] == ["2026-02", "2026-01"]
    tax = next(unit for unit in page["months"][0]["units"] if unit["id"] == "tax")
    assert tax["after"]["points"] < tax["before"]["points"]
    assert page["months"][0]["largest"] >= tax["before"]["points"] - tax["after"]["points"]
    assert admin.get("/evaluation/formulas/1.csv?kind=hall").text.count("2026-01") == 2
    assert decide(supervisor, "approve") == 409, "it is their own"
    assert decide(admin, "approve") == 200
    assert decide(admin, "return", reason="x") == 409
    with services.database.transaction() as session:
        added = session.exec(select(EvaluationFormula)).one()
        assert (added.version, str(added.effective), added.added_by) == (
            "foshan-2026-3",
            "2026-03-01",
            "supervisor, admin",
        )
        assert [unit.points for unit in session.exec(select(EvaluatedUnit))] == before
    rows = admin.get("/evaluation/formulas.json").json()["formulas"]
    assert [(row["version"], row["in_force"]) for row in rows] == [("foshan-2026-3", True), ("usual-2026", False)]
    assert draft(supervisor).status_code == 422, "a version is never written again"


def test_a_month_that_is_published_is_out_of_reach(signed_in: SignedIn, services: Services) -> None:
    supervisor, admin = signed_in("supervisor"), signed_in("admin")
    refused = draft(supervisor, effective="2026-02-28")
    assert [one["field"] for one in refused.json()["fields"]] == ["effective"]
    assert draft(supervisor).status_code == 200
    with services.database.transaction() as session:
        an_evaluation(session, NOON, ("tax", "civil"), month="2026-03")
    assert decide(admin, "approve") == 422, "it was published meanwhile"
    with services.database.transaction() as session:
        assert session.exec(select(EvaluationFormula)).all() == []
        assert session.exec(select(FormulaChange.state)).one() == "proposed"


def test_a_draft_that_counts_otherwise_says_so(signed_in: SignedIn) -> None:
    supervisor = signed_in("supervisor")
    draft(supervisor, numbers={"early_hours": 48})
    page = supervisor.get("/evaluation/formulas/1.json").json()
    assert [(one["name"], one["before"], one["after"]) for one in page["numbers"]] == [("early_hours", 24, 48)]
    assert (page["counts_otherwise"], page["missing"]) == (True, None)
    assert "What counts as early is changed, too" in supervisor.get("/evaluation/formulas/1?lang=en").text


def test_what_is_sent_back_says_why_and_a_draft_can_be_withdrawn(signed_in: SignedIn) -> None:
    supervisor, admin = signed_in("supervisor"), signed_in("admin")
    draft(supervisor)
    assert [decide(admin, "return"), decide(admin, "withdraw"), decide(admin, "return", reason="再议")] == [
        422,
        409,
        200,
    ]
    assert draft(supervisor).status_code == 200, "the name is free again"
    assert decide(supervisor, "withdraw", 2) == 200
    changes = admin.get("/evaluation/formulas.json").json()["changes"]
    assert [(change["state"], change["answer"]) for change in changes] == [("withdrawn", ""), ("returned", "再议")]


def test_the_form_takes_the_numbers_of_a_simulation_and_names_what_is_wrong(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    assert 'value="77"' in admin.get("/evaluation/formulas/draft?cards=77").text
    typed = {name: str(value) for name, value in DRAFT.items() if isinstance(value, str)} | {"cards": "60"}
    for wrong in ({"version": "a b"}, {"cards": "-1"}, {"effective": ""}, {"early.full": "0"}, {"reason": ""}):
        answer = admin.post("/evaluation/formulas/draft", data=typed | wrong)
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True), wrong
    zero = dict.fromkeys(("on_time", "early", "satisfaction", "cards", "absence", "data_quality"), "0")
    assert admin.post("/evaluation/formulas/draft", data=typed | zero).status_code == 422
    made = admin.post("/evaluation/formulas/draft", data=typed)
    assert made.headers["location"] == "/evaluation/formulas/1?done=drafted"
    back = admin.post("/evaluation/formulas/1?lang=en", data={"act": "withdraw", "reason": ""})
    assert back.headers["location"] == "/evaluation/formulas/1?done=withdrawn"


def test_indicators_are_written_on_a_page_by_whoever_may_draft(
    anonymous: TestClient, signed_in: SignedIn, services: Services
) -> None:
    path, written = "/evaluation/formulas/write", {"formula": OWN, "reason": "按考核办法"}
    assert anonymous.get(path).status_code in (303, 401)
    for role in ("investigator", "department", "inspector"):
        assert (signed_in(role).get(path).status_code, signed_in(role).post(path, data=written).status_code) == (
            403,
            403,
        )
    client = signed_in("supervisor")
    assert "early_bonus" in client.get(f"{path}?base=in-use").text
    assert client.get(f"{path}?base=nothing").status_code == 404
    made = client.post(path, data=written)
    assert made.headers["location"] == "/evaluation/formulas/1?done=drafted"
    page = signed_in("admin").get("/evaluation/formulas/1.json").json()
    assert {"reminders", "promise_bonus"} <= {each["id"] for each in page["other_indicators"]}
    tax = next(unit for unit in page["months"][0]["units"] if unit["id"] == "tax")
    assert tax["after"] != tax["before"], "past months are shown by it"
    assert decide(signed_in("admin"), "approve") == 200
    assert "early_bonus" in client.get(f"{path}?base=own-2026").text


def test_an_indicator_that_bears_another_name_is_told_as_renamed_and_not_as_measured_otherwise(
    signed_in: SignedIn,
) -> None:
    client = signed_in("supervisor")
    old, english = (next(each for each in FORMULA.indicators if each.id == name) for name in ("early", "cards"))
    written = as_text(FORMULA.model_copy(update={"version": "named", "effective": date(2026, 4, 1)}))
    written = written.replace(f'"{old.name}"', '"早办"').replace(f'"{english.name_en}"', '"Warnings"')
    client.post("/evaluation/formulas/write", data={"formula": written, "reason": "改名"})
    page = client.get("/evaluation/formulas/1.json").json()
    assert page["other_indicators"] == []
    assert [(each["before"]["name"], each["after"]["name"]) for each in page["renamed"]] == [
        (old.name, "早办"),
        (english.name, english.name),
    ]
    for language, said in (
        ("zh", f"改名：{old.name} → 早办、{english.name_en} → Warnings"),
        ("en", f"Renamed: {old.name} → 早办, {english.name_en} → Warnings"),
    ):
        words = re.sub(r"<[^>]*>", "", client.get(f"/evaluation/formulas/1?lang={language}").text)
        assert said in words
        assert "New, gone, or measured otherwise" not in words
        assert "新增、取消或改变计算方式" not in words
        assert "It says what holds without it." not in words


@pytest.mark.parametrize(
    ("language", "own", "other"), [("zh", "考核办法第三条。", "By rule 3."), ("en", "By rule 3.", "考核办法第三条。")]
)
def test_what_a_draft_rests_on_is_told_in_the_language_of_its_reader(
    signed_in: SignedIn, language: str, own: str, other: str
) -> None:
    client = signed_in("supervisor")
    assert draft(client, source="考核办法第三条。\nBy rule 3.").status_code == 200
    page = client.get(f"/evaluation/formulas/1?lang={language}").text
    assert own in page
    assert other not in page


def judged(services: Services) -> None:
    """A third month, of whose formula one figure is entered by hand, and nobody has."""
    with services.database.transaction() as session:
        openness = {"id": "openness", "name": "公开", "name_en": "Openness", "kind": "entered", "weight": 10}
        content = FORMULA.model_dump(mode="json")
        content |= {"version": "judged", "indicators": [*content["indicators"], openness], "missing": "refuse"}
        an_evaluation(session, NOON, ("tax", "civil"), month="2026-03", formula=formula_of(content))


def test_a_trial_names_the_figures_that_nobody_entered_and_where_they_are(
    signed_in: SignedIn, services: Services
) -> None:
    judged(services)
    client = signed_in("supervisor")
    written = template_text().replace("in-use", "own-2026").replace("2026-01-01", "2026-04-01")
    assert 'id = "openness"' in written
    client.post("/evaluation/formulas/write", data={"formula": written, "reason": "按考核办法"})
    march, february, *_ = client.get("/evaluation/formulas/1.json").json()["months"]
    [openness] = [each for each in march["not_entered"] if each["has_place"]]
    assert (openness["indicator"]["id"], openness["units"]) == ("openness", 2)
    assert {each["indicator"]["id"] for each in march["not_entered"]} > {"openness"}
    assert {each["has_place"] for each in february["not_entered"]} == {False}, "its formula has no such figure"
    tax = next(unit for unit in march["units"] if unit["id"] == "tax")
    assert (tax["after"], [each["indicator"]["id"] for each in tax["not_entered"] if each["has_place"]]) == (
        None,
        ["openness"],
    )
    address = "/evaluation/figures?month=2026-03&amp;kind=department&amp;unit=tax&amp;indicator=openness#enter"
    for language, said in (("en", "Not entered when this month was counted"), ("zh", "统计该月时尚未录入")):
        page = client.get(f"/evaluation/formulas/1?lang={language}").text
        assert f'href="{address}"' in page
        assert said in page
    form = client.get(address.replace("&amp;", "&")).text
    assert ('<option value="tax" selected' in form, '<option value="openness" selected' in form) == (True, True)
    lines = client.get("/evaluation/formulas/1.csv").text.splitlines()
    assert lines[0].endswith("points_after,not_entered")


def test_other_weights_name_the_figures_that_nobody_entered_too(signed_in: SignedIn, services: Services) -> None:
    judged(services)
    client = signed_in("admin")
    path = "/evaluation/simulation{}?month=2026-03&kind=hall"
    assert [each["units"] for each in client.get(path.format(".json")).json()["not_entered"]] == [2]
    figure = {"month": "2026-03", "kind": "hall", "indicator": "openness", "value": 9, "maximum": 10, "reason": "检查"}
    assert client.post("/api/v1/evaluation/figures", json=figure | {"unit": "cc"}).status_code == 200
    assert "kind=hall&amp;unit=nh&amp;indicator=openness#enter" in client.get(path.format("")).text
    with services.database.transaction() as session:
        hall = session.exec(select(EvaluatedUnit).where(EvaluatedUnit.key == "cc").order_by(desc("id"))).first()
        assert hall
        hall.counted = hall.counted | {"entered": [["openness", 900, 1000]]}
    page = client.get(path.format(".json")).json()
    assert {unit["id"]: len(unit["not_entered"]) for unit in page["units"]} == {"cc": 0, "nh": 1}


def test_what_is_wrong_in_a_written_formula_is_told_by_field_in_both_languages(signed_in: SignedIn) -> None:
    client = signed_in("admin")
    for change, field, english, chinese in (
        (('"reminder"', '"rumour"'), "indicators.9.events.0.event", "Choose one of the list.", "请从列表中选择"),
        (("points = -1 ", "points = 1 "), "indicators.11", "may only take points off", "只能扣分"),
        (("effective = ", "effectively = "), "effective", "This is needed.", "此项必填。"),
    ):
        for language, said in (("en", english), ("zh", chinese)):
            sent = {"formula": OWN.replace(*change, 1), "reason": "x"}
            answer = client.post(f"/evaluation/formulas/write?lang={language}", data=sent)
            assert (answer.status_code, f"<code>{field}</code>" in answer.text) == (422, True), field
            assert said in answer.text


@pytest.mark.parametrize(
    ("sent", "field", "english", "chinese"),
    [
        ({"reason": " "}, "reason", "This is needed.", "此项必填。"),
        ({"reason": "因" * 2001}, "reason", "This has more than 2000 characters.", "不能超过 2000 个字符。"),
        ({"formula": "x = 1"}, "formula", "write each version below a line [[formula]]", "请"),
        ({"formula": "x = "}, "formula", "this is no TOML: ", "不是有效的 TOML："),
        ({"formula": OWN + OWN}, "formula", "Write one formula.", "请"),
    ],
)
def test_what_is_wrong_with_a_field_of_a_written_formula_is_told_beside_it(
    signed_in: SignedIn, sent: dict[str, str], field: str, english: str, chinese: str
) -> None:
    client = signed_in("admin")
    for language, said in (("en", english), ("zh", chinese)):
        answer = client.post(f"/evaluation/formulas/write?lang={language}", data={"formula": OWN, "reason": "x"} | sent)
        assert (answer.status_code, f"<code>{field}</code>" in answer.text) == (422, False)
        beside = re.search(rf'id="p-{field}" role="alert">([^<]+)<', answer.text)
        assert beside
        assert beside[1].startswith(said)


def test_a_formula_and_a_reason_that_are_both_wrong_are_told_at_once(signed_in: SignedIn) -> None:
    page = signed_in("admin").post("/evaluation/formulas/write?lang=en", data={"formula": "x = 1", "reason": ""}).text
    assert ('id="p-formula"' in page, 'id="p-reason"' in page) == (True, True)


def test_of_two_who_decide_on_a_formula_at_once_the_second_sees_it_as_it_is_and_keeps_the_words(
    signed_in: SignedIn,
) -> None:
    supervisor, admin = signed_in("supervisor"), signed_in("admin")
    draft(supervisor)
    assert decide(supervisor, "withdraw") == 200
    late = admin.post("/evaluation/formulas/1?lang=en", data={"act": "return", "reason": "权重过高"})
    assert late.status_code == 409
    assert "This is decided or withdrawn already" in late.text
    assert ("权重过高" in late.text, 'value="return"' in late.text) == (True, False)
