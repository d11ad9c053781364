"""The exchange standard is a page that anybody may read, in both languages."""

from fastapi.testclient import TestClient

from storage.models import RecordKind
from tests.web.pages.chinese import english_sentences


def test_the_standard_is_public_and_shows_every_kind_of_record(anonymous: TestClient) -> None:
    page = anonymous.get("/standard", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert all(f'id="{kind}"' in page.text for kind in RecordKind)
    assert [record["record"] for record in anonymous.get("/standard.json").json()["records"]] == list(RecordKind)


def test_the_standard_is_whole_in_chinese(anonymous: TestClient) -> None:
    page = anonymous.get("/standard", headers={"Accept-Language": "zh-CN"}).text
    assert english_sentences(page) == []
    assert "法定事由或补正" in page


def test_each_kind_has_its_own_schema(anonymous: TestClient) -> None:
    schema = anonymous.get("/api/v1/exchange-schema/suspension.json").json()
    assert {"case", "reason", "start"} <= set(schema["required"])
    assert anonymous.get("/api/v1/exchange-schema/complaint.json").status_code == 404
