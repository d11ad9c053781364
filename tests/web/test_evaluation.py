"""The page of the evaluation: who sees what of it, what it leads to, and what other weights would do."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, delete, func, select, update

from correlation.evaluation.behind import ALWAYS
from storage.models import (
    Absence,
    Case,
    EvaluatedUnit,
    Evaluation,
    EvaluationMark,
    EvaluationState,
    MarkKind,
    Source,
)
from tests.correlation.evaluation.numbers import ADDING, IN_USE
from tests.web.conftest import NOON, Clock, SignedIn
from tests.web.evaluated import an_evaluation
from web.evaluating import BACKLOG, Evaluating
from web.services import Services

PATHS = ["/evaluation", "/evaluation.json", "/evaluation.csv", "/evaluation/simulation.json"]
DRAFT = EvaluationState.DRAFT
MARKS = "/evaluation/1/marks.json?unit_kind={}&unit={}&kind={}"


@pytest.fixture(autouse=True)
def _published(services: Services) -> None:
    with services.database.transaction() as session:
        assert an_evaluation(session, NOON, ("tax", "civil")) == 1


@pytest.fixture
def drafted(services: Services) -> Services:
    with services.database.transaction() as session:
        for table in (EvaluatedUnit, EvaluationMark, Evaluation):
            session.execute(delete(table))
        an_evaluation(session, NOON, ("tax", "civil"), state=EvaluationState.DRAFT)
    return services


def units(client: TestClient, query: str = "") -> dict[str, Any]:
    return {unit["id"]: unit for unit in client.get(f"/evaluation.json?{query}").json()["units"]}


def marks(client: TestClient, kind: str, unit: str, what: str = "late_case") -> list[str] | int:
    answer = client.get(MARKS.format(kind, unit, what))
    return answer.status_code if answer.status_code != 200 else [mark["label"] for mark in answer.json()["marks"]]


@pytest.mark.parametrize("path", [*PATHS, MARKS.format("hall", "cc", "card")])
def test_nobody_sees_an_evaluation_without_signing_in(anonymous: TestClient, path: str) -> None:
    assert anonymous.get(path).status_code in (303, 401)


def test_the_page_opens_with_units_that_its_reader_sees(signed_in: SignedIn, drafted: Services) -> None:
    """Of a draft only one's own are seen, and who supervises a hall has no department."""
    opened = {role: signed_in(role).get("/evaluation.json").json() for role in ("supervisor", "department", "admin")}
    assert {role: page["kind"] for role, page in opened.items()} == {
        "supervisor": "hall",
        "department": "department",
        "admin": "department",
    }
    assert all(page["units"] for page in opened.values())
    asked = signed_in("supervisor").get("/evaluation.json?kind=department").json()
    assert (asked["kind"], asked["units"]) == ("department", [])


def test_roles_without_the_permission_are_sent_away(signed_in: SignedIn) -> None:
    for path in PATHS:
        assert signed_in("investigator").get(path).status_code == 403
    for role in ("inspector", "department"):
        assert signed_in(role).get("/evaluation/simulation").status_code == 403
        assert signed_in(role).get("/evaluation").status_code == 200


def test_everybody_sees_the_published_ranking_and_figures_of_their_own_alone(signed_in: SignedIn) -> None:
    department = units(signed_in("department"))
    assert list(department) == ["civil", "tax"], "the best first"
    assert department["civil"]["total"]["points"] > department["tax"]["total"]["points"]
    assert (department["civil"]["counted"], department["tax"]["counted"]["cases"]) == (None, 40)
    assert department["civil"]["rank"] == {"rank": 1, "best": 1, "worst": 2}, "40 cases are few"
    groups = units(signed_in("department"), "kind=group")
    assert {key: unit["counted"] is not None for key, unit in groups.items()} == {"cc/tax": True, "nh/civil": False}
    supervisor = units(signed_in("supervisor"))
    assert [unit["counted"] for unit in supervisor.values()] == [None, None], "departments reach over halls"
    halls = units(signed_in("supervisor"), "kind=hall")
    assert {key: unit["counted"] is not None for key, unit in halls.items()} == {"cc": True, "nh": False}
    assert all(unit["counted"] for unit in units(signed_in("admin")).values())


def test_of_a_draft_everybody_sees_their_own_alone_and_no_rank_among_others(
    drafted: Services, signed_in: SignedIn
) -> None:
    assert list(units(signed_in("department"))) == ["tax"]
    assert units(signed_in("department"))["tax"]["rank"] is None
    assert units(signed_in("supervisor"), "kind=department") == {}
    assert list(units(signed_in("supervisor"), "kind=hall")) == ["cc"]
    assert units(signed_in("admin"))["tax"]["rank"]["rank"] == 2
    with drafted.database.transaction() as session:
        session.execute(delete(EvaluatedUnit).where(col(EvaluatedUnit.hall_id) == "cc"))
    assert signed_in("supervisor").get("/evaluation.json").json()["months"] == []


COMMAND = "hallwatch evaluation publish 2026-02 --by admin"
BY_ITSELF = {"en": "nobody publishes it by itself", "zh": "不会自动发布"}


def publishing_on(services: Services, day: int) -> None:
    section = services.settings.evaluation.model_copy(update={"publish_day": day})
    object.__setattr__(services, "settings", services.settings.model_copy(update={"evaluation": section}))


def test_who_may_publish_is_told_how_the_draft_of_a_month_that_is_over_gets_published(
    signed_in: SignedIn, drafted: Services
) -> None:
    admin = signed_in("admin")
    for language, said in BY_ITSELF.items():
        page = admin.get(f"/evaluation?lang={language}").text
        assert said in page
        assert COMMAND in page
    publishing_on(drafted, 10)
    page = admin.get("/evaluation?lang=en").text
    assert "The clerk publishes it from 10 Mar 2026 on." in page
    assert BY_ITSELF["en"] not in page
    assert COMMAND in page, "who does not want to wait"
    for role in ("supervisor", "department", "inspector"):
        assert signed_in(role).get("/evaluation.json").json()["unpublished"] is None
        assert "hallwatch evaluation publish" not in signed_in(role).get("/evaluation?lang=en").text


def test_the_clerk_publishes_no_month_older_than_the_one_before(
    signed_in: SignedIn, drafted: Services, clock: Clock
) -> None:
    publishing_on(drafted, 10)
    clock.forward(timedelta(days=31))
    assert signed_in("admin").get("/evaluation.json").json()["unpublished"] == {
        "clerks_day": None,
        "is_last_month": False,
    }


def test_what_is_published_goes_on_or_is_empty_waits_for_nobody_to_publish_it(
    signed_in: SignedIn, services: Services
) -> None:
    admin = signed_in("admin")
    assert admin.get("/evaluation.json").json()["unpublished"] is None, "it is published"
    with services.database.transaction() as session:
        draft: dict[str, Any] = {"state": EvaluationState.DRAFT, "replaces_id": 1, "differs": True}
        an_evaluation(session, NOON, ("tax", "civil"), number=2, **draft)
        running = an_evaluation(session, NOON + timedelta(days=1), ("tax", "civil"), month="2026-03", state=DRAFT)
    assert admin.get("/evaluation.json?month=2026-02&number=2").json()["unpublished"] is None, "an erratum has a form"
    assert admin.get("/evaluation.json?month=2026-03").json()["unpublished"] is None, "it is not over"
    with services.database.transaction() as session:
        session.get_one(Evaluation, running).end = NOON
    assert admin.get("/evaluation.json?month=2026-03").json()["unpublished"] is not None
    with services.database.transaction() as session:
        session.execute(delete(EvaluatedUnit).where(col(EvaluatedUnit.evaluation_id) == running))
    assert admin.get("/evaluation.json?month=2026-03").json()["unpublished"] is None, "nothing was counted"


def test_a_figure_leads_to_what_it_rests_on_within_the_scope(signed_in: SignedIn) -> None:
    department, supervisor, admin = signed_in("department"), signed_in("supervisor"), signed_in("admin")
    assert marks(department, "department", "tax") == ["2026-1"]
    assert marks(department, "department", "civil") == marks(department, "hall", "cc") == 404
    assert marks(supervisor, "hall", "cc", "absence") == ["1"]
    assert marks(supervisor, "hall", "nh") == marks(supervisor, "department", "tax") == 404
    assert marks(admin, "group", "nh/civil", "card") == ["2026-2"]
    assert marks(admin, "hall", "gone") == 404
    assert admin.get("/evaluation/9/marks.json?unit_kind=hall&unit=cc").status_code == 404
    page = supervisor.get("/evaluation?kind=hall&lang=en").text
    assert "/evaluation/1/marks?unit_kind=hall&amp;unit=cc&amp;kind=late_case" in page
    behind = supervisor.get("/evaluation/1/marks?unit_kind=hall&unit=cc&kind=card&lang=en").text
    assert 'href="/cards/1"' in behind
    assert 'href="/cases/1"' in behind
    assert "No, under appeal" in behind


def test_an_address_of_a_draft_holds_when_it_is_counted_again_and_when_it_is_published(
    signed_in: SignedIn, services: Services, clock: Clock
) -> None:
    clerk = Evaluating(services.database, publish_day=2)
    clerk.run_once(clock.now)
    shown = signed_in("supervisor").get("/evaluation.json?month=2026-03&kind=hall").json()["shown"]
    query, endings = "?unit_kind=hall&unit=cc&kind=absence", ("", ".json", ".csv", ".xlsx")
    addresses = [f"/evaluation/{shown['id']}/marks{ending}{query}" for ending in endings]
    states = []
    for days in (0, 1, 1, 31):
        clock.forward(timedelta(days=days))
        clerk.run_once(clock.now)
        client = signed_in("supervisor")
        assert [client.get(each).status_code for each in addresses] == [200] * len(endings)
        page = client.get(addresses[1]).json()
        assert (page["evaluation"]["id"], page["evaluation"]["month"]) == (shown["id"], "2026-03")
        assert [mark["subject_id"] for mark in page["marks"]] == [1]
        states.append((page["evaluation"]["counted_at"], page["evaluation"]["state"]))
        assert signed_in("supervisor").get(addresses[0].replace("unit=cc", "unit=nh")).status_code == 404
        assert signed_in("investigator").get(addresses[0]).status_code == 403
    assert [state for _, state in states] == ["draft", "draft", "draft", "published"]
    assert len({counted_at for counted_at, _ in states}) == 4, "it was counted anew each time"
    assert client.get(f"/evaluation/{shown['id'] + 9}/marks{query}").status_code == 404


@pytest.mark.parametrize(("seconds", "told"), [(305.6, "5 min 6 s"), (305.4, "5 min 5 s"), (5.6, "6 s")])
def test_an_absence_lasts_as_long_in_every_list(
    signed_in: SignedIn, services: Services, clock: Clock, seconds: float, told: str
) -> None:
    with services.database.transaction() as session:
        absence = session.get_one(Absence, 1)
        absence.end = absence.start + timedelta(seconds=seconds)
    Evaluating(services.database, publish_day=0).run_once(clock.now)
    client = signed_in("supervisor")
    address = client.get("/evaluation.json?month=2026-03&kind=hall").json()["shown"]["id"]
    marks_of_hall = f"/evaluation/{address}/marks?unit_kind=hall&unit=cc&kind=absence"
    for page in ("/absences", "/absences/1", marks_of_hall, "/evaluation?month=2026-03&kind=hall"):
        text = client.get(f"{page}{'&' if '?' in page else '?'}lang=en").text
        assert re.search(rf">\s*{told}\s*<", text), page


def test_where_an_erratum_would_correct_nothing_any_more_its_address_leads_to_what_is_published(
    signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        draft = an_evaluation(session, NOON, ("tax", "civil"), state=DRAFT, number=2, replaces_id=1, differs=True)
    client, marks_of_draft = signed_in("supervisor"), f"/evaluation/{draft}/marks.json?unit_kind=hall&unit=cc"
    assert client.get(marks_of_draft).json()["evaluation"]["number"] == 2
    with services.database.transaction() as session:
        session.get_one(Evaluation, draft).differs = False
        for table in (EvaluatedUnit, EvaluationMark):
            session.execute(delete(table).where(col(table.evaluation_id) == draft))
    assert client.get(marks_of_draft).json()["evaluation"]["number"] == 1
    assert client.get("/evaluation.json?month=2026-02&number=2").json()["shown"]["number"] == 1
    assert client.get("/evaluation.json?month=2026-02&number=3").status_code == 404


def test_who_reads_on_while_a_draft_is_counted_again_misses_nothing(signed_in: SignedIn, services: Services) -> None:
    """Counted again, marks have other ids; half a hundred limits may pass at one moment."""
    whose: dict[str, Any] = {"evaluation_id": 1, "hall_id": "cc", "at": NOON, "counts": True, "detail": "legal"}
    with services.database.transaction() as session:
        session.add_all(
            EvaluationMark(kind=MarkKind.NOT_EARLY, subject_id=each, label=f"{each}", **whose) for each in range(1, 61)
        )
    client, address = signed_in("supervisor"), MARKS.format("hall", "cc", "not_early")
    first = client.get(address).json()
    with services.database.transaction() as session:
        session.execute(update(EvaluationMark).values(id=col(EvaluationMark.id) + 1000))
    second = client.get(f"{address}&after={first['next']}").json()
    found = [mark["subject_id"] for page in (first, second) for mark in page["marks"]]
    assert found == list(range(60, 0, -1))


def test_points_of_early_completion_and_of_data_lead_to_each_case_and_step(
    signed_in: SignedIn, services: Services
) -> None:
    told = {MarkKind.NOT_EARLY: "", MarkKind.STEP_TOLD_LATE: NOON.isoformat(), MarkKind.FIELDS_MISSING: "operator item"}
    with services.database.transaction() as session:
        for kind, detail in told.items():
            session.add(
                EvaluationMark(
                    evaluation_id=1,
                    kind=kind,
                    subject_id=7,
                    label="2026-7",
                    counts=True,
                    detail=detail,
                    case_id=1,
                    at=NOON,
                    hall_id="cc",
                    department_id="tax",
                )
            )
    client = signed_in("supervisor")
    page = client.get("/evaluation?kind=hall&lang=en").text
    said = {"not_early": "In time, but not early", "step_told_late": "told ", "fields_missing": "Operator, Item"}
    for name, words in said.items():
        assert f"/evaluation/1/marks?unit_kind=hall&amp;unit=cc&amp;kind={name}" in page
        assert marks(client, "hall", "cc", name) == ["2026-7"]
        behind = client.get(f"/evaluation/1/marks?unit_kind=hall&unit=cc&kind={name}&lang=en").text
        assert 'href="/cases/1"' in behind
        assert words in behind


REMINDED: dict[str, Any] = {
    "kind": MarkKind.REMINDER,
    "subject_id": 3,
    "label": "2026-7",
    "counts": True,
    "case_id": 1,
    "at": NOON,
    "hall_id": "cc",
    "department_id": "tax",
}
REMINDERS = "/evaluation/{}/marks{}?unit_kind=hall&unit=cc&kind=reminder&lang={}"


def test_a_reminder_is_told_as_one_and_leads_to_its_card_and_case(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        second = an_evaluation(session, NOON, ("tax", "civil"), month="2026-01", formula=IN_USE)
        session.add_all(EvaluationMark(evaluation_id=each, **REMINDED) for each in (1, second))
    client = signed_in("supervisor")
    said = {"en": ("Reminder", "No, the formula of this month leaves it out", "Yes")}
    said |= {"zh": ("预警", "否，本月公式不计此项", "是")}
    for language, (word, left_out, counted) in said.items():
        pages = [client.get(REMINDERS.format(each, "", language)).text for each in (1, second)]
        for page, whether in zip(pages, (left_out, counted), strict=True):
            assert cells(page)[2:] == [word, whether]
            assert '<a href="/cards/3">2026-7</a>' in page
            assert 'href="/cases/1"' in page
    rows = [client.get(REMINDERS.format(each, ".json", "en")).json()["marks"][0] for each in (1, second)]
    assert [(row["counts"], row["in_formula"]) for row in rows] == [(False, False), (True, True)]
    files = [client.get(REMINDERS.format(each, ".csv", "en")).text for each in (1, second)]
    found = [next(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))) for text in files]
    assert [row["counts"] for row in found] == [str(row["counts"]).lower() for row in rows]


ADDED_AND_LOW = {
    MarkKind.LOW_RATING: ("4", "Level 4", "4 级"),
    MarkKind.GOOD_RATING: ("5", "Level 5", "5 级"),
    MarkKind.EARLY_CASE: ("30", "30 hours before the limit", "提前 30 小时"),
    MarkKind.IN_TIME: ("", "In time", "时限内"),
    MarkKind.SHORTER: ("20 5", "promised 5, by law 20 working days", "承诺 5 个工作日，法定 20 个工作日"),
}


@pytest.fixture
def adding(services: Services) -> Services:
    """2026-01 by a formula that adds points, too; counted since these things are kept one by one."""
    with services.database.transaction() as session:
        evaluation = an_evaluation(session, NOON, ("tax", "civil"), month="2026-01", formula=ADDING)
        for kind, (detail, *_) in ADDED_AND_LOW.items():
            session.add(EvaluationMark(evaluation_id=evaluation, **{**REMINDED, "kind": kind, "detail": detail}))
        for unit in session.exec(select(EvaluatedUnit).where(EvaluatedUnit.evaluation_id == evaluation)):
            days = {"legal_days": 800, "promised_days": 200, "with_both_limits": unit.counted["cases"]}
            unit.counted = {**unit.counted, **days}
    return services


def links(page: str) -> dict[str, str]:
    """What each figure behind the points of hall cc says, by the kind of thing that it leads to."""
    found = re.findall(r'<a href="/evaluation/\d+/marks\?unit_kind=hall&amp;unit=cc&amp;kind=(\w+)">(.*?)</a>', page)
    return dict(found)


def test_what_adds_points_and_every_rating_that_does_not_satisfy_leads_to_each(
    signed_in: SignedIn, adding: Services
) -> None:
    client = signed_in("supervisor")
    page = client.get("/evaluation?month=2026-01&kind=hall&lang=en").text
    told = {"low_rating": "8", "good_rating": "10", "early_case": "10", "in_time": "36", "shorter": "200 / 800"}
    assert told.items() <= links(page).items()
    for kind, (_, *words) in ADDED_AND_LOW.items():
        for language, word in zip(("en", "zh"), words, strict=True):
            address = f"/evaluation/2/marks?unit_kind=hall&unit=cc&kind={kind}&lang={language}"
            behind = client.get(address).text
            assert cells(behind)[2:] == [word, {"en": "Yes", "zh": "是"}[language]]
            assert 'href="/cases/1"' in behind


def test_a_month_that_kept_less_one_by_one_says_so_and_leads_nowhere_empty(
    signed_in: SignedIn, adding: Services
) -> None:
    said = "ratings above level 2 and what adds points were not kept one by one"
    address = "/evaluation?month=2026-01&kind=hall&lang=en"
    client = signed_in("supervisor")
    assert said not in client.get(address).text
    with adding.database.transaction() as session:
        for unit in session.exec(select(EvaluatedUnit)):
            unit.counted = {name: value for name, value in unit.counted.items() if name != "with_both_limits"}
    page = client.get(address).text
    assert said in page
    assert set(links(page)) <= ALWAYS
    assert "Further ratings that do not satisfy" not in page
    shipped = client.get("/evaluation?month=2026-02&kind=hall&lang=en").text
    assert said not in shipped, "its formula rests on nothing that was not kept"
    kinds = client.get("/evaluation/2/marks.json?unit_kind=hall&unit=cc").json()["kinds"]
    assert set(kinds) == ALWAYS


def cells(page: str) -> list[str]:
    """Of the first row of its table, without tags."""
    row = page.partition("<tbody>")[2].partition("</tr>")[0]
    return [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]


def test_an_erratum_stands_before_what_it_corrects_and_both_stay(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        an_evaluation(session, NOON, ("tax", "civil"), number=2, replaces_id=1, erratum="补报 <b>")
    client = signed_in("inspector")
    page = client.get("/evaluation?lang=en").text
    assert "Erratum 2: 补报 &lt;b&gt;" in page
    assert "Number 1" in page
    first = client.get("/evaluation.json?month=2026-02&number=1").json()
    assert (first["shown"]["number"], [each["number"] for each in first["versions"]]) == (1, [2, 1])
    [*_, row] = csv.DictReader(io.StringIO(client.get("/evaluation.csv").text.removeprefix("\ufeff")))
    assert (row["number"], row["erratum"]) == ("2", "补报 <b>")
    assert client.get("/evaluation.json?number=3").status_code == 404
    for wrong in ("month=2026-01", "month=2026-13", "month=x"):
        refused = client.get(f"/evaluation.json?{wrong}")
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "month")
    assert client.get("/evaluation.json?kind=person").status_code == 422


def test_a_month_that_has_come_out_otherwise_is_offered_as_an_erratum(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        draft: dict[str, Any] = {"state": EvaluationState.DRAFT, "number": 2, "replaces_id": 1}
        drafted = an_evaluation(session, NOON, ("tax", "civil"), differs=False, **draft)
    admin = signed_in("admin")
    assert admin.get("/evaluation.json").json()["erratum_drafted"] is None
    assert [each["number"] for each in admin.get("/evaluation.json").json()["versions"]] == [1]
    with services.database.transaction() as session:
        session.get_one(Evaluation, drafted).differs = True
    page = admin.get("/evaluation.json").json()
    assert (page["shown"]["number"], page["erratum_drafted"]["number"]) == (1, 2), "what is published stays in front"
    assert "can be published as an erratum" in admin.get("/evaluation?lang=en").text


def test_the_file_has_what_the_page_has(signed_in: SignedIn) -> None:
    text = signed_in("department").get("/evaluation.csv").text
    assert text.startswith("\ufeff")
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))}
    assert (rows["tax"]["cases"], rows["tax"]["on_time"], rows["tax"]["level_5"]) == ("40", "90.0", "10")
    assert (rows["civil"]["cases"], rows["civil"]["rank"]) == ("", "1")


def test_other_weights_are_tried_and_nothing_is_kept(signed_in: SignedIn, services: Services) -> None:
    def kept() -> list[dict[str, Any]]:
        with services.database.transaction() as session:
            return [unit.model_dump() for unit in session.exec(select(EvaluatedUnit))]

    before, client = kept(), signed_in("admin")
    same = client.get("/evaluation/simulation.json").json()["units"]
    assert all(unit["before"] == unit["after"] for unit in same)
    alone = "on_time=0&early=0&cards=0&absence=0&data_quality=0&satisfaction=7"
    changed = client.get(f"/evaluation/simulation.json?{alone}").json()["units"]
    assert {unit["after"]["points"] for unit in changed} == {90.0}
    assert [unit["rank_after"] for unit in changed] == [{"rank": 1, "best": 1, "worst": 2}] * 2
    harsh = client.get("/evaluation/simulation.json?cards.red=-50").json()["units"]
    assert [unit["after"]["points"] < unit["before"]["points"] for unit in harsh] == [False, True]
    assert kept() == before


def test_other_hours_are_tried_where_it_was_kept_how_early_cases_ended(signed_in: SignedIn, services: Services) -> None:
    client = signed_in("admin")
    refused = client.get("/evaluation/simulation?early_hours=48&lang=en")
    assert "How early each case ended was not kept when this month was counted. Leave it at 24." in refused.text
    with services.database.transaction() as session:
        for unit in session.exec(select(EvaluatedUnit)):
            unit.counted = {**unit.counted, "leads": [[30, unit.counted["early"]]]}
    before, after = (
        client.get(f"/evaluation/simulation.json?early_hours={hours}").json()["units"] for hours in (30, 31)
    )
    assert all(unit["before"] == unit["after"] for unit in before)
    assert all(unit["after"]["points"] < unit["before"]["points"] for unit in after), "nothing is early any more"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("on_time=-1", "This has to be a number between 0 and 1000."),
        ("cards=nan", "This has to be a number between 0 and 1000."),
        ("satisfaction.from_level=2.5", "This has to be a whole number between 2 and 5."),
        ("absence.none=a", "This has to be a number between 0.01 and 1."),
        (
            "on_time=0&early=0&cards=0&absence=0&data_quality=0&satisfaction=0",
            "Give at least one indicator a weight above 0.",
        ),
    ],
)
def test_a_weight_that_cannot_be_used_is_told_beside_its_field(signed_in: SignedIn, query: str, said: str) -> None:
    answer = signed_in("supervisor").get(f"/evaluation/simulation?{query}&lang=en")
    assert answer.status_code == 200
    assert said in answer.text
    assert signed_in("supervisor").get(f"/evaluation/simulation.json?{query}").json()["units"] == []


def test_who_has_no_evaluation_to_see_is_told_so(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        for table in (EvaluatedUnit, EvaluationMark, Evaluation):
            session.execute(delete(table))
    for path in ("/evaluation", "/evaluation/simulation"):
        assert "No evaluation yet" in signed_in("admin").get(f"{path}?lang=en").text
    assert signed_in("admin").get("/evaluation.csv").text.count("\n") == 1


def test_a_unit_shows_how_it_did_in_the_months_before(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        for month in ("2025-11", "2025-12", "2025-02", "2026-03"):
            an_evaluation(session, NOON, ("tax", "civil"), month=month)
        an_evaluation(session, NOON, ("civil", "tax"), month="2025-12", number=2, replaces_id=3, erratum="?")
        an_evaluation(session, NOON, ("tax", "civil"), month="2026-01", state=EvaluationState.DRAFT)
    trend = units(signed_in("department"), "month=2026-02")["tax"]["trend"]
    assert [(each["month"], each["back"]) for each in trend] == [("2025-11", 3), ("2025-12", 2), ("2026-02", 0)]
    assert [each["points"] for each in trend] == [83.88, 96.88, 83.88], "an erratum takes the place of what it corrects"
    page = signed_in("admin").get("/evaluation?month=2026-02&lang=en").text
    assert 'aria-label="Nov 2025: 83.88, Dec 2025: 96.88, Feb 2026: 83.88"' in page
    assert 'class="trend"' not in signed_in("admin").get("/evaluation?month=2025-02&lang=en").text


def test_the_chart_shows_points_and_chance(signed_in: SignedIn) -> None:
    page = signed_in("admin").get("/evaluation?kind=hall&lang=en").text
    assert page.count('<svg class="points"') == 2
    assert "of 100, by chance between" in page
    counters = signed_in("admin").get("/evaluation?kind=counter&lang=en").text
    assert "No case to count" in counters
    assert '<svg class="points"' not in counters


def test_the_page_says_that_no_month_is_counted_while_a_thousand_cases_wait(
    signed_in: SignedIn, services: Services
) -> None:
    client, said = signed_in("department"), "有一千件以上办件等待重新计算时限"
    with services.database.transaction() as session:
        there = session.exec(select(func.count()).select_from(Case).where(col(Case.limits_reckoned).is_(False))).one()
        session.add(Source(id="bulk", hall_id="cc"))
        session.flush()
        new = [Case(source_id="bulk", number=f"B{n}", opened_at=NOON) for n in range(BACKLOG - there)]
        session.add_all(new)
    assert client.get("/evaluation.json").json()["months_wait"] is True
    assert said in client.get("/evaluation").text
    with services.database.transaction() as session:
        session.execute(update(Case).where(col(Case.number) == "B0").values(limits_reckoned=True))
    assert client.get("/evaluation.json").json()["months_wait"] is False
    assert said not in client.get("/evaluation").text
