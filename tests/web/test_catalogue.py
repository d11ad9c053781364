"""The catalogue: who sees, drafts and approves what, and that nothing holds before a second person has said so."""

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.rules import shipped_rules
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.models import AccessEntry, Case, CatalogueChange, Deadline, FormerLimits, Item, ProposalState, Source, User
from tests.web.conftest import NOON, SignedIn
from web.catalogue_entry import Entry
from web.services import Services

ENTRY = {
    "name": "食品经营许可",
    "department": "tax",
    "legal_limit": 20,
    "promised_limit": 8,
    "links": [{"kind": "accept", "limit": 1}, {"kind": "decide"}],
    "fees": [{"name": "工本费", "amount": "10.00"}],
    "conditions": ["有固定经营场所"],
}
DRAFT = {"code": "FOOD", "source": "cc-platform", "valid_from": "2026-02-01", "reason": "公示有误", "entry": ENTRY}
TOLD = {
    "record": "item",
    "code": "FOOD",
    "version": "3",
    "valid_from": "2026-01-01T00:00:00+08:00",
    "name": "食品经营许可",
    "legal_limit": 20,
    "promised_limit": 5,
}
MOVED = ("2026-9", "2026-03-02", "2026-03-05")
PAGES = ["/catalogue", "/catalogue.json", "/catalogue.csv", "/catalogue.xlsx", "/catalogue/changes/1.json"]
PAGES += ["/catalogue/item?code=FOOD&source=cc-platform"]


def push(services: Services, *rows: dict[str, Any], sequence: int = 1) -> None:
    said: dict[str, Any] = {"sequence": sequence, "name": "push", "sha256": str(sequence), "now": NOON}
    report = accept_batch(services.database, "cc-platform", read_rows(rows), **said)
    assert report.rejected_rows == 0, report.rejected


@pytest.fixture
def told(services: Services) -> None:
    """The source's own catalogue, and a case of the item that it has received in time."""
    stepped = {"record": "step", "case": "2026-9", "step": "s9", "kind": "accept", "item": "FOOD", "counter": "1"}
    with services.database.transaction() as session:
        session.add(Source(id="nh-platform", hall_id="nh"))
    push(services, TOLD, {**stepped, "start": "2026-02-24T09:00:00+08:00"})
    DeadlineKeeper(services.database, shipped_rules()).run_once(NOON)


Colleague = Callable[[], None]


@pytest.fixture
def colleague(services: Services) -> Colleague:
    """Makes the draft that there is the inspector's: the supervisor is the second person."""

    def another() -> None:
        with services.database.transaction() as session:
            inspector = session.exec(select(User).where(User.name == "inspector")).one()
            for change in session.exec(select(CatalogueChange)):
                change.proposed_by = inspector.id or 0

    return another


def draft(client: TestClient, **more: Any) -> Any:
    return client.post("/api/v1/catalogue/changes", json=DRAFT | more)


def decide(client: TestClient, act: str, change: int = 1, **more: Any) -> int:
    return client.post(f"/api/v1/catalogue/changes/{change}/decision", json={"act": act, **more}).status_code


def test_nobody_sees_or_drafts_without_signing_in_or_in_another_role(
    anonymous: TestClient, signed_in: SignedIn, told: None
) -> None:
    assert draft(anonymous).status_code == 401
    assert draft(signed_in("supervisor")).status_code == 200
    assert decide(anonymous, "approve") == 401
    for role in ("investigator", "department"):
        assert draft(signed_in(role)).status_code == 403
        assert decide(signed_in(role), "approve") == 403
        assert {signed_in(role).get(path).status_code for path in PAGES} == {403}
    assert {anonymous.get(path).status_code for path in PAGES} == {303, 401}
    assert {signed_in("inspector").get(path).status_code for path in PAGES} == {200}


def test_what_is_of_another_hall_or_of_every_hall_is_not_theirs(signed_in: SignedIn, told: None) -> None:
    supervisor, admin = signed_in("supervisor"), signed_in("admin")
    assert draft(supervisor, source="nh-platform").status_code == 404
    assert draft(supervisor, source=None).status_code == 403
    assert supervisor.get("/catalogue/draft").status_code == 403
    assert draft(admin, source="nh-platform").status_code == 200
    assert draft(admin, source=None).status_code == 200
    assert [decide(supervisor, "approve", change) for change in (1, 2)] == [404, 403]
    assert supervisor.get("/catalogue/changes/1").status_code == 404
    assert supervisor.get("/catalogue/changes/2").status_code == 200, "it holds for their cases, too"
    assert supervisor.get("/catalogue/item?code=FOOD&source=nh-platform").status_code == 404
    page = supervisor.get("/catalogue.json").json()
    assert [change["id"] for change in page["waiting"]] == [2]
    assert "nh-platform" not in supervisor.get("/catalogue.csv").text


def test_a_draft_holds_once_another_person_has_approved_it_and_is_never_written_again(
    signed_in: SignedIn, services: Services, told: None
) -> None:
    inspector, supervisor = signed_in("inspector"), signed_in("supervisor")
    assert draft(inspector).json()["state"] == "proposed"
    assert draft(inspector).status_code == 409, "one at a time"
    page = supervisor.get("/catalogue/changes/1.json").json()
    found = {one["field"]: (one["before"], one["after"]) for one in page["changes"]}
    assert found["promised_limit"] == (5, 8)
    assert found["fees"][1]["amount"] == "10.00"
    (moved,) = page["consequence"]["rows"]
    assert (moved["number"], moved["due_before"][:10], moved["due_after"][:10]) == MOVED
    assert page["consequence"]["later"] == 1
    assert (page["acts"], page["is_past"]) == (["approve", "return"], True)
    assert "5 个工作日" in supervisor.get("/catalogue/changes/1").text
    assert "would stand otherwise. 1 is due later." in supervisor.get("/catalogue/changes/1?lang=en").text
    assert decide(inspector, "approve") == 403, "the role may not"
    assert decide(supervisor, "withdraw") == 409, "it is not theirs"
    assert decide(supervisor, "approve") == 200
    assert [decide(supervisor, act) for act in ("approve", "return")] == [409, 409]
    keeper = DeadlineKeeper(services.database, shipped_rules())
    keeper.look_around(NOON)
    keeper.run_once(NOON)
    with services.database.transaction() as session:
        assert str(session.get_one(Deadline, 3).promised_late_from) == "2026-03-05 16:00:00+00:00"
        assert [entry.action for entry in session.exec(select(AccessEntry))] == ["propose", "approve_proposal"]
    (item,) = [row for row in supervisor.get("/catalogue.json").json()["items"] if row["source"]]
    assert (item["now"]["origin"], item["now"]["version"]) == ("here", "1")
    assert draft(inspector).status_code == 422, "it says the same"


def test_nobody_approves_their_own_and_what_is_sent_back_says_why(
    signed_in: SignedIn, told: None, colleague: Colleague
) -> None:
    supervisor = signed_in("supervisor")
    draft(supervisor)
    assert [decide(supervisor, act, reason="x") for act in ("approve", "return")] == [409, 409]
    colleague()
    assert decide(supervisor, "return") == 422
    assert decide(supervisor, "return", reason="依据不足") == 200
    (own,) = supervisor.get("/catalogue/item.json?code=FOOD&source=cc-platform").json()["own"]
    assert (own["change"]["state"], own["change"]["answer"], own["change"]["decided_by"]) == (
        "returned",
        "依据不足",
        "supervisor",
    )
    assert draft(supervisor).status_code == 200, "it can be drafted anew"
    assert decide(supervisor, "withdraw", 2) == 200


def test_a_source_goes_on_telling_and_has_the_word_again_once_ours_ends(
    signed_in: SignedIn, services: Services, told: None, colleague: Colleague
) -> None:
    supervisor = signed_in("supervisor")
    ending = {"entry": None, "ends": True, "valid_from": "2026-03-02", "reason": "平台已更正"}
    assert draft(supervisor, **ending).status_code == 422, "there is nothing to end"
    draft(supervisor)
    colleague()
    assert decide(supervisor, "approve") == 200
    push(services, TOLD | {"version": "4", "promised_limit": 6, "valid_from": "2026-02-20T00:00:00+08:00"}, sequence=2)
    address = "/catalogue/item.json?code=FOOD&source=cc-platform"
    page = supervisor.get(address).json()
    assert (page["now_in_force"]["origin"], page["told"]["version"]) == ("here", "4")
    assert {"field": "promised_limit", "before": 6, "after": 8} in page["departs"]
    assert [(told["version"], told["changes"]) for told in page["told_versions"]] == [
        ("4", [{"field": "promised_limit", "before": 5, "after": 6}]),
        ("3", []),
    ]
    assert draft(supervisor, **ending).status_code == 200
    colleague()
    assert decide(supervisor, "approve", 2) == 200
    page = supervisor.get(address).json()
    assert (page["now_in_force"]["origin"], page["now_in_force"]["version"]) == ("source", "4")
    assert [own["change"]["number"] for own in page["own"]] == [2, 1]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"promised_limit": 21}, "entry"),
        ({"links": [{"kind": "dance"}]}, "entry.links.0.kind"),
        ({"fees": [{"name": "费", "amount": "ten"}]}, "entry.fees.0.amount"),
        ({"department": "nobody"}, "department"),
        ({"legal_limit": -1}, "entry.legal_limit"),
        ({"name": ""}, "entry.name"),
    ],
)
def test_what_makes_no_sense_names_its_field(signed_in: SignedIn, wrong: dict[str, Any], field: str) -> None:
    answer = draft(signed_in("admin"), entry=ENTRY | wrong)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["fields"]] == [field]
    assert "(" not in answer.json()["fields"][0]["problem"], "it is said in words"


def test_an_item_may_have_no_limit(signed_in: SignedIn, told: None) -> None:
    inspector = signed_in("inspector")
    assert draft(inspector, entry=ENTRY | {"legal_limit": None, "promised_limit": None}).status_code in (200, 201)
    typed = {"code": "NEW", "source": "cc-platform", "valid_from": "2026-04-01", "reason": "新增", "name": "新事项"}
    typed |= {"legal_limit": "", "promised_limit": "5", "limit_unit": "days"}
    made = inspector.post("/catalogue/draft", data=typed)
    assert made.status_code == 303, made.text
    assert made.headers["location"].endswith("?done=drafted")


def test_a_code_that_was_refused_can_be_corrected_and_so_can_one_of_which_there_is_a_draft(
    signed_in: SignedIn, told: None
) -> None:
    inspector = signed_in("inspector")
    code = r'<input [^>]*name="code"[^>]*>'
    typed = {"code": "N" * 101, "source": "cc-platform", "valid_from": "2026-04-01", "reason": "新增", "name": "新事项"}
    typed |= {"promised_limit": "5", "limit_unit": "days"}
    refused = inspector.post("/catalogue/draft", data=typed)
    assert refused.status_code == 422
    assert [re.search('type="(.*?)"', one)[1] for one in re.findall(code, refused.text)] == ["text"]  # type: ignore[index]
    draft(inspector)
    taken = inspector.post("/catalogue/draft", data=typed | {"code": "FOOD", "is_typed": "true"})
    assert taken.status_code == 409
    assert [re.search('value="(.*?)"', one)[1] for one in re.findall(code, taken.text)] == ["FOOD"]  # type: ignore[index]
    assert 'type="hidden" name="code"' not in taken.text
    assert 'type="hidden" name="code"' in inspector.get("/catalogue/draft?code=FOOD&source=cc-platform").text


def test_the_form_is_filled_in_with_what_holds_and_keeps_what_was_typed(signed_in: SignedIn, told: None) -> None:
    inspector = signed_in("inspector")
    page = inspector.get("/catalogue/draft?code=FOOD&source=cc-platform&lang=en").text
    assert 'name="promised_limit" type="number" value="5"' in page
    assert re.search(r'<textarea [^>]*name="reason"[^>]* required', page), "as other forms say it"
    typed = {
        "code": "FOOD",
        "source": "cc-platform",
        "valid_from": "2026-04-01",
        "reason": "提速",
        "name": "食品经营许可",
    }
    typed |= {
        "legal_limit": "20",
        "promised_limit": "30",
        "limit_unit": "days",
        "joint": "true",
        "conditions": "甲\n\n乙",
    }
    typed |= {"links.1.kind": "decide", "links.1.limit": "", "links.1.unit": "days", "materials.0.required": "true"}
    typed |= {"fees.0.name": "工本费", "fees.0.amount": "一元"}
    again = inspector.post("/catalogue/draft", data=typed)
    assert again.status_code == 422
    assert 'value="一元"' in again.text
    more = inspector.post("/catalogue/draft", data=typed | {"more": "1"})
    assert more.status_code == 200
    assert inspector.get("/catalogue.json").json()["waiting"] == [], "more rows keep nothing"
    made = inspector.post("/catalogue/draft", data=typed | {"fees.0.amount": "1", "promised_limit": "10"})
    assert made.headers["location"] == "/catalogue/changes/1?done=drafted"
    entry = inspector.get("/catalogue/changes/1.json").json()["after"]["entry"]
    assert [link["kind"] for link in entry["links"]] == ["decide"]
    assert (entry["fees"][0]["amount"], entry["materials"], entry["conditions"]) == ("1.00", [], ["甲", "乙"])
    assert entry["joint"] is True
    rows = list(csv.DictReader(_lines(inspector, "/catalogue/item.csv?code=FOOD&source=cc-platform")))
    assert [(row["said_by"], row["state"]) for row in rows] == [("here", "proposed"), ("source", "in_force")]
    assert "joint: False → True" in rows[0]["changes"]
    assert "several departments jointly" in inspector.get("/catalogue/changes/1?lang=en").text
    assert "Its date lies ahead" in inspector.get("/catalogue/changes/1?lang=en").text
    assert 'value="10"' in inspector.get("/catalogue/draft?change=1").text


def test_a_second_draft_is_shown_the_way_to_the_first_and_keeps_what_was_typed(signed_in: SignedIn, told: None) -> None:
    inspector, address = signed_in("inspector"), "/catalogue/draft?code=FOOD&source=cc-platform"
    assert "/catalogue/changes/" not in inspector.get(address).text
    draft(inspector)
    assert 'href="/catalogue/changes/1"' in inspector.get(address).text, "before anything is typed"
    typed = {"code": "FOOD", "source": "cc-platform", "valid_from": "2026-04-01", "reason": "另有依据"}
    typed |= {"name": "食品经营许可", "promised_limit": "7", "limit_unit": "days", "links.0.kind": "decide"}
    again = inspector.post("/catalogue/draft", data=typed)
    assert again.status_code == 409
    assert 'href="/catalogue/changes/1"' in again.text
    assert ("另有依据" in again.text, 'name="promised_limit" type="number" value="7"' in again.text) == (True, True)
    assert decide(inspector, "withdraw") == 200
    assert inspector.post("/catalogue/draft", data=typed).status_code == 303


def _lines(client: TestClient, path: str) -> list[str]:
    return client.get(path).text.removeprefix("\ufeff").splitlines()


def test_a_decision_by_form_says_what_is_lacking(signed_in: SignedIn, told: None) -> None:
    draft(signed_in("inspector"))
    supervisor = signed_in("supervisor")
    again = supervisor.post("/catalogue/changes/1?lang=en", data={"act": "return", "reason": ""})
    assert (again.status_code, "Say why it is sent back." in again.text) == (422, True)
    assert supervisor.post("/catalogue/changes/1", data={"act": "dance"}).status_code == 422
    done = supervisor.post("/catalogue/changes/1", data={"act": "approve"})
    assert done.headers["location"] == "/catalogue/changes/1?done=approved"


def test_an_item_that_was_declared_alone_is_listed_and_can_be_followed_by_a_version(
    signed_in: SignedIn, services: Services
) -> None:
    with services.database.transaction() as session:
        session.add(Item(code="HAND", name="手工登记", legal_days=20, promised_days=1, joint=True))
    admin = signed_in("admin")
    (row,) = admin.get("/catalogue.json?q=手工").json()["items"]
    assert (row["now"]["origin"], row["now"]["entry"]["promised_limit"]) == ("declared", 1)
    assert row["now"]["entry"]["joint"] is True
    assert "1 working days" not in admin.get("/catalogue?q=手工", headers={"Accept-Language": "en"}).text
    assert admin.get("/catalogue.json?source=-&q=FOOD").json()["items"] == []
    assert admin.get("/catalogue/item?code=NOTHING").status_code == 404


def test_what_was_declared_is_not_told_as_the_word_of_a_source(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add(Item(code="HAND", name="手工登记", promised_days=1))
        decided: dict[str, Any] = {"state": ProposalState.APPROVED, "decided_by": 2, "decided_at": NOON}
        drafted: dict[str, Any] = {"proposed_by": 1, "proposed_at": NOON, "reason": "公示有误"}
        said = Entry.model_validate({**ENTRY, "promised_limit": 9}).model_dump(mode="json")
        session.add(CatalogueChange(code="HAND", number=1, valid_from=NOON, content=said, **drafted, **decided))
    page = signed_in("admin").get("/catalogue/item?code=HAND", headers={"Accept-Language": "zh"}).text
    assert "登记的内容不同" in page
    assert "来源平台报送内容不同" not in page


def test_declared_limits_that_hold_from_a_later_day_are_coming(signed_in: SignedIn, services: Services) -> None:
    later = NOON.date() + timedelta(days=3)
    with services.database.transaction() as session:
        session.add(Item(code="HAND", name="手工登记", promised_days=1, limits_from=later))
    admin = signed_in("admin")
    page = admin.get("/catalogue/item.json?code=HAND").json()
    assert page["now_in_force"] is None
    (coming,) = page["coming"]
    assert (coming["origin"], coming["entry"]["promised_limit"]) == ("declared", 1)
    assert admin.get("/catalogue/item?code=HAND").status_code == 200


def test_limits_that_cases_rest_on_are_not_changed_by_one_person(signed_in: SignedIn, services: Services) -> None:
    admin, address = signed_in("admin"), "/api/v1/items/HAND"
    limits = {"name": "手工登记", "legal_days": 20, "promised_days": 10}
    assert admin.put(address, json=limits).status_code == 200
    assert admin.put(address, json=limits | {"promised_days": 21}).status_code == 422, "longer than by law"
    assert admin.put(address, json=limits | {"promised_days": 15}).status_code == 200, "nothing rests on it yet"
    assert admin.delete(address).status_code == 204
    assert admin.put(address, json=limits | {"promised_days": 15}).status_code == 200
    with services.database.transaction() as session:
        former = session.exec(select(FormerLimits).order_by(col(FormerLimits.id))).all()
        assert [each.promised_days for each in former] == [10, 15], "what was corrected, and what was removed"
        session.get_one(Case, 1).item_code = "HAND"
    assert admin.put(address, json=limits).status_code == 409
    assert admin.put(address, json=limits | {"promised_days": 15, "joint": True}).status_code == 409
    assert admin.delete(address).status_code == 409
    assert admin.put(address, json=limits | {"promised_days": 15, "name_en": "By hand"}).status_code == 200


def test_of_two_who_decide_at_once_the_second_sees_what_happened_and_keeps_the_words(
    signed_in: SignedIn, told: None, colleague: Colleague
) -> None:
    supervisor, admin = signed_in("supervisor"), signed_in("admin")
    draft(supervisor)
    assert decide(admin, "approve") == 200
    colleague()
    late = supervisor.post("/catalogue/changes/1?lang=en", data={"act": "return", "reason": "期限写错了"})
    assert late.status_code == 409
    assert "This is decided or withdrawn already" in late.text
    assert "期限写错了" in late.text
    assert "Version 1" in late.text, "it is shown as it is now"
    assert 'name="act" value="return"' not in late.text, "there is nothing to decide any more"
    assert "该草案已审批或已撤回" in supervisor.post("/catalogue/changes/1?lang=zh-CN", data={"act": "approve"}).text


def test_who_withdraws_what_was_approved_meanwhile_sees_it_approved(signed_in: SignedIn, told: None) -> None:
    inspector = signed_in("inspector")
    draft(inspector)
    assert decide(signed_in("supervisor"), "approve") == 200
    late = inspector.post("/catalogue/changes/1?lang=en", data={"act": "withdraw"})
    assert late.status_code == 409
    assert ("This is decided or withdrawn already" in late.text, "Version 1" in late.text) == (True, True)


def test_what_was_approved_since_a_form_was_opened_is_told_before_a_draft_follows_it(
    signed_in: SignedIn, told: None
) -> None:
    inspector, supervisor = signed_in("inspector"), signed_in("supervisor")
    page = inspector.get("/catalogue/draft.json?code=FOOD&source=cc-platform").json()
    assert page["seen"] == 0
    draft(supervisor)
    assert decide(signed_in("admin"), "approve") == 200
    typed = {"code": "FOOD", "source": "cc-platform", "valid_from": "2026-03-10", "reason": "另有依据", "seen": "0"}
    typed |= {"name": "食品经营许可", "promised_limit": "7", "limit_unit": "days", "joint": "false"}
    late = inspector.post("/catalogue/draft?lang=en", data=typed)
    assert late.status_code == 409
    assert "Version 1 of this item was approved since this form was opened" in late.text
    assert 'href="/catalogue/changes/1"' in late.text
    assert ("另有依据" in late.text, 'name="promised_limit" type="number" value="7"' in late.text) == (True, True)
    assert 'name="seen" value="1"' in late.text, "whoever has read that can keep it"
    assert "打开此表单后，该事项的第 1 版已获批准" in inspector.post("/catalogue/draft?lang=zh-CN", data=typed).text
    program = inspector.post("/api/v1/catalogue/changes", json=DRAFT | {"valid_from": "2026-03-10", "seen": 0})
    assert (program.status_code, program.json()["error"]) == (409, "conflict")
    assert inspector.post("/catalogue/draft", data=typed | {"seen": "1"}).status_code == 303


def test_a_form_with_more_rows_forgets_nothing_of_what_was_seen(signed_in: SignedIn, told: None) -> None:
    inspector = signed_in("inspector")
    draft(signed_in("supervisor"))
    assert decide(signed_in("admin"), "approve") == 200
    more = inspector.post("/catalogue/draft", data={"code": "FOOD", "source": "cc-platform", "more": "1", "seen": "0"})
    assert 'name="seen" value="0"' in more.text
