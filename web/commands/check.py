"""`hallwatch check`"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from sqlmodel import Session, col, select

from storage.migrate import SchemaError, check_schema
from storage.models import Camera
from storage.objects import StoreError
from web.assets import assets_missing
from web.commands.common import DEFAULT_CONFIG, ConfigOption, err, out, progress_bar
from web.composition import build_services, camera_address, with_credentials
from web.database_check import database_problem
from web.services import Services
from web.settings_file import SettingsError, read_settings

if TYPE_CHECKING:
    from web.camera_check import CameraCheck

_AT_ONCE = 16


@dataclass(frozen=True)
class Finding:
    part: str
    ok: bool
    detail: str = ""


def check(
    config: ConfigOption = DEFAULT_CONFIG,
    cameras: Annotated[bool, typer.Option(help="Open every camera, as the recorder would.")] = True,
) -> None:
    """Check the configuration file, database, store, detector and every camera; exit code 1 if anything fails.

    Example: hallwatch check --config /etc/hallwatch.toml --no-cameras
    """
    try:
        settings = read_settings(config)
    except SettingsError as error:
        err.print(f"{error.file} cannot be used:", style="red", highlight=False, soft_wrap=True)
        for problem in error.problems:
            err.print(f"  • {problem}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    services = build_services(settings)
    try:
        findings = [Finding("configuration", ok=True, detail=str(config)), *_findings(services, cameras)]
    finally:
        services.database.close()
    _show(findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _findings(services: Services, cameras: bool) -> Iterator[Finding]:
    problem = database_problem(services.database)
    yield Finding("database", problem is None, problem or "")
    if problem is None:
        yield _schema(services)
    yield _store(services)
    missing = assets_missing()
    yield Finding("pages", missing is None, missing or "")
    yield _detector(services)
    if cameras:
        yield from _cameras(services, from_database=problem is None)


def _schema(services: Services) -> Finding:
    try:
        check_schema(services.database)
    except SchemaError as error:
        return Finding("schema", ok=False, detail=str(error))
    return Finding("schema", ok=True)


def _store(services: Services) -> Finding:
    try:
        services.store.check()
    except StoreError as error:
        return Finding("store", ok=False, detail=str(error))
    return Finding("store", ok=True, detail=services.settings.store.kind)


def _detector(services: Services) -> Finding:
    from analytics.detectors.choose import choose_detector
    from analytics.people import DetectorUnavailable

    section = services.settings.watcher
    try:
        return Finding("detector", ok=True, detail=choose_detector(section.detector, section.weights).name)
    except DetectorUnavailable as error:
        return Finding("detector", ok=False, detail=str(error))


def _cameras(services: Services, from_database: bool) -> Iterator[Finding]:
    from web.camera_check import check_camera

    addresses: dict[str, tuple[str, str]] = {
        camera.id: (with_credentials(camera.url, camera.credentials()), camera.transport)
        for camera in services.settings.camera
        if camera.enabled
    }
    if from_database:
        addresses |= _stored(services)
    with ThreadPoolExecutor(_AT_ONCE) as pool, progress_bar("Opening cameras") as bar:
        checks = {pool.submit(check_camera, *address): camera_id for camera_id, address in addresses.items()}
        bar.update(0, len(checks))
        for done, _ in enumerate(as_completed(checks), start=1):
            bar.update(done, len(checks))
    for check_done, camera_id in checks.items():
        result = check_done.result()
        yield Finding(f"camera {camera_id}", result.ok, _describe(result))


def _stored(services: Services) -> dict[str, tuple[str, str]]:
    """Cameras that were made by page or changed there; empty while there are no tables."""
    try:
        check_schema(services.database)
    except SchemaError:
        return {}
    declared = {camera.id for camera in services.settings.camera}
    with services.database.transaction() as session:
        return {
            camera.id: (camera_address(services, camera).url, camera.transport)
            for camera in _enabled(session)
            if camera.id not in declared
        }


def _enabled(session: Session) -> list[Camera]:
    return list(session.exec(select(Camera).where(col(Camera.enabled).is_(True)).order_by(col(Camera.id))))


def _describe(result: "CameraCheck") -> str:
    if not result.ok:
        return result.error
    return f"{result.codec} {result.width}×{result.height} after {result.seconds:.1f} s"


def _show(findings: list[Finding]) -> None:
    table = Table(box=None, show_header=False)
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else "[red]failed[/]"
        table.add_row(mark, finding.part, finding.detail)
    out.print(table, soft_wrap=True)
