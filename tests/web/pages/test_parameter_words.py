"""Whoever is told that a part of an address or a form is wrong reads what the page calls it, never its name there."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from tests.web.pages.chinese import english_sentences
from tests.web.pages.conftest import SignIn
from web.i18n import Language, say
from web.pages.parameter_words import PARAMETER_WORDS


def parameters(of: Dependant) -> Iterator[str]:
    for parameter in (*of.query_params, *of.body_params):
        kind = parameter.field_info.annotation
        is_model = parameter in of.query_params and isinstance(kind, type) and issubclass(kind, BaseModel)
        yield from kind.model_fields if is_model and kind else (parameter.alias,)
    for dependency in of.dependencies:
        yield from parameters(dependency)


def test_every_parameter_of_a_page_has_words_in_both_languages(app: FastAPI) -> None:
    routes = [found.original_route for found in iter_route_contexts(app.routes)]
    pages = [route for route in routes if isinstance(route, APIRoute) and not route.path.startswith("/api/")]
    names = {name for route in pages if not route.path.endswith(".json") for name in parameters(route.dependant)}
    assert {"day", "unit_kind", "crowd_s"} < names
    assert sorted(names - PARAMETER_WORDS.keys()) == []
    assert [name for name in names if english_sentences(say(Language.ZH, PARAMETER_WORDS[name]))] == []
    assert [name for name in names if say(Language.ZH, PARAMETER_WORDS[name]).isascii()] == []


@pytest.mark.parametrize(("language", "words"), [("en", "<b>Last hours</b>"), ("zh", "<b>最近几小时</b>")])
def test_a_refused_address_names_what_the_page_names(sign_in: SignIn, language: str, words: str) -> None:
    answer = sign_in("supervisor").get("/counters/cc-1?hours=99", headers={"Accept-Language": language})
    assert answer.status_code == 422
    assert words in answer.text
    assert "<b>hours</b>" not in answer.text
