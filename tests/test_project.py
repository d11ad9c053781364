"""The project's own checks leave nothing out."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_every_script_and_package_of_ours_is_type_checked() -> None:
    checked = set(PROJECT["tool"]["mypy"]["files"])
    scripts = {f"scripts/{file.name}" for file in (ROOT / "scripts").iterdir() if "python" in _first_line(file)}
    packages = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) | {"tests", "bench"}
    assert checked == scripts | packages | {"hatch_build.py"}


def _first_line(file: Path) -> str:
    return file.read_text("utf-8").partition("\n")[0]
