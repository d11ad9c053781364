"""`hallwatch recover`"""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from storage.database import Database
from storage.deletion_pause import resume_deletion
from storage.models import Camera, District, Hall
from web.access_log import log_command
from web.commands.common import DEFAULT_CONFIG, ConfigOption, known_camera, opened, progress_bar, say, who_runs_this
from web.commands.plain_errors import out

_RECOVERED = "recovered"
_SHOWN = 20


def recover(
    camera: Annotated[str, typer.Option(help="Only the footage of this camera.")] = "",
    add_cameras: Annotated[
        bool, typer.Option(help="Make the cameras that the site does not have, switched off, in a hall of their own.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Only say what would become of it.")] = False,
    delete_again: Annotated[
        bool,
        typer.Option(
            "--delete-again", help="Recover nothing: holds and retention rules are set again, and old footage may go."
        ),
    ] = False,
    by: Annotated[str, typer.Option(help="Who says so; else the user of this machine.", show_default=False)] = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Make the index of the footage again from the store alone, after a database was lost. What has its row stays.

    It may be stopped and run again at any time, and while the recorder runs. First declare the site anew (hallwatch
    init with the old configuration file), so that its cameras are there.

    What was held, and how long each hall kept its footage, is lost with the database or as old as its backup, so from
    then on nothing is deleted, however old, also if no row was missing: until an administrator has set that again and
    lets deletion go on, under Deleted footage or with --delete-again.

    Example: hallwatch recover --dry-run
    """
    from ingest.video.recovery import Found, recover

    if delete_again:
        _delete_again(config, by)
        return
    prefix = f"{camera}/" if camera else ""
    with opened(config) as services:
        with progress_bar("Objects") as bar:
            found = recover(
                services.database,
                services.store,
                services.clock(),
                prefix,
                dry_run=dry_run,
                progress=lambda n: bar.update(n, n + 1),
            )
        if found.missing_cameras and add_cameras and not dry_run:
            _add(services.database, found.missing_cameras)
            earlier = found
            found = recover(services.database, services.store, services.clock(), prefix)
            found.count_in(earlier)
        if camera and not any(found.counts.values()):
            with services.database.transaction() as session:
                known_camera(session, camera)
    table = Table("Objects of the store", "")
    for kind, words in (
        (Found.RECOVERED, "would get their row" if dry_run else "got their row"),
        (Found.KNOWN, "had it already"),
        (Found.CORRECTION, "are corrections of time"),
        (Found.DELETED, "are about to be deleted, as the ledger says"),
        (Found.NO_CAMERA, "of cameras that the site does not have"),
        (Found.UNREADABLE, "cannot be read as footage"),
        (Found.CONFLICTING, "have the number of another segment"),
        (Found.STRANGE, "are no footage"),
    ):
        table.add_row(words, str(found.counts[kind]))
    out.print(table)
    if found.strange:
        out.print(f"No footage, such as: {', '.join(found.strange)}", highlight=False, soft_wrap=True)
    if found.held:
        would = "would be" if dry_run else "are"
        say(f"{found.held} segments {would} held as the store holds them; who held them is not known: see Holds.")
    if not dry_run:
        say(
            "Nothing is deleted from now on: holds and retention rules were lost with the database, or are as old as "
            "its backup. Set them again, then let deletion go on under Deleted footage, or: "
            "hallwatch recover --delete-again"
        )
    for key, detail in found.problems[:_SHOWN]:
        out.print(f"{key}: {detail}", highlight=False, soft_wrap=True)
    if len(found.problems) > _SHOWN:
        out.print(f"… and {len(found.problems) - _SHOWN} more.")
    if found.missing_cameras and not add_cameras:
        names = ", ".join(sorted(found.missing_cameras))
        out.print(f"Not declared: {names}. Declare them, or run again with --add-cameras.", highlight=False)
    if found.problems or (found.missing_cameras and not add_cameras):
        raise typer.Exit(1)


def _delete_again(config: Path, by: str) -> None:
    with opened(config) as services, services.database.transaction() as session:
        now, who = services.clock(), by or who_runs_this()
        paused = resume_deletion(session, now, who)
        if paused:
            log_command(session, who, "resume_deletion", "", "", now)
    say("What is due is deleted again." if paused else "Deletion was not paused.")


def _add(database: Database, camera_ids: Collection[str]) -> None:
    """Where nothing is known but footage: a place for it that only administrators see."""
    with database.transaction() as session:
        if session.get(Hall, _RECOVERED) is None:
            session.add(District(id=_RECOVERED, name="恢复的录像", name_en="Recovered footage"))
            session.flush()
            hall = Hall(id=_RECOVERED, district_id=_RECOVERED, name="恢复的录像", name_en="Recovered footage")
            session.add(hall)
            session.flush()
        for camera_id in sorted(camera_ids):
            session.add(Camera(id=camera_id, hall_id=_RECOVERED, name=camera_id, url="", enabled=False))
