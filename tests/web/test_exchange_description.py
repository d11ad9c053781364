"""What a platform's developer who has nothing but the key of a source can read of how to push."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.web.test_push import ADDRESS, BEARER, ROW, push

PUSH = "/api/v1/sources/{source}/batches"
OPERATIONS = {
    "/api/v1/exchange-schema.json": {"get"},
    "/api/v1/exchange-schema/{kind}.json": {"get"},
    PUSH: {"post"},
    "/api/v1/sources/{source}/reconciliation": {"get"},
    "/api/v1/sources/{source}/rejected": {"get"},
}


@pytest.fixture
def described(anonymous: TestClient) -> dict[str, Any]:
    answer = anonymous.get("/api/v1/exchange-openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_who_has_no_account_reads_of_the_exchange_and_of_nothing_else(
    anonymous: TestClient, described: dict[str, Any]
) -> None:
    assert anonymous.get("/api/openapi.json").status_code == 401
    assert {path: set(operations) for path, operations in described["paths"].items()} == OPERATIONS
    schemas = described["components"]["schemas"]
    assert set(schemas) == {name.rpartition("/")[2] for name in references(described)}, "none that nothing names"


def test_it_is_valid_and_names_nothing_that_is_not_in_it(described: dict[str, Any]) -> None:
    assert list(OpenAPIV31SpecValidator(described).iter_errors()) == []
    for reference in references(described):
        there = described
        for name in reference.removeprefix("#/").split("/"):
            there = there[name]


@pytest.mark.parametrize("path", [path for path in OPERATIONS if "{source}" in path])
def test_the_key_of_a_source_is_its_security(described: dict[str, Any], path: str) -> None:
    [operation] = described["paths"][path].values()
    assert operation["security"] == [{"sourceKey": []}]
    scheme = described["components"]["securitySchemes"]["sourceKey"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert "authorization" not in {each["name"].lower() for each in operation["parameters"]}


def test_each_answer_to_a_push_is_as_it_is_described(anonymous: TestClient, described: dict[str, Any]) -> None:
    elsewhere = ADDRESS.replace("cc-platform", "nh-platform")
    refused = ROW | {"kind": "no such kind"}
    answers = [
        push(anonymous, 1, ROW, refused),
        push(anonymous, 1, refused),
        anonymous.post(ADDRESS, json={}),
        anonymous.post(elsewhere, json={}, headers=BEARER),
        anonymous.post(ADDRESS, content=b"{}", headers=BEARER),
        anonymous.post(ADDRESS, content=b" " * (2**24 + 1), headers=BEARER),
    ]
    told = described["paths"][PUSH]["post"]["responses"]
    assert [str(answer.status_code) for answer in answers] == ["200", "409", "401", "404", "422", "413"]
    assert {str(answer.status_code) for answer in answers} == set(told)
    for answer in answers:
        schema = told[str(answer.status_code)]["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json(), schema | {"components": described["components"]})
        [name] = references(schema)
        assert set(answer.json()) == set(described["components"]["schemas"][name.rpartition("/")[2]]["properties"])


def test_the_body_of_a_push_is_described_by_itself(described: dict[str, Any]) -> None:
    schema = described["paths"][PUSH]["post"]["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.validate({"sequence": 1, "rows": [ROW]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"sequence": 1, "rows": [ROW | {"kind": "no such kind"}]}, schema)


def references(described: Any) -> Iterator[str]:
    if isinstance(described, dict):
        if isinstance(described.get("$ref"), str):
            yield described["$ref"]
        described = list(described.values())
    if isinstance(described, list):
        for each in described:
            yield from references(each)
