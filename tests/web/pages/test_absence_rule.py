"""Whoever may see an absence reads the whole rule that held, with its versions, whatever holds now."""

import csv
import io

from fastapi.testclient import TestClient
from sqlmodel import select

from storage.models import AbsenceRule
from tests.web.pages.a_day import NOW, ago
from tests.web.pages.conftest import SignIn
from web.services import Services

PAGE = "/absences/1/rule"


def changed(day: Services) -> None:
    """Version 3 takes the place of version 2, by which absence 1 was found."""
    with day.database.transaction() as session:
        rule = session.exec(select(AbsenceRule).where(AbsenceRule.version == 2)).one()
        rule.valid_to, rule.queue_length, rule.queue_s = ago(10), 4, 90
        session.add(AbsenceRule(hall_id="cc", threshold_s=900, waiting_threshold_s=800, version=3, valid_from=ago(10)))


def test_strangers_and_other_halls_read_no_rule(anonymous: TestClient, sign_in: SignIn) -> None:
    endings = ("", ".json", ".csv", ".xlsx")
    assert [anonymous.get(f"{PAGE}{ending}").status_code for ending in endings] == [303, 401, 303, 303]
    for role in ("supervisor", "department"):
        assert {sign_in(role).get(f"/absences/3/rule{ending}").status_code for ending in endings} == {404}


def test_who_disputes_reads_the_version_that_held_though_another_holds_now(sign_in: SignIn, day: Services) -> None:
    changed(day)
    for role in ("department", "supervisor"):
        client = sign_in(role)
        assert f'href="{PAGE}"' in client.get("/absences/1").text
        page = client.get(f"{PAGE}.json").json()
        assert page["level"] == "hall"
        assert [(each["version"], each["held"]) for each in page["versions"]] == [(3, False), (2, True)]
        held = {setting["name"]: setting["value"] for setting in page["versions"][1]["settings"]}
        assert (held["threshold_s"], held["waiting_threshold_s"], held["required_staff"]) == (240, 60, 1)
        assert (held["queue_length"], held["queue_s"], held["crowd_size"]) == (4, 90, None)
        assert page["versions"][0]["valid_to"] is None
        shown = client.get(PAGE).text
        assert "Seconds that a queue lasts: <strong>90</strong>" in shown
        assert shown.count("held for this") == 1


def test_without_a_rule_the_built_in_one_is_told_whole(sign_in: SignIn) -> None:
    [version] = sign_in("admin").get("/absences/3/rule.json").json()["versions"]
    assert (version["version"], version["held"], version["valid_from"]) == (0, True, None)
    told = {setting["name"]: setting["value"] for setting in version["settings"]}
    assert (told["threshold_s"], told["waiting_threshold_s"], told["required_staff"]) == (300, 60, 1)


def test_rules_of_other_places_are_not_among_its_versions(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        for hall, counter in ((None, "cc-1"), ("nh", None), (None, None)):
            session.add(AbsenceRule(hall_id=hall, counter_id=counter, threshold_s=77, valid_from=NOW))
    [version] = sign_in("supervisor").get(f"{PAGE}.json").json()["versions"]
    assert version["version"] == 2


def test_its_versions_are_taken_along(sign_in: SignIn, day: Services) -> None:
    changed(day)
    rows = list(csv.DictReader(io.StringIO(sign_in("department").get(f"{PAGE}.csv").text.removeprefix("\ufeff"))))
    assert [(row["version"], row["held"], row["threshold_s"], row["queue_s"]) for row in rows] == [
        ("3", "false", "900", ""),
        ("2", "true", "240", "90"),
    ]
