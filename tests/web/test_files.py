"""A file of cases through the API: who may send one, and what the report says."""

import json
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import col, func, select

from storage.models import AccessEntry, Batch, Source, Step
from tests.web.conftest import SignedIn
from tests.web.test_body_limits import FILE, post, session_of
from tests.web.test_push import ROW
from web.auth import CSRF_HEADER
from web.body_limits import IMPORT
from web.services import Services
from web.uploads import MAX_MAPPING

ADDRESS = "/api/v1/sources/cc-platform/files"
CSV = "办件,环节,时间\nA-1,e-1,2026-03-02 09:00\nA-1,e-2,sometime\n"
MAPPING = """
[fields]
case = "办件"
step = "环节"
start = "时间"
[constants]
kind = "accept"
[time]
format = "%Y-%m-%d %H:%M"
zone = "Asia/Shanghai"
"""


def send(client: TestClient, body: str = json.dumps(ROW), name: str = "steps.jsonl", **more: Any) -> Any:
    mapping = more.pop("mapping", None)
    files = {"file": (name, body)} | ({"mapping": ("our.toml", mapping)} if mapping is not None else {})
    return client.post(more.pop("address", ADDRESS), files=files, data=more)


def count(services: Services, kind: type[Step] | type[Batch]) -> int:
    with services.database.transaction() as session:
        return session.exec(select(func.count(col(kind.id)))).one()


def test_strangers_and_roles_that_import_nothing_are_refused(anonymous: TestClient, signed_in: SignedIn) -> None:
    assert send(anonymous).status_code == 401
    for role in ("supervisor", "investigator", "department"):
        assert send(signed_in(role)).status_code == 403


def test_a_source_out_of_scope_does_not_exist(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add(Source(id="nh-platform", hall_id="nh"))
        session.add(Source(id="city-platform"))
    for source, status in {"nh-platform": 404, "city-platform": 404, "none": 404, "cc-platform": 200}.items():
        answer = send(signed_in("inspector"), address=f"/api/v1/sources/{source}/files")
        assert answer.status_code == status, source
    assert send(signed_in("admin"), address="/api/v1/sources/city-platform/files").status_code == 200


def test_a_file_without_the_token_is_refused_and_changes_nothing(signed_in: SignedIn, services: Services) -> None:
    client = signed_in("inspector")
    del client.headers[CSRF_HEADER]
    assert send(client).status_code == 403
    assert count(services, Batch) == 0


async def test_a_file_of_a_stranger_is_not_read(app: FastAPI, signed_in: SignedIn) -> None:
    sender = await post(app, ADDRESS, 30 * 1024 * 1024, [("Content-Type", FILE)])
    assert (sender.status, sender.read) == (401, 0)
    large = [("Content-Length", str(IMPORT.size + 1)), *session_of(signed_in, "admin")]
    sender = await post(app, ADDRESS, IMPORT.size + 1, [("Content-Type", FILE), *large])
    assert (sender.status, sender.read) == (413, 0)


def test_the_report_says_what_became_of_the_rows_and_the_file_again_adds_nothing(
    signed_in: SignedIn, services: Services
) -> None:
    body = json.dumps(ROW) + "\n" + json.dumps(ROW | {"step": "r-2", "start": "yesterday"})
    before = count(services, Step)
    report = send(signed_in("inspector"), body).json()
    assert (report["rows"], report["accepted"], report["rejected_rows"]) == (2, 1, 1)
    [rejection] = report["rejected"]
    assert (rejection["line"], rejection["field"]) == (2, "start")
    assert send(signed_in("inspector"), body).json()["duplicates"] == 1
    assert count(services, Step) == before + 1


def test_a_trial_run_writes_nothing(signed_in: SignedIn, services: Services) -> None:
    before = count(services, Step)
    report = send(signed_in("inspector"), dry_run="true").json()
    assert (report["batch_id"], report["accepted"]) == (None, 1)
    [sample] = report["samples"]
    assert (sample["line"], sample["record"], sample["becomes"]["case"]) == (1, "step", ROW["case"])
    assert sample["becomes"]["start"].endswith("Z"), "programs find UTC"
    assert (count(services, Step), count(services, Batch)) == (before, 0)


def test_a_trial_run_and_an_import_name_what_nobody_knows_here(signed_in: SignedIn) -> None:
    body = json.dumps(ROW | {"counter": "Z99", "department": "没有的局"})
    wanted = [
        {"kind": "department", "name": "没有的局", "rows": 1},
        {"kind": "counter", "name": "Z99", "rows": 1},
    ]
    for dry_run in ("true", "false"):
        report = send(signed_in("inspector"), body, dry_run=dry_run).json()
        assert sorted(report["unknown_names"], key=str) == sorted(wanted, key=str)
        assert (report["accepted"], report["rejected_rows"]) == (1, 0)


def test_a_platforms_own_csv_is_read_by_the_mapping_that_comes_with_it(signed_in: SignedIn) -> None:
    report = send(signed_in("inspector"), CSV, "export.csv", mapping=MAPPING).json()
    assert (report["accepted"], report["rejected_rows"]) == (1, 1)


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("fields = 1", "fields"),
        (MAPPING.replace('case = "办件"', ""), "case"),
        ("[[", "TOML"),
        ("x" * (MAX_MAPPING + 1), "1 MiB"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(signed_in: SignedIn, mapping: str, said: str) -> None:
    answer = send(signed_in("inspector"), CSV, "export.csv", mapping=mapping)
    assert answer.status_code == 422
    [problem] = answer.json()["fields"]
    assert problem["field"] == "mapping"
    assert said in problem["problem"]


@pytest.mark.parametrize("name", ["../../steps.jsonl", "..\\steps.jsonl", "s" * 300 + ".jsonl", "步" * 300 + ".jsonl"])
def test_a_files_name_leads_nowhere(signed_in: SignedIn, services: Services, name: str) -> None:
    assert send(signed_in("inspector"), name=name).status_code == 200
    with services.database.transaction() as session:
        stored = session.exec(select(Batch.name)).one()
    assert stored.endswith(".jsonl")
    assert not set(stored) & set("/\\")


@pytest.mark.parametrize("name", ["..", "/"])
def test_a_file_needs_a_name(signed_in: SignedIn, name: str) -> None:
    assert send(signed_in("inspector"), name=name).status_code == 422


def test_the_api_describes_how_to_send_a_file(signed_in: SignedIn) -> None:
    described = signed_in("admin").get("/api/openapi.json").json()
    operation = described["paths"]["/api/v1/sources/{source}/files"]["post"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]["$ref"].rpartition("/")[2]
    assert set(described["components"]["schemas"][form]["properties"]) == {"file", "mapping", "dry_run"}


def test_who_imported_a_file_is_in_the_access_log_and_who_only_tried_is_not(
    services: Services, signed_in: SignedIn
) -> None:
    send(signed_in("inspector"), dry_run="true")
    batch = send(signed_in("inspector")).json()["batch_id"]
    with services.database.transaction() as session:
        entries = list(session.exec(select(AccessEntry).where(AccessEntry.action == "import")))
    assert [(entry.subject, entry.user_id) for entry in entries] == [(f"batch:{batch} source:cc-platform", 2)]


@pytest.mark.parametrize(("name", "body"), [("empty.csv", ""), ("cases.xlsx", "PK\x03\x04"), ("film.mp4", "ftyp")])
def test_a_file_that_cannot_be_read_is_a_wrong_field(
    signed_in: SignedIn, services: Services, name: str, body: str
) -> None:
    for dry_run in ("true", "false"):
        answer = send(signed_in("inspector"), body, name, dry_run=dry_run)
        assert answer.status_code == 422
        assert [field["field"] for field in answer.json()["fields"]] == ["file"]
    assert count(services, Batch) == 0
