"""The project's own checks leave nothing out."""

import re
import subprocess
import tomllib
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


def _first_line(file: Path) -> str:
    return file.read_text("utf-8").partition("\n")[0]
