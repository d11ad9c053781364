"""Cells of tables as a phone shows them: beside the name of their column stands one thing, or several side by side."""

from html.parser import HTMLParser

_VOID = ("br", "img", "input", "wbr")


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []
        self._depth = 0
        """Within a cell that has a name: 1 and more."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        label = dict(attrs).get("data-label")
        if self._depth == 0:
            if tag == "td" and label:
                self.found.append((label, []))
                self._depth = 1
            return
        if self._depth == 1:
            self.found[-1][1].append(tag)
        self._depth += tag not in _VOID

    def handle_endtag(self, tag: str) -> None:
        if self._depth and tag not in _VOID:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth == 1 and data.strip():
            self.found[-1][1].append("words")


def torn_cells(page: str) -> list[str]:
    """Names of the columns in which words stand bare beside an element: on a phone they would be torn apart."""
    cells = _Cells()
    cells.feed(page)
    return [label for label, parts in cells.found if "words" in parts and len(parts) > 1]
