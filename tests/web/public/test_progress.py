"""How far a case has come, for whoever has its number and secret, and for nobody else."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from correlation.deadlines.keeping import DeadlineKeeper
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.models import Case, Deadline, Standing
from tests.web.conftest import NOON, Clock, SignedIn
from web.case_secret import case_secret
from web.services import Services


def ask(client: TestClient, number: str, secret: str) -> tuple[int, str]:
    answer = client.post("/public/progress", data={"number": number, "secret": secret})
    return answer.status_code, answer.text


def test_a_wrong_secret_and_an_unknown_number_look_the_same(anonymous: TestClient, services: Services) -> None:
    right = case_secret(services.secrets, "cc-platform", "2026-1")
    wrong, unknown = ask(anonymous, "2026-1", "AAAAA-AAAAA"), ask(anonymous, "2026-9", "AAAAA-AAAAA")
    assert wrong[0] == unknown[0] == 404
    assert wrong[1].replace("2026-1", "2026-9") == unknown[1]
    of_another = ask(anonymous, "2026-2", right)
    assert of_another[0] == 404
    assert (
        "no case with this number and this secret"
        in anonymous.post("/public/progress?lang=en", data={"number": "2026-2", "secret": right}).text
    )


def test_the_counter_hands_over_a_secret_that_leads_to_the_progress(
    anonymous: TestClient, signed_in: SignedIn, services: Services
) -> None:
    secret = signed_in("department").get("/cases/1.json").json()["secret"]
    assert secret in signed_in("supervisor").get("/cases/1").text
    answer = anonymous.post("/public/progress.json", data={"number": " 2026-1 ", "secret": secret.lower()})
    assert answer.status_code == 200
    found = answer.json()["found"]
    assert found["number"] == "2026-1"
    assert found["hall"]["id"] == "cc"
    assert [(stage["kind"], stage["state"]) for stage in found["stages"]][:2] == [
        ("receive", "done"),
        ("accept", "next"),
    ]
    status, page = ask(anonymous, "2026-1", secret)
    assert status == 200
    assert "王小明" not in page
    assert "applicant" not in answer.text


def test_a_platform_of_the_same_number_has_another_secret(anonymous: TestClient, services: Services) -> None:
    foreign = case_secret(services.secrets, "another", "2026-1")
    assert ask(anonymous, "2026-1", foreign)[0] == 404


def test_while_the_clock_stands_still_no_date_is_promised(anonymous: TestClient, services: Services) -> None:
    with services.database.transaction() as session:
        session.get_one(Case, 1).due_at = NOON
        limits = Deadline(
            case_id=1,
            standing=Standing.OPEN,
            promised_late_from=NOON + timedelta(days=1),
            law="1",
            calendar="1",
            reckoned_at=NOON,
        )
        session.add(limits)
    secret = case_secret(services.secrets, "cc-platform", "2026-1")

    def due() -> tuple[str | None, bool]:
        found = anonymous.post("/public/progress.json", data={"number": "2026-1", "secret": secret}).json()["found"]
        return found["due_at"], found["stopped"]

    assert due() == ("2026-03-03T03:59:59.999999Z", False)
    with services.database.transaction() as session:
        session.get_one(Deadline, 1).standing = Standing.STOPPED
    assert due() == (None, True)
    assert "暂停计时" in ask(anonymous, "2026-1", secret)[1]


def waits(services: Services, now: datetime, *told: dict[str, Any]) -> None:
    """Case 2026-7, received in the morning, with what else its platform has told; reckoned by the clerk."""
    morning = NOON - timedelta(hours=2)
    receive = {"case": "2026-7", "step": "r", "kind": "receive", "start": morning.isoformat()}
    rows = read_rows([receive, *told])
    report = accept_batch(services.database, "cc-platform", rows, sequence=1, name="push", sha256="a", now=now)
    assert report.rejected_rows == 0
    DeadlineKeeper(services.database).run_once(now)


def a_suspension(reason: str, **more: str) -> dict[str, Any]:
    start = NOON - timedelta(hours=1)
    return {"record": "suspension", "id": "s", "case": "2026-7", "reason": reason, "start": start.isoformat(), **more}


ACCEPTED = {"case": "2026-7", "step": "a", "kind": "accept", "start": "2026-03-02T10:30:00+08:00"}


def found(client: TestClient, services: Services) -> dict[str, Any]:
    secret = case_secret(services.secrets, "cc-platform", "2026-7")
    answer = client.post("/public/progress.json", data={"number": "2026-7", "secret": secret})
    page: dict[str, Any] = answer.json()["found"]
    return page


def shown(client: TestClient, services: Services, language: str) -> str:
    secret = case_secret(services.secrets, "cc-platform", "2026-7")
    return client.post(f"/public/progress?lang={language}", data={"number": "2026-7", "secret": secret}).text


def test_who_has_to_bring_something_before_acceptance_is_told_so_and_since_when(
    anonymous: TestClient, services: Services
) -> None:
    waits(services, NOON, a_suspension("supplement"))
    with services.database.transaction() as session:
        assert session.get_one(Deadline, 3).standing is Standing.WAITING
    case = found(anonymous, services)
    assert (case["stopped"], case["accepted"], case["due_at"]) == (True, False, None)
    assert case["pause"] == {"reason": "supplement", "since": "2026-03-02T03:00:00Z", "told_in_writing": False}
    for language, words in (
        ("en", ("Waits for you", "something that is missing from your application", "until you have handed it in")),
        ("zh", ("等待您补正", "2026-03-02", "补正后继续办理")),
    ):
        page = shown(anonymous, services, language)
        assert all(word in page for word in words), language
        assert "told in writing" not in page
        assert "书面告知" not in page, "of no notice anything was told"


def test_that_somebody_was_told_in_writing_is_said_where_a_notice_was_told(
    anonymous: TestClient, services: Services
) -> None:
    waits(services, NOON, ACCEPTED, a_suspension("hearing", notice_number="听证〔2026〕1号"))
    with services.database.transaction() as session:
        session.get_one(Deadline, 3).standing = Standing.STOPPED
    assert found(anonymous, services)["pause"]["told_in_writing"] is True
    page = shown(anonymous, services, "en")
    assert "Hearing, since" in page
    assert "You have been told in writing." in page
    assert "Waits for you" not in page
    assert "已书面告知您" in shown(anonymous, services, "zh")


def test_who_is_not_accepted_yet_and_owes_nothing_reads_when_the_limit_begins(
    anonymous: TestClient, services: Services
) -> None:
    waits(services, NOON, a_suspension("supplement", end=(NOON - timedelta(minutes=30)).isoformat()))
    case = found(anonymous, services)
    assert (case["stopped"], case["accepted"], case["pause"]) == (False, False, None)
    page = shown(anonymous, services, "en")
    assert "The limit begins when the application is accepted." in page
    assert "Under way" in page
    assert "受理之日起" in shown(anonymous, services, "zh")


def test_what_was_asked_for_too_late_is_awaited_though_the_clock_goes_on(
    anonymous: TestClient, services: Services, clock: Clock
) -> None:
    """Nobody had answered within five working days: the case counts as accepted since the day of its receipt."""
    clock.now = NOON + timedelta(days=20)
    late = a_suspension("supplement") | {"start": (NOON + timedelta(days=10)).isoformat()}
    waits(services, clock.now, late)
    case = found(anonymous, services)
    assert (case["stopped"], case["accepted"], case["pause"]["reason"]) == (False, True, "supplement")
    assert "Waits for you" in shown(anonymous, services, "en")


def test_a_limit_in_hours_is_told_with_its_time_of_day(
    anonymous: TestClient, signed_in: SignedIn, services: Services
) -> None:
    """Accepted at half past ten, with two working hours: one and a half until noon, the rest after the break."""
    item = {"record": "item", "code": "JZ-4", "version": "1", "valid_from": "2026-01-01T00:00:00+08:00", "name": "补证"}
    waits(services, NOON, item | {"promised_limit": 2, "limit_unit": "hours"}, ACCEPTED | {"item": "JZ-4"})
    last = found(anonymous, services)["due_at"]
    assert last == "2026-03-02T05:59:59.999999Z"
    for page in (shown(anonymous, services, "zh"), signed_in("supervisor").get("/cases?lang=zh").text):
        assert ">2026-03-02 13:59:59</time>" in page
    for line in signed_in("supervisor").get("/cases.csv").text.splitlines():
        assert ("2026-7" not in line) or ("2026-03-02T13:59:59" in line)


@pytest.mark.parametrize("over", ["closed", "decided"])
def test_of_a_case_that_is_over_nothing_is_awaited(anonymous: TestClient, services: Services, over: str) -> None:
    waits(services, NOON, a_suspension("supplement"))
    with services.database.transaction() as session:
        if over == "closed":
            session.get_one(Case, 3).closed_at = NOON
        else:
            session.get_one(Deadline, 3).standing = Standing.DONE
    assert found(anonymous, services)["pause"] is None


def test_whoever_guesses_is_locked_out_for_minutes_and_the_right_one_does_not_help_then(
    anonymous: TestClient, services: Services, clock: Clock
) -> None:
    right = case_secret(services.secrets, "cc-platform", "2026-1")
    assert [ask(anonymous, "2026-1", "WRONG")[0] for _ in range(6)] == [404] * 5 + [429]
    assert ask(anonymous, "2026-1", right)[0] == 429
    assert ask(anonymous, "2026-2", case_secret(services.secrets, "cc-platform", "2026-2"))[0] == 200
    clock.forward(timedelta(minutes=6))
    assert ask(anonymous, "2026-1", right)[0] == 200


def test_a_program_that_sends_no_form_is_told_so_and_has_not_guessed(anonymous: TestClient, services: Services) -> None:
    said = {"number": "2026-1", "secret": case_secret(services.secrets, "cc-platform", "2026-1")}
    for _ in range(6):
        answer = anonymous.post("/public/progress.json", json=said)
        assert (answer.status_code, answer.json()["error"]) == (415, "not_a_form")
        assert "application/x-www-form-urlencoded" in answer.json()["detail"]
        missing = anonymous.post("/public/progress.json", data={"number": "2026-1"})
        assert missing.status_code == 422
        assert [field["field"] for field in missing.json()["fields"]] == ["secret"]
    assert anonymous.post("/public/progress", json=said).status_code == 415
    assert anonymous.post("/public/progress.json", data=said).status_code == 200
    assert anonymous.post("/public/progress.json", files={"number": (None, "2026-1")}, data=said).status_code == 200


def test_whoever_tries_many_numbers_is_locked_out_altogether(anonymous: TestClient, services: Services) -> None:
    statuses = [ask(anonymous, f"2026-{number}", "WRONG")[0] for number in range(100, 131)]
    assert statuses == [404] * 30 + [429]
    assert ask(anonymous, "2026-1", case_secret(services.secrets, "cc-platform", "2026-1"))[0] == 429


def test_another_site_cannot_make_a_browser_ask(anonymous: TestClient) -> None:
    answer = anonymous.post("/public/progress", data={"number": "1"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
