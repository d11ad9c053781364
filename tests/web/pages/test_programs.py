"""What programs may ask is described in the reader's language."""

import re

from babel.messages.pofile import read_po
from fastapi import FastAPI

from tests.web.pages.conftest import SignIn
from web.i18n import LOCALE
from web.pages.programs import about

CELL = re.compile(r'<td data-label="作用">(.*?)</td>', re.DOTALL)
TITLE = re.compile(r'<div class="panel-head"><h2>(.*?)</h2>')
HAN = re.compile("[\u4e00-\u9fff]")


def test_every_operation_is_described_in_chinese(sign_in: SignIn) -> None:
    page = sign_in("admin").get("/programs", headers={"Accept-Language": "zh"}).text
    said = [*CELL.findall(page), *TITLE.findall(page)]
    assert len(said) > 80
    assert [text for text in said if not HAN.search(text)] == []


def test_the_catalogue_describes_no_operation_that_is_gone(app: FastAPI) -> None:
    operations = [found for path in app.openapi()["paths"].values() for found in path.values()]
    said = {about(found) for found in operations}
    said |= {tag for found in operations for tag in found.get("tags", ["pages"])}
    with (LOCALE / "zh_CN" / "LC_MESSAGES" / "programs.po").open("rb") as text:
        assert {str(entry.id) for entry in read_po(text) if entry.id} - said == set()


def test_a_body_is_not_required_to_repeat_what_its_address_says(app: FastAPI) -> None:
    described = app.openapi()

    def required(path: str) -> list[str]:
        body = described["paths"][path]["put"]["requestBody"]["content"]["application/json"]["schema"]
        schema = described["components"]["schemas"][body["$ref"].rpartition("/")[2]] if "$ref" in body else body
        return list(schema.get("required", ()))

    assert required("/api/v1/halls/{hall_id}") == ["district", "name"]
    assert required("/api/v1/items/{code}") == ["name"]
    assert required("/api/v1/channels/{name}") == required("/api/v1/sources/{source_id}") == []
    assert required("/api/v1/views/{view_id}") == ["camera", "counter", "staff_zone"]
    assert "id" in described["components"]["schemas"]["HallDeclaration"]["required"], "an answer always has it"
