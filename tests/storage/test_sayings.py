"""Sayings are English text that can be said again in another language."""

import pickle
from dataclasses import asdict, dataclass

import orjson

from storage.sayings import Saying, unlabelled

CHINESE = {"has %(count)s characters": "有 %(count)s 个字符", "line %(n)s: %(why)s": "第 %(n)s 行：%(why)s"}


def in_chinese(message: str) -> str:
    return CHINESE.get(message, message)


def test_a_saying_is_finished_english_and_can_be_said_in_chinese() -> None:
    saying = Saying("has %(count)s characters", count=7)
    assert saying == "has 7 characters"
    assert saying.said(in_chinese) == "有 7 个字符"


def test_a_saying_inside_another_is_said_in_the_same_language() -> None:
    outer = Saying("line %(n)s: %(why)s", n=2, why=Saying("has %(count)s characters", count=7))
    assert outer == "line 2: has 7 characters"
    assert outer.said(in_chinese) == "第 2 行：有 7 个字符"


def test_a_value_that_looks_like_a_placeholder_is_only_a_value() -> None:
    assert Saying("has %(count)s characters", count="%(x)s 100%").said(in_chinese) == "有 %(x)s 100% 个字符"


def test_a_saying_comes_back_from_a_json_column() -> None:
    saying = Saying("has %(count)s characters", count=7)
    back = Saying.from_json(orjson.loads(orjson.dumps(saying.as_json())))
    assert (back, back.message, back.values) == (saying, saying.message, saying.values)


def test_a_saying_inside_another_comes_back_from_a_json_column_as_one() -> None:
    saying = Saying("line %(n)s: %(why)s", n=2, why=Saying("has %(count)s characters", count=7))
    back = Saying.from_json(orjson.loads(orjson.dumps(saying.as_json())))
    assert (back, back.said(in_chinese)) == (saying, "第 2 行：有 7 个字符")


@dataclass(frozen=True)
class Holder:
    problem: Saying


def test_a_saying_goes_to_another_process_whole() -> None:
    said = Saying("%(share)s %% of %(what)s", share=50, what=Saying("rows"))
    came = pickle.loads(pickle.dumps(said))  # noqa: S301
    assert (came, came.message, came.values) == (said, said.message, said.values)


def test_json_has_the_english_text() -> None:
    holder = Holder(Saying("has %(count)s characters", count=7))
    assert orjson.dumps(holder) == b'{"problem":"has 7 characters"}'
    assert orjson.dumps(asdict(holder)) == b'{"problem":"has 7 characters"}'


def test_what_a_validator_said_comes_without_pydantics_label() -> None:
    assert unlabelled("Value error, must be host:port") == "must be host:port"
    assert unlabelled("Input should be a valid integer") == "Input should be a valid integer"
