"""Beside a refused row stands the later batch that told of the same record."""

import csv
import io
import json
from datetime import timedelta

from fastapi.testclient import TestClient

from tests.web.conftest import Clock, SignedIn
from tests.web.test_files import CSV, MAPPING, send
from tests.web.test_push import ROW

ITEM = {"record": "item", "code": "JZ-1", "version": "1", "name": "许可", "valid_from": "2026-01-01T00:00:00+08:00"}
WRONG = (
    ROW | {"step": "r-2", "start": "yesterday"},
    ROW | {"step": "r-3", "start": "2031-01-01T09:00:00+08:00"},
    ITEM | {"valid_from": "soon"},
    {name: value for name, value in ROW.items() if name != "step"},
    ROW | {"step": "r-4", "kind": "?"},
)


def sent(client: TestClient, *rows: object, name: str = "steps.jsonl") -> int:
    batch: int = send(client, "\n".join(map(json.dumps, rows)), name).json()["batch_id"]
    return batch


def since(client: TestClient, batch: int) -> list[int | None]:
    """By row."""
    found = client.get(f"/import/{batch}.json").json()["rejected"]
    by_line = {row["line"]: row["came_since"] and row["came_since"]["batch_id"] for row in found}
    return [by_line[line] for line in sorted(by_line)]


def test_each_refused_row_says_with_which_batch_it_came_since(signed_in: SignedIn, clock: Clock) -> None:
    client = signed_in("inspector")
    batch = sent(client, ROW, *WRONG)
    assert since(client, batch) == [None] * 5
    clock.forward(timedelta(hours=1))
    client = signed_in("inspector")
    mended = sent(client, ROW | {"step": "r-2"}, ITEM, name="mended.jsonl")
    again = sent(client, ROW | {"step": "r-3"}, ROW | {"step": "r-2", "operator": "李敏"}, name="again.jsonl")
    assert since(client, batch) == [mended, again, mended, None, None], "the first that told of it"
    page = client.get(f"/import/{batch}", headers={"Accept-Language": "en"}).text
    assert page.count("It came since, ") == 3
    assert f'<a href="/import/{mended}">mended.jsonl</a>' in page
    assert "此后已收到" in client.get(f"/import/{batch}", headers={"Accept-Language": "zh"}).text
    heading, *lines = csv.reader(io.StringIO(client.get(f"/import/{batch}/rejected.csv?lang=en").text))
    assert len(heading) == 7
    by_line = {line[0]: line[5:] for line in lines}
    assert by_line["2"] == [str(mended), "2026-03-02T13:00:00+08:00"]
    assert by_line["5"] == ["", ""]


def test_a_row_of_a_platforms_own_table_is_known_by_the_mapping(signed_in: SignedIn) -> None:
    client = signed_in("inspector")
    batch = send(client, CSV, "export.csv", mapping=MAPPING).json()["batch_id"]
    assert since(client, batch) == [None]
    mended = send(client, CSV.replace("sometime", "2026-03-02 10:00"), "export.csv", mapping=MAPPING).json()["batch_id"]
    assert since(client, batch) == [mended]


def test_what_had_come_before_the_row_was_refused_has_not_come_since(signed_in: SignedIn) -> None:
    client = signed_in("inspector")
    sent(client, ROW)
    batch = sent(client, ROW | {"start": "yesterday"})
    assert since(client, batch) == [None]
