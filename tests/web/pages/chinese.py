"""What a Chinese reader sees of a page."""

import re
from html.parser import HTMLParser

_UNREAD = ("script", "style", "code", "kbd", "textarea", "option", "pre", "title")
_SENTENCE = re.compile(r"(?:[A-Za-z’']{2,} ){2,}[A-Za-z’']{2,}")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        self._unread += tag in _UNREAD

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in _UNREAD

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.found.append(data.strip())


def english_sentences(page: str) -> list[str]:
    """Three English words in a row are a sentence; ids, names and examples are not."""
    text = _Text()
    text.feed(page)
    return [found for piece in text.found for found in _SENTENCE.findall(piece)]


def problems(page: str) -> list[str]:
    """What is said beside fields and above forms."""
    return re.findall(r'class="(?:problem|notice bad)"[^>]*>([^<]+)<', page)
