import re

import hatch_build
from analytics.looking import BEHIND_SOMEBODY, MASKED, PERHAPS_SOMEBODY
from web.i18n import Language
from web.pages.element_words import ELEMENT_WORDS, element_words

SOURCES = hatch_build.ROOT / "web" / "ui"
_ASKED = re.compile(r"\bword\(\s*[\w.#]+,\s*([^)]*?)[,)]")
_KEY = re.compile(r'"([a-z_-]+)"')
_STATES = ("connecting", "stalled", "offline", "unsupported", "denied", "paused")
_COMPOSED = {
    *(f"live-{state}" for state in _STATES),
    "live-off",
    "live-sub_lost",
    "clip-missing",
    "clip-undecodable",
    *(f"preview-{of}" for of in ("staff", "customer", "outside", "weak", "failed", "unavailable", "crossed")),
}


def asked_words() -> set[str]:
    files = [path for path in SOURCES.rglob("*.ts") if "node_modules" not in path.parts]
    calls = [call for path in files for call in _ASKED.findall(path.read_text())]
    return {key for call in calls for key in _KEY.findall(call)} | _COMPOSED


def test_every_word_that_an_element_asks_for_is_there_and_no_other() -> None:
    assert asked_words() == set(ELEMENT_WORDS)


def test_why_nothing_is_told_of_a_preview_is_said_in_words() -> None:
    said = element_words(Language.ZH)
    assert said[f"unseen-{MASKED}"] == "隐私遮罩遮住了其工作人员区。"
    assert "请把区域向下画到身体的下缘" in said[f"unseen-{BEHIND_SOMEBODY}"]
    assert "请把它画到区域之外" in said[f"unseen-{PERHAPS_SOMEBODY}"]
