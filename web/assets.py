"""The built files of the front end: their hashed names for templates, and how they are served."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).resolve().parent / "static"
HOW_TO_BUILD = "run `python hatch_build.py` in the checkout (or scripts/setup), or install the wheel"
A_YEAR_S = 365 * 24 * 3600


class UnknownAssetError(LookupError):
    """A template names a file that the front end's build does not make."""


def asset(name: str) -> str:
    """The address of a built file, e.g. `main.js` → `/static/main-2F6XQ3.js`. Raises UnknownAssetError."""
    try:
        return f"/static/{_names(STATIC, _stamp(STATIC))[name]}"
    except KeyError:
        raise UnknownAssetError(name) from None


def assets_missing(static: Path = STATIC) -> str | None:
    """What is wrong with the built files and what to run, or None."""
    if not (static / "manifest.json").exists():
        return f"The pages' scripts and styles are not built: {HOW_TO_BUILD}."
    lost = [name for name in _names(static, _stamp(static)).values() if not (static / name).exists()]
    return f"Built files are missing in {static}: {', '.join(lost)}: {HOW_TO_BUILD}." if lost else None


class HashedFiles(StaticFiles):
    """Serves `web/static`; names carry a hash of the content, so browsers may keep them for ever."""

    def __init__(self, directory: Path = STATIC) -> None:
        super().__init__(directory=directory)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        immutable = response.status_code in (200, 304) and "-" in Path(path).name
        response.headers["Cache-Control"] = f"public, max-age={A_YEAR_S}, immutable" if immutable else "no-cache"
        return response


def _stamp(static: Path) -> int:
    """Changes with every build, so that a rebuilt front end needs no restart."""
    try:
        return (static / "manifest.json").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@lru_cache(maxsize=4)
def _names(static: Path, stamp: int) -> Mapping[str, str]:
    if not stamp:
        return {}
    files: dict[str, str] = json.loads((static / "manifest.json").read_text())["files"]
    return files
