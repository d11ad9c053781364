"""Both languages are whole: every message is translated, and no template has words that are not messages."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from fastapi.testclient import TestClient

from tests.web.pages.conftest import SignIn
from web.i18n import LOCALE, Language, choose_language, translations
from web.pages.element_words import ELEMENT_WORDS
from web.pages.rendering import TEMPLATES, environment

WEB = TEMPLATES.parent
ROOT = WEB.parent
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "gettext_marker": None,
    "pgettext": ((1, "c"), 2),
    "Saying": None,
    "about": None,
}
NAMES = {"Hallwatch", "MP4", "English", "中文"}
"""Names, and the languages' own words for themselves."""


def messages() -> Iterator[tuple[str, str, str | None]]:
    """Each message, where it stands, and the context that tells it from others of the same words."""
    with (LOCALE / "babel.cfg").open() as settings:
        methods, options = parse_mapping_cfg(settings)  # type: ignore[no-untyped-call]
    for file, line, message, _comments, context in extract_from_dir(ROOT, methods, options, keywords=KEYWORDS):
        yield (message if isinstance(message, str) else message[0]), f"{file}:{line}", context


def _chinese(message: str, context: str | None) -> str:
    chinese = translations(Language.ZH)
    return chinese.pgettext(context, message) if context else chinese.gettext(message)


def test_the_catalogue_has_each_message_once() -> None:
    text = (LOCALE / "zh_CN" / "LC_MESSAGES" / "messages.po").read_text("utf-8")
    found = re.findall(r'^((?:msgctxt .*\n)?msgid "(?!").*)$', text, re.MULTILINE)
    assert [message for message, count in Counter(found).items() if count > 1] == []


def test_every_message_has_chinese_words() -> None:
    chinese = translations(Language.ZH)
    untranslated = {message: where for message, where, context in messages() if _chinese(message, context) == message}
    plurals = {m: w for m, w in untranslated.items() if chinese.ngettext(m, m, 2) == m}
    assert plurals == {}


def test_the_catalogue_has_no_message_that_nobody_says() -> None:
    said = {(context, message) for message, _where, context in messages()}
    with (LOCALE / "zh_CN" / "LC_MESSAGES" / "messages.po").open("rb") as text:
        found = [entry for entry in read_po(text) if entry.id]
    listed = {(entry.context, entry.id if isinstance(entry.id, str) else entry.id[0]) for entry in found}
    assert listed - said == set()


def test_placeholders_are_the_same_in_both_languages() -> None:
    for message, where, context in messages():
        for pattern in (r"%\((\w+)\)s", r"\{(\w+)\}"):
            wanted = set(re.findall(pattern, message))
            assert set(re.findall(pattern, _chinese(message, context))) == wanted, where


_SIGN = "[\u3400-\u9fff“”《》（）]"
_HALF_WIDTH = re.compile(rf"{_SIGN} ?(?:[,;!?(]|:(?!\d))|[,;:!?)] ?{_SIGN}|{_SIGN}\.(?:\s|$)")
_PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
_HOST_AND_PORT = "主机:端口"


def _has_half_width(text: str) -> bool:
    """Whether a bracket or comma of English stands among Chinese words, or by what is put in for a placeholder.

    Of a text in both languages the lines with more English words than Chinese signs are left out.
    """
    lines = _PLACEHOLDER.sub("某", text).replace(_HOST_AND_PORT, "").splitlines()
    chinese = (line for line in lines if len(re.findall(_SIGN, line)) > len(re.findall("[A-Za-z]+", line)))
    return any(_HALF_WIDTH.search(line) for line in chinese)


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from (each for inner in value.values() for each in _strings(inner))
        case list() | tuple():
            yield from (each for inner in value for each in _strings(inner))


def _chinese_texts() -> Iterator[tuple[str, str]]:
    """Every text with Chinese words that comes along, and where it stands: catalogues, rules, formulas, mappings."""
    for file in sorted((LOCALE / "zh_CN" / "LC_MESSAGES").glob("*.po")):
        with file.open("rb") as text:
            yield from (
                (f"{file.name}:{entry.lineno}", each) for entry in read_po(text) for each in _strings(entry.string)
            )
    for package in ("correlation", "ingest"):
        for file in sorted((ROOT / package).rglob("*.toml")):
            yield from ((file.name, each) for each in _strings(tomllib.loads(file.read_text())))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("第四十五条, 第三十二条", True),
        ("第四条 (法定程序)", True),
        ("数据交换标准; 电子监察", True),
        ("%(name)s: 已保存", True),
        ("已保存.", True),
        ("是否保存?", True),
        ("第四条（法定程序）；事项目录", False),
        ("应为 rtsp://主机:端口/路径，例如 A03 = cc-3 或 mon,wed", False),
        ("于 09:00:00 送达；1,204 件（3.5%%）", False),
        ("字母、数字和 . _ -。", False),
        ("The practice of electronic monitoring (电子监察), so far.\n电子监察的通行做法。", False),
    ],
)
def test_what_is_of_english_is_told_from_numbers_addresses_and_english_lines(text: str, *, wrong: bool) -> None:
    assert _has_half_width(text) is wrong


def test_chinese_sentences_have_their_own_brackets_and_commas() -> None:
    assert [(where, text) for where, text in _chinese_texts() if _has_half_width(text)] == []


def test_the_recorder_has_one_chinese_name() -> None:
    """录像程序, as the other programs are 识别程序 and 后台程序."""
    others = re.compile("录像(?:服务|进程|机|器)|录制(?:服务|进程|程序)|录像程序服务")
    assert [(where, text) for where, text in _chinese_texts() if others.search(text)] == []


class _Words(HTMLParser):
    """Collects the text of a template whose Jinja parts have been taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag in ("kbd", "script")
        for name, value in attrs:
            if name in ("title", "placeholder", "aria-label", "alt", "label"):
                self.handle_data(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in ("kbd", "script")

    def handle_data(self, data: str) -> None:
        if self._code == 0:
            self.found += re.findall(r"[A-Za-z\u4e00-\u9fff]{2,}[A-Za-z0-9]*", data)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_a_template_has_no_words_outside_messages(path: Path) -> None:
    without_messages = re.sub(r"{% trans\b.*?{% endtrans %}", "", path.read_text(), flags=re.DOTALL)
    words = _Words()
    words.feed(re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", without_messages, flags=re.DOTALL))
    assert set(words.found) - NAMES == set()


BOTH_LANGUAGES = {"detector_report.html"}
"""Pages that say everything in both languages, one beside the other."""
_BETWEEN_WORDS = re.compile(r"[:;,](?= |$)| \(")


def test_what_stands_between_words_is_said_in_the_language_of_the_page() -> None:
    """A colon, a comma or a bracket of English looks wrong among Chinese words."""
    found = []
    for path in TEMPLATES.rglob("*.html"):
        without_messages = re.sub(r"{% trans\b.*?{% endtrans %}", "", path.read_text(), flags=re.DOTALL)
        without_code = re.sub(r"{#.*?#}|{{.*?}}|{%.*?%}|<script.*?</script>", "", without_messages, flags=re.DOTALL)
        texts = re.findall(r">([^<>]*)<", without_code)
        found += [(path.name, text.strip()) for text in texts if _BETWEEN_WORDS.search(text)]
    assert [(name, text) for name, text in found if name not in BOTH_LANGUAGES] == []


_BLANK_AFTER_A_SENTENCE = re.compile(
    r"""[.:;?!](?:"\) }}|{% endtrans %})(?:{% (?:if|elif|else|endif)[^%]*%})*"""
    r""" +(?:{% (?:if|elif)[^%]*%})*(?:{[{%]|<(?!span aria-hidden))"""
)


def test_after_a_sentence_of_chinese_there_is_no_blank() -> None:
    """`blank` stands there, which is one in English alone."""
    texts = {str(path): path.read_text() for path in TEMPLATES.rglob("*.html") if path.name not in BOTH_LANGUAGES}
    assert [
        (name, found.group()) for name, text in texts.items() if (found := _BLANK_AFTER_A_SENTENCE.search(text))
    ] == []
    assert [
        environment(language).from_string("{{ _('Given up.') }}{{ blank }}|").render() for language in Language
    ] == [
        "已放弃。|",
        "Given up. |",
    ]


@pytest.mark.parametrize(
    ("user", "cookie", "accept", "wanted"),
    [
        ("", "", "", Language.ZH),
        ("", "", "en-GB,en;q=0.8,zh;q=0.2", Language.EN),
        ("", "", "fr, zh-HK;q=0.7, en;q=0.3", Language.ZH),
        ("", "zh", "en", Language.ZH),
        ("en", "zh", "zh", Language.EN),
        ("klingon", "", "en;q=oops, zh;q=0.1", Language.ZH),
    ],
)
def test_the_account_goes_before_the_cookie_and_that_before_the_browser(
    user: str, cookie: str, accept: str, wanted: Language
) -> None:
    assert choose_language(user=user, cookie=cookie, accept=accept) is wanted


def test_every_word_that_an_element_asks_for_is_given() -> None:
    asked: set[str] = set()
    for script in (WEB / "ui").rglob("*.ts"):
        if "node_modules" not in script.parts:
            asked |= set(re.findall(r'word\([\w.#]+, "([\w-]+)"', script.read_text()))
    assert asked - set(ELEMENT_WORDS) == set()


def test_the_sign_in_page_speaks_the_readers_language(anonymous: TestClient) -> None:
    assert "Sign in" in anonymous.get("/sign-in").text
    assert "登录" in anonymous.get("/sign-in", headers={"Accept-Language": "zh-CN"}).text


def test_an_error_page_is_translated_too(sign_in: SignIn) -> None:
    page = sign_in("supervisor").get("/cases/999999", headers={"Accept-Language": "zh"})
    assert page.status_code == 404
    assert "没有找到" in page.text
