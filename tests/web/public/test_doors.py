"""Whether the public side is open, how often one may knock, and what it never tells."""

from fastapi.testclient import TestClient

from tests.web.conftest import NOON, SignedIn
from tests.web.evaluated import an_evaluation
from web.services import Services

READ = [
    "/public",
    "/public/items",
    "/public/progress",
    "/public/evaluation",
    "/public/halls/cc/board",
    "/public/complaint",
    "/public/complaint/received",
]
FILES = ["/public/evaluation.csv", "/public/evaluation.xlsx"]


def test_everybody_reads_in_both_languages_and_as_json(anonymous: TestClient) -> None:
    for path in READ:
        for language, tag in (("zh", "zh-CN"), ("en", "en")):
            page = anonymous.get(path, headers={"Accept-Language": language})
            assert page.status_code == 200, path
            assert f'<html lang="{tag}"' in page.text
            assert " style=" not in page.text
        assert isinstance(anonymous.get(f"{path}.json").json(), dict)


def test_nobody_is_named(anonymous: TestClient, services: Services) -> None:
    """Neither who applied, nor who works there, nor who published."""
    with services.database.transaction() as session:
        an_evaluation(session, NOON, ("tax", "civil"))
    for path in [*READ, *(f"{path}.json" for path in READ), FILES[0]]:
        text = anonymous.get(path).text
        for name in ("王小明", "何敏", "cc-cam-1", "applicant", "operator"):
            assert name not in text, f"{name} in {path}"


def test_a_signed_in_person_sees_the_same_pages(signed_in: SignedIn) -> None:
    assert signed_in("department").get("/public/items").status_code == 200


def test_whoever_asks_too_often_waits(anonymous: TestClient) -> None:
    statuses = [anonymous.get("/public/progress.json").status_code for _ in range(51)]
    assert statuses == [200] * 50 + [429]
    page = anonymous.get("/public", headers={"Accept-Language": "en"})
    assert page.status_code == 429
    assert 'href="/public"' in page.text


def test_a_large_body_is_refused_before_it_is_read(anonymous: TestClient) -> None:
    answer = anonymous.post("/public/complaint", content=b"x" * 70_000)
    assert answer.status_code == 413


def test_who_errs_on_the_public_pages_stays_there(anonymous: TestClient) -> None:
    answer = anonymous.get("/public/items/nope?lang=en", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "no longer published" in answer.text
    assert 'class="public-head"' in answer.text
    assert "administrator" not in answer.text
