"""Without `[public] enabled = true` there is no public side."""

from fastapi.testclient import TestClient

from tests.web.conftest import SignedIn

DOORS = [
    ("GET", "/public"),
    ("GET", "/public.json"),
    ("GET", "/public/items/1.json"),
    ("GET", "/public/halls/cc/board"),
    ("GET", "/public/evaluation.csv"),
    ("POST", "/public/progress"),
    ("POST", "/public/progress.json"),
    ("POST", "/public/complaint"),
    ("POST", "/public/complaint.json"),
]


def test_there_is_nothing_for_anybody(anonymous: TestClient, signed_in: SignedIn) -> None:
    for method, path in DOORS:
        assert anonymous.request(method, path).status_code == 404, path
        assert signed_in("admin").request(method, path).status_code == 404, path


def test_a_case_shows_no_secret(signed_in: SignedIn) -> None:
    assert signed_in("admin").get("/cases/1.json").json()["secret"] == ""
