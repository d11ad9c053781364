"""A font with Chinese for PDF: none comes along, so one of the machine's is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fontTools.ttLib import TTCollection, TTFont, TTLibError

USUAL: Sequence[Path] = tuple(
    map(
        Path,
        (
            "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",  # Debian, Ubuntu: fonts-noto-cjk
            "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",  # Fedora
            "/usr/share/fonts/google-noto-sans-cjk-vf-fonts/NotoSansCJK-VF.ttc",
            "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",  # Arch
            "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",  # Debian, Ubuntu: fonts-wqy-microhei
        ),
    )
)
_CHINESE = "SC"
_SAMPLE = "绩效评估"


class NoFont(Exception):
    """No font with Chinese was found for the PDF: install fonts-noto-cjk, or name a file in evaluation.font."""


@dataclass(frozen=True)
class FontFile:
    path: Path
    face: int = 0
    """In a collection, the one with the shapes of mainland China."""


def chinese_font(named: Path | None, usual: Sequence[Path] = USUAL) -> FontFile:
    """The named file, else the first of the usual ones. Raises NoFont, which says what to do."""
    if named is not None:
        return _readable(named)
    for path in usual:
        if path.is_file():
            return _readable(path)
    raise NoFont(NoFont.__doc__)


def _readable(path: Path) -> FontFile:
    try:
        with path.open("rb") as file:
            face, letters = (
                _collected(file) if path.suffix.lower() in (".ttc", ".otc") else (0, _letters(TTFont(file, lazy=True)))
            )
    except (OSError, TTLibError) as error:
        raise NoFont(f"evaluation.font: {path} is no font that can be read ({error}); name another file") from None
    if not letters.issuperset(map(ord, _SAMPLE)):
        raise NoFont(f"evaluation.font: {path} has no Chinese characters; name another file")
    return FontFile(path, face)


def _collected(file: BinaryIO) -> tuple[int, set[int]]:
    faces = TTCollection(file, lazy=True).fonts
    names = [str(face["name"].getDebugName(1)) for face in faces]
    number = next((n for n, name in enumerate(names) if _CHINESE in name.split()), 0)
    return number, _letters(faces[number])


def _letters(font: TTFont) -> set[int]:
    return set(font.getBestCmap())
