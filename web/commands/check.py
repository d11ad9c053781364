"""`hallwatch check`"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text
from sqlmodel import select

from ingest.approvals.row import Row, RowError
from storage.database import Database
from storage.migrate import SchemaError, check_schema
from storage.models import Camera, Counter, Hall, StoreVerdict, View
from storage.secrets import SecretBox
from storage.self_test import examine_store
from web.assets import assets_missing
from web.cameras_in_force import CameraInForce, in_force, of_file
from web.channels import load_channels
from web.commands.common import DEFAULT_CONFIG, ConfigOption, progress_bar
from web.commands.plain_errors import err, out
from web.composition import build_store
from web.database_check import database_problem
from web.notify_apprise import address_problem
from web.pulling import view_of
from web.settings import PullSettings, Settings
from web.settings_file import Examination, SettingsError, examine

if TYPE_CHECKING:
    from web.camera_check import CameraCheck, StreamCheck

_VERDICTS = {
    StoreVerdict.LOCK_HELD: "a locked object withstood its deletion",
    StoreVerdict.LOCK_BROKEN: "a locked object could be deleted: holds bind Hallwatch alone → see docs/how-to/s3.md",
    StoreVerdict.NO_LOCK: "written, read back and compared; it cannot lock objects, so that holds bind Hallwatch alone",
}
_AT_ONCE = 16
_PART_WIDTH = 20


@dataclass(frozen=True)
class Finding:
    part: str
    ok: bool
    detail: str = ""
    to_add: bool = False
    """In order, but something has to be declared before it is of use."""
    tried: bool = True
    """False: its section is wrong, so that nothing could be tried."""


def check(
    config: ConfigOption = DEFAULT_CONFIG,
    cameras: Annotated[bool, typer.Option(help="Open both streams of every camera, as the recorder would.")] = True,
) -> None:
    """Check configuration, database, store, channels, detector, cameras and pulls; exit code 1 if anything is wrong.

    Example: hallwatch check --config /etc/hallwatch.toml --no-cameras
    """
    wrong = to_add = 0
    for finding in _findings(config, cameras):
        _show(finding)
        wrong += not finding.ok
        to_add += finding.to_add
    if wrong:
        out.print(f"{wrong} to mend.", style="red", highlight=False)
        raise typer.Exit(1)
    if to_add:
        out.print("In order so far; no counter is watched before you add what is missing.", style="yellow")
    else:
        out.print("All in order.", style="green")


def _show(finding: Finding) -> None:
    line = f" {finding.part:<{_PART_WIDTH}} {finding.detail}".rstrip()
    out.print(Text.assemble(_mark(finding), line), soft_wrap=True)


def _mark(finding: Finding) -> tuple[str, str]:
    if not finding.tried:
        return "–     ", "yellow"
    if finding.to_add:
        return "to add", "yellow"
    return ("ok    ", "green") if finding.ok else ("failed", "red")


def _not_tried(part: str, section: str) -> Finding:
    return Finding(part, ok=True, detail=f"not tried: mend {section} first", tried=False)


def _findings(config: Path, cameras: bool) -> Iterator[Finding]:
    """Each as soon as it is known. What is wrong in one part keeps no other from being looked at."""
    try:
        examined = examine(config)
    except SettingsError as error:
        yield from (Finding("configuration", ok=False, detail=f"{config}: {problem}") for problem in error.problems)
        return
    yield from (Finding("configuration", ok=False, detail=str(problem)) for problem in examined.problems)
    if not examined.problems:
        yield Finding("configuration", ok=True, detail=str(config))
    missing = assets_missing()
    yield Finding("pages", missing is None, missing or "")
    yield from _detector(examined)
    yield from _report_font(examined.settings)
    for channel in examined.settings.notify:
        yield _channel(channel.name, channel.url.get_secret_value(), f"notify[{channel.name}].url")
    yield from _where_data_is(examined, cameras)
    yield from _pulls(examined)


def _pulls(examined: Examination) -> Iterator[Finding]:
    """One row of each view is asked for, and nothing written."""
    if "pull" in examined.wrong:
        yield _not_tried("pull", "pull")
        return
    for declared in examined.settings.pull:
        with err.status(f"Asking the database of {declared.source}…"):
            yield _pull(declared)


def _pull(declared: PullSettings) -> Finding:
    from ingest.approvals.mapping import MappingError
    from ingest.approvals.pull import PullFailed, ViewReader

    part = f"pull {declared.source}"
    try:
        with closing(ViewReader(view_of(declared))) as reader:
            found = reader.look()
    except (MappingError, PullFailed) as error:
        return Finding(part, ok=False, detail=f"pull[{declared.source}] {declared.view}: {error}")
    columns = ", ".join(found.columns)
    return Finding(part, ok=True, detail=f"{declared.view} has {columns}; {_first_row(found.row)}")


def _first_row(row: Row | RowError | None) -> str:
    if row is None:
        return "it has no row yet"
    if isinstance(row, RowError):
        problem = row.problems[0]
        return f"its first row would be refused: {problem.field} {problem.problem}; see hallwatch pull --dry-run"
    return f"its first row would be a {row.kind_of_record.value}"


def _report_font(settings: Settings) -> Iterator[Finding]:
    """Only where one is named, or reports are made by the clock."""
    from web.reports.fonts import NoFont, chinese_font

    if settings.evaluation.font is None and not settings.evaluation.publish_day:
        return
    try:
        yield Finding("font of reports", ok=True, detail=str(chinese_font(settings.evaluation.font).path))
    except NoFont as problem:
        yield Finding("font of reports", ok=False, detail=str(problem))


def _where_data_is(examined: Examination, cameras: bool) -> Iterator[Finding]:
    settings, wrong = examined.settings, examined.wrong
    if "data_dir" in wrong:
        yield _not_tried("data folder", "data_dir")
    folder = None if "data_dir" in wrong else _data_folder(settings.data_dir)
    if folder:
        yield folder
    has_folder = folder is not None and folder.ok
    if "store" in wrong:
        yield _not_tried("store", "store")
    elif has_folder or settings.store.kind == "s3" or settings.store.path:
        yield _store(settings)
    if "database" in wrong:
        yield _not_tried("database", "database")
    if "database" not in wrong and (has_folder or settings.database.url.get_secret_value()):
        with closing(Database(settings.database_url)) as database:
            answers = _database(database)
            yield from answers
            ready = all(answer.ok for answer in answers)
            if ready:
                yield from _channels_by_page(database, settings)
                yield _places(database, examined.named)
            if cameras:
                yield from _cameras(_known_cameras(database, settings) if ready else of_file(settings))
    elif cameras:
        yield from _cameras(of_file(settings))


def _data_folder(folder: Path) -> Finding:
    problem = ""
    if not folder.exists():
        problem = f"data_dir: {folder} is not there yet; run `hallwatch init`"
    elif not folder.is_dir():
        problem = f"data_dir: {folder} is a file; name a folder"
    elif not os.access(folder, os.W_OK | os.X_OK):
        problem = f"data_dir: {folder} cannot be written to; mend its permissions"
    return Finding("data folder", not problem, problem or str(folder))


def _store(settings: Settings) -> Finding:
    with err.status("Writing to the store…"):
        found = examine_store(build_store(settings))
    return Finding("store", found.ok, found.detail or f"{settings.store.kind}; {_VERDICTS[found.verdict]}")


def _database(database: Database) -> list[Finding]:
    with err.status("Asking the database…"):
        problem = database_problem(database)
    if problem:
        return [Finding("database", ok=False, detail=problem)]
    answers = Finding("database", ok=True, detail=database.engine.dialect.name)
    try:
        check_schema(database)
    except SchemaError as error:
        return [answers, Finding("tables", ok=False, detail=str(error))]
    return [answers, Finding("tables", ok=True)]


def _detector(examined: Examination) -> Iterator[Finding]:
    from analytics.detectors.choose import ready_detector
    from analytics.people import DetectorUnavailable

    if "watcher" in examined.wrong:
        yield _not_tried("detector", "watcher")
        return
    section = examined.settings.watcher
    try:
        with err.status("Loading and testing the detector…"):
            name = ready_detector(section.detector, section.weights, section.threshold).name
    except DetectorUnavailable as error:
        yield Finding("detector", ok=False, detail=str(error))
    else:
        yield Finding("detector", ok=True, detail=name)


def _places(database: Database, named: frozenset[str]) -> Finding:
    """By the file, also where an entry is wrong or not taken over yet, or by page."""
    with database.transaction() as session:
        there = {
            "hall": "hall" in named or session.exec(select(Hall.id)).first(),
            "counter": "counter" in named or session.exec(select(Counter.id)).first(),
            "camera": "camera" in named or session.exec(select(Camera.id)).first(),
            "view": "view" in named or session.exec(select(View.id)).first(),
        }
    missing = ", ".join(f"no {kind}" for kind, found in there.items() if not found)
    if not missing:
        return Finding("places", ok=True)
    remedy = "add them, in this order, to the configuration file or on the pages under Administration"
    return Finding("places", ok=True, detail=f"{missing} is declared yet → {remedy}", to_add=True)


def _channels_by_page(database: Database, settings: Settings) -> Iterator[Finding]:
    declared = {channel.name for channel in settings.notify}
    with database.transaction() as session:
        stored = load_channels(session, SecretBox(settings.secret_key_file))
    for channel in stored:
        if channel.name not in declared:
            yield _channel(channel.name, channel.url, "its address")


def _channel(name: str, url: str, where: str) -> Finding:
    problem = address_problem(url, where)
    understood = "its address is understood; nothing was sent"
    return Finding(f"channel {name}", ok=problem is None, detail=problem or understood)


def _known_cameras(database: Database, settings: Settings) -> list[CameraInForce]:
    with database.transaction() as session:
        return in_force(session, settings, SecretBox(settings.secret_key_file))


def _cameras(cameras: Sequence[CameraInForce]) -> Iterator[Finding]:
    from web.camera_check import check_camera

    able = [camera for camera in cameras if not camera.problem]
    yield from (Finding(f"camera {camera.id}", ok=False, detail=camera.problem) for camera in cameras if camera.problem)
    with ThreadPoolExecutor(_AT_ONCE) as pool, progress_bar("Opening cameras") as bar:
        checks = [
            pool.submit(check_camera, camera.url, camera.sub_url, camera.transport, camera.audio) for camera in able
        ]
        bar.update(0, len(checks))
        for done, _ in enumerate(as_completed(checks), start=1):
            bar.update(done, len(checks))
    for camera, opened in zip(able, checks, strict=True):
        yield from _streams(camera, opened.result())


def _streams(camera: CameraInForce, checked: "CameraCheck") -> Iterator[Finding]:
    whose = " (changed by page, not as the file says)" if camera.by_page else ""
    for name, stream in (("main stream", checked.main), ("sub-stream", checked.sub)):
        if stream:
            yield Finding(f"camera {camera.id}", stream.ok, f"{name}{whose}: {_describe(stream)}")


def _describe(stream: "StreamCheck") -> str:
    if stream.ok:
        sound = stream.audio or stream.audio_problem
        return f"{stream.codec} {stream.width}×{stream.height} after {stream.seconds:.1f} s" + (sound and f"; {sound}")
    from web.pages.camera_errors import meaning

    return f"{meaning(stream.error)} ({stream.error})".strip()
