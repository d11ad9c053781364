"""The project's own checks leave nothing out."""

import ast
import re
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = {
    *("ingest", "analytics", "correlation", "web", "storage", "tests", "pyproject.toml"),
    *("docs", "bench", "scripts", "deploy", ".ci", ".gitignore"),
    *("hatch_build.py", "README.md", "CHANGELOG.md", "LICENSE"),
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_every_script_and_package_of_ours_is_type_checked() -> None:
    checked = set(PROJECT["tool"]["mypy"]["files"])
    scripts = {f"scripts/{file.name}" for file in (ROOT / "scripts").iterdir() if "python" in _first_line(file)}
    packages = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) | {"tests", "bench"}
    assert checked == scripts | packages | {"hatch_build.py"}


def test_nothing_lies_beside_the_folders_and_files_that_are_meant_to() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert {line.partition("/")[0].strip('"') for line in listed.stdout.splitlines()} == TOP_LEVEL


def test_the_version_of_every_dependency_is_pinned_for_the_set_up() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [*PROJECT["project"]["dependencies"], *extras["demo"], *extras["onnx"], *extras["test"]]
    names = {re.split(r"[^\w-]", wanted)[0].lower().replace("_", "-") for wanted in asked} - {"hallwatch"}
    lines = (ROOT / "scripts" / "constraints.txt").read_text().splitlines()
    assert names - {line.partition("==")[0] for line in lines} == set()


def test_what_is_told_of_a_field_stands_below_it() -> None:
    """Of two texts one after the other the second is another field's."""
    twice = [
        f"{file.relative_to(ROOT)}:{second.lineno}"
        for package in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
        for file in sorted((ROOT / package).rglob("*.py"))
        for told in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(told, ast.ClassDef)
        for first, second in pairwise(told.body)
        if _is_text(first) and _is_text(second)
    ]
    assert twice == []


def _is_text(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
    return False


def _first_line(file: Path) -> str:
    return file.read_text("utf-8").partition("\n")[0]
