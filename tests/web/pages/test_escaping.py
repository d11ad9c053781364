"""What people type is text on every page, never HTML and never a format."""

import re
from pathlib import Path

import pytest

from tests.web.pages.conftest import SignIn
from web.pages.rendering import TEMPLATES

TYPED = "100% %(b)s <b>x</b> %2F"
ESCAPED = "100% %(b)s &lt;b&gt;x&lt;/b&gt; %2F"
FORMS = {
    "districts": {"id": "odd"},
    "departments": {"id": "odd"},
    "halls": {"id": "odd", "district": "nanhai", "timezone": "Asia/Shanghai"},
    "counters": {"id": "odd", "hall": "cc", "number": "77"},
    "cameras": {"id": "odd", "hall": "cc", "url": "rtsp://192.0.2.9/a%2Fb", "transport": "tcp", "enabled": "true"},
    "items": {"code": "odd"},
    "sources": {"id": "odd", "hall": "cc"},
    "users": {"name": "odd", "role": "inspector", "active": "true", "display_name": TYPED},
}


@pytest.mark.parametrize("section", FORMS)
def test_a_name_with_markup_and_percent_signs_is_shown_as_it_was_typed(sign_in: SignIn, section: str) -> None:
    client = sign_in("admin")
    saved = client.post(f"/admin/{section}", data={"name": TYPED} | FORMS[section])
    assert saved.status_code in (200, 303), saved.text
    page = client.get(f"/admin/{section}?edit=odd")
    assert page.status_code == 200
    assert ESCAPED in page.text
    assert "<b>x</b>" not in page.text


def test_a_choice_among_things_with_odd_names_is_text_too(sign_in: SignIn) -> None:
    client = sign_in("admin")
    client.post("/admin/halls", data={"name": TYPED} | FORMS["halls"])
    for section in ("counters", "cameras", "sources", "rules", "users"):
        page = client.get(f"/admin/{section}?new=true")
        assert page.status_code == 200
        assert ESCAPED in page.text
        assert "<b>x</b>" not in page.text


def test_a_problem_that_repeats_what_was_typed_is_text(sign_in: SignIn) -> None:
    page = sign_in("admin").post("/admin/halls", data=FORMS["halls"] | {"name": "x", "hours": TYPED})
    assert page.status_code == 422
    assert ESCAPED in page.text
    assert "<b>x</b>" not in page.text


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_only_literals_are_messages_of_a_template(path: Path) -> None:
    """`_(value)` would take the value for safe HTML; chosen messages go through the filter `words`."""
    assert re.findall(r"""(?<![\w])(?:_|gettext|ngettext)\(\s*[^\s'"][^)]*\)""", path.read_text()) == []
