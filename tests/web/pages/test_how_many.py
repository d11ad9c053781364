"""How many people an absence rests on, as its page says it: at least and at most where these are two numbers."""

import pytest

from web.i18n import Language
from web.pages.rendering import environment

MACRO = '{% import "parts/evidence.html" as evidence %}{{ evidence.how_many(span, counted) }}'


@pytest.mark.parametrize(
    ("span", "counted", "english", "chinese"),
    [
        ({"staff_count": 1, "staff_most": 1}, "staff_count", "1 person", "1 人"),
        ({"staff_count": 0, "staff_most": 0}, "staff_count", "0 people", "0 人"),
        ({"staff_count": 1, "staff_most": 2}, "staff_count", "1 to 2 people", "1 至 2 人"),
        ({"staff_count": 1, "staff_most": None}, "staff_count", "1 person or more", "1 人或以上"),
        ({"staff_count": 0, "staff_most": None}, "staff_count", "0 people or more", "0 人或以上"),
        ({"staff_count": 5, "staff_most": None}, "staff_count", "5 people or more", "5 人或以上"),
        ({"staff_count": 1, "staff_most": 2, "customer_count": 4}, "customer_count", "4 people", "4 人"),
    ],
)
def test_a_number_that_is_a_range_is_told_as_one(
    span: dict[str, int | None], counted: str, english: str, chinese: str
) -> None:
    for language, words in ((Language.EN, english), (Language.ZH, chinese)):
        assert environment(language).from_string(MACRO).render(span=span, counted=counted) == words
