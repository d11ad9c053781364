"""Chinese and English: which one a reader gets, and the words themselves.

The message ids are the English words, so only Chinese has a catalogue. It is read from the `.po` file that people edit:
there is no compiled file that could be stale.
"""

import io
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from starlette.requests import HTTPConnection

from storage.sayings import Saying

LOCALE = Path(__file__).resolve().parent / "locale"
COOKIE = "hallwatch_language"


class Language(StrEnum):
    ZH = "zh"
    EN = "en"

    @property
    def tag(self) -> str:
        """For the `lang` attribute: it also decides which shapes a browser gives to Han characters."""
        return "zh-CN" if self is Language.ZH else "en"


def gettext_marker(message: str) -> str:
    """Marks a message for the catalogue that is translated later, where the reader is known."""
    return message


@lru_cache
def translations(language: Language, domain: str = "messages") -> NullTranslations:
    if language is Language.EN:
        return NullTranslations()
    with (LOCALE / "zh_CN" / "LC_MESSAGES" / f"{domain}.po").open("rb") as text:
        catalogue = read_po(text, locale="zh_CN", abort_invalid=True)
    binary = io.BytesIO()
    write_mo(binary, catalogue)
    binary.seek(0)
    return Translations(binary)


def say(language: Language, text: str) -> str:
    """A message or a saying in the reader's language; a text that is neither stays as it is."""
    translate = translations(language).gettext
    if isinstance(text, Saying):
        return text.said(translate)
    return translate(text) if text else ""


def of_language(language: Language, text: str) -> str:
    """What is said once in each language, a line each, in the reader's; all of it where none of the lines is."""
    own = [line for line in text.splitlines() if _is_chinese(line) == (language is Language.ZH)]
    return "\n".join(own) or text


def _is_chinese(line: str) -> bool:
    """It may name what has a name in another language alone."""
    han = sum("\u4e00" <= letter <= "\u9fff" for letter in line)
    return han > sum(letter.isascii() and letter.isalpha() for letter in line)


def choose_language(*, asked: str = "", user: str = "", cookie: str = "", accept: str = "") -> Language:
    """The first that names a language we have: the address, the account, the cookie, the browser; else Chinese."""
    known = [language.value for language in Language]
    for wish in (asked, user, cookie):
        if wish in known:
            return Language(wish)
    found = negotiate_locale(_accepted(accept), known, sep="-")
    return Language(found) if found else Language.ZH


def language_of_terminal(environment: Mapping[str, str]) -> Language:
    """By the first of the variables of POSIX that says something; English where none names a language that we have."""
    said = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return Language.ZH if said.lower().startswith("zh") else Language.EN


def language_for(connection: HTTPConnection, user: str) -> Language:
    """As `choose_language`, of what a request says; `user` is the language of the account."""
    return choose_language(
        asked=connection.query_params.get("lang", ""),
        user=user,
        cookie=connection.cookies.get(COOKIE, ""),
        accept=connection.headers.get("accept-language", ""),
    )


def _accepted(header: str) -> list[str]:
    """The tags of an Accept-Language header, most wanted first."""
    weighted: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, parameter = part.strip().partition(";")
        if tag and tag != "*":
            weighted.append((_weight(parameter), tag.split("-")[0].lower()))
    return [tag for weight, tag in sorted(weighted, key=lambda pair: -pair[0]) if weight > 0]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
