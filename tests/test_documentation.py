"""Documents lead somewhere."""

import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8"))
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    lost = [target for target in local if not (document.parent / target).exists()]
    assert lost == []


def test_every_document_is_reached_from_another() -> None:
    linked = {
        (document.parent / target).resolve()
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8"))
    }
    orphans = [path for path in DOCUMENTS if path not in linked and path.name != "README.md" and not _in(path, linked)]
    assert orphans == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_row_stands_apart_from_its_table(document: Path) -> None:
    """It would be shown as text with bars."""
    lines = ["", *document.read_text("utf-8").splitlines(), ""]
    firsts = [
        number for number, (before, line) in enumerate(pairwise(lines)) if line.startswith("|") and not before.strip()
    ]
    assert [number for number in firsts if not re.fullmatch(r"\|[-:| ]+\|", lines[number + 2])] == []


def _in(path: Path, folders: set[Path]) -> bool:
    return any(folder in path.parents for folder in folders if folder.is_dir())


@pytest.mark.parametrize("name", ["first-steps.md", "cases-in-time.md"])
def test_the_words_on_screen_that_the_tutorial_quotes_are_there(name: str) -> None:
    with (ROOT / "web/locale/zh_CN/LC_MESSAGES/messages.po").open("rb") as text:
        words = {entry.id for entry in read_po(text)}
    tutorial = (ROOT / "docs/tutorial" / name).read_text("utf-8")
    quoted = {" ".join(word.split()) for word in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", tutorial)}
    assert quoted - words == {"italics"}


@pytest.mark.parametrize("script", ["scripts/setup", "scripts/demo", "scripts/test", ".ci/run"])
def test_scripts_are_sound_bash(script: str) -> None:
    done = subprocess.run(["bash", "-n", str(ROOT / script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (ROOT / script).stat().st_mode & 0o100
