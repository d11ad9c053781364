"""Platforms push their steps: each step arrives once, and every refusal says why."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, func, select

from storage.models import Source, Step
from tests.web.conftest import PUSH_KEY
from web.body_limits import PUSH
from web.places import key_hash
from web.services import Services

ADDRESS = "/api/v1/sources/cc-platform/batches"
BEARER = {"Authorization": f"Bearer {PUSH_KEY}"}
ROW = {
    "case": "2026-0300",
    "step": "r-1",
    "kind": "receive",
    "name": "收件",
    "operator": "李",
    "counter": "1",
    "start": "2026-03-02T11:00:00+08:00",
    "end": "2026-03-02T11:04:00+08:00",
}


def push(client: TestClient, sequence: int, *rows: object) -> Any:
    return client.post(ADDRESS, json={"sequence": sequence, "rows": rows}, headers=BEARER)


def steps(services: Services) -> int:
    with services.database.transaction() as session:
        return session.exec(select(func.count(col(Step.id))).where(Step.reference == "r-1")).one()


def push_text(client: TestClient, body: str) -> Any:
    return client.post(ADDRESS, content=body.encode(), headers=BEARER)


def test_a_row_that_says_a_field_twice_is_refused_and_the_others_are_taken(
    anonymous: TestClient, services: Services
) -> None:
    twice = json.dumps(ROW).replace("{", '{"ca\\u0073e": "2026-0301", ', 1)
    answer = push_text(anonymous, f'{{"sequence": 1, "rows": [{twice}, 3, {json.dumps(ROW)}]}}')
    assert answer.status_code == 200
    refused = [(row["line"], row["field"], row["problem"]) for row in answer.json()["rejected"]]
    assert refused == [(1, "case", "stands twice in the object"), (2, "", "is not an object")]
    assert steps(services) == 1


def test_a_body_that_says_a_field_twice_is_refused_as_a_whole(anonymous: TestClient, services: Services) -> None:
    answer = push_text(anonymous, f'{{"sequence": 1, "rows": [], "rows": [{json.dumps(ROW)}]}}')
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (422, "rows")
    assert steps(services) == 0


def test_what_only_looks_like_a_field_twice_is_taken(anonymous: TestClient, services: Services) -> None:
    assert push(anonymous, 1, ROW | {"name": 'he said "case": and "case" : too'}).json()["accepted"] == 1
    assert steps(services) == 1


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong-key-wrong-key", f"Basic {PUSH_KEY}"])
def test_a_wrong_key_is_refused(anonymous: TestClient, header: str) -> None:
    answer = anonymous.post(ADDRESS, json={"sequence": 1, "rows": []}, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_wrong_key_is_told_from_a_missing_one_and_from_nothing_else(anonymous: TestClient) -> None:
    def refused(path: str, **headers: str) -> str:
        return str(anonymous.post(path, json={}, headers=headers).json()["error"])

    assert refused(ADDRESS) == "key_needed"
    assert refused(ADDRESS, Authorization="Bearer x") == "wrong_key"
    assert refused("/api/v1/sources/none/batches", Authorization="Bearer x") == "wrong_key"


def test_an_unknown_source_looks_like_a_wrong_key(anonymous: TestClient) -> None:
    answer = anonymous.post("/api/v1/sources/none/batches", json={}, headers={"Authorization": "Bearer x"})
    assert answer.status_code == 401


def test_the_key_of_another_source_is_told_so(anonymous: TestClient) -> None:
    answer = anonymous.post("/api/v1/sources/nh-platform/batches", json={}, headers=BEARER)
    assert answer.status_code == 404


def test_a_source_without_a_key_cannot_push(anonymous: TestClient, services: Services) -> None:
    with services.database.transaction() as session:
        session.get_one(Source, "cc-platform").key_hash = ""
    for key in ("", PUSH_KEY):
        answer = anonymous.post(ADDRESS, json={}, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401


def test_the_same_push_twice_arrives_once(anonymous: TestClient, services: Services) -> None:
    first, second = push(anonymous, 17, ROW), push(anonymous, 17, ROW)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert first.json()["accepted"] == 1
    assert steps(services) == 1


def test_another_body_under_the_same_number_is_a_conflict(anonymous: TestClient, services: Services) -> None:
    push(anonymous, 17, ROW)
    answer = push(anonymous, 17, ROW | {"operator": "王"})
    assert answer.status_code == 409
    assert steps(services) == 1


def test_a_bad_row_is_reported_and_the_good_one_taken(anonymous: TestClient, services: Services) -> None:
    report = push(anonymous, 1, ROW | {"start": "yesterday"}, ROW).json()
    assert (report["accepted"], report["rejected_rows"]) == (1, 1)
    [rejection] = report["rejected"]
    assert (rejection["line"], rejection["field"]) == (1, "start")
    assert rejection["remedy"]
    assert steps(services) == 1


@pytest.mark.parametrize(
    "body",
    ["{", "[]", '{"rows": []}', '{"sequence": "1", "rows": []}', '{"sequence": -1, "rows": []}', '{"sequence": 1}'],
)
def test_a_body_that_is_no_push_is_told_what_it_should_be(anonymous: TestClient, body: str) -> None:
    answer = anonymous.post(ADDRESS, content=body, headers=BEARER)
    assert answer.status_code == 422
    assert "sequence" in answer.json()["detail"]
    assert answer.json()["fields"]


def test_a_body_that_is_too_large_is_cut_short(anonymous: TestClient) -> None:
    answer = anonymous.post(ADDRESS, content=b" " * (PUSH.size + 1), headers=BEARER)
    assert answer.status_code == 413


def test_the_schema_is_public_and_describes_a_row(anonymous: TestClient) -> None:
    import jsonschema

    schema = anonymous.get("/api/v1/exchange-schema.json").json()
    jsonschema.validate(ROW, schema)


def test_the_key_is_kept_only_as_its_hash(services: Services) -> None:
    with services.database.transaction() as session:
        stored = session.get_one(Source, "cc-platform")
    assert stored.key_hash == key_hash(PUSH_KEY)
    assert PUSH_KEY not in json.dumps(stored.model_dump())


def test_a_sequence_may_be_a_time_in_milliseconds(anonymous: TestClient) -> None:
    assert push(anonymous, 1_790_000_000_000, ROW).json()["accepted"] == 1
