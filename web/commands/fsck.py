"""`hallwatch fsck`"""

from collections import Counter
from enum import StrEnum
from typing import Annotated

import typer
from sqlmodel import func, select

from storage.models import Segment
from web.commands.common import DEFAULT_CONFIG, ConfigOption, known_camera, opened, progress_bar
from web.commands.plain_errors import out
from web.installation import Services
from web.one_instance import has_run


class DepthName(StrEnum):
    ROWS = "rows"
    SIZES = "sizes"
    HASHES = "hashes"


_WORDS = {
    "no_bytes": "its row has no bytes: neither spool nor store holds it",
    "not_here": "neither this machine's spool nor the store holds it; run fsck on the recorder's machine, too",
    "no_row": "it lies in the store and has no row; `hallwatch recover` makes one",
    "wrong_size": "has another size than its row says",
    "wrong_hash": "has other bytes than its row says",
    "covered": "others have put other bytes over it; the store has kept its own: `hallwatch fsck --uncover`",
    "uncovered": "others had put other bytes over it; its own are on top again",
    "unreadable": "is there and cannot be read",
}
_SHOWN = 50


def fsck(
    depth: Annotated[
        DepthName,
        typer.Option(help="rows: is it there? sizes: and whole? hashes: and byte for byte the same? Reads everything."),
    ] = DepthName.SIZES,
    camera: Annotated[str, typer.Option(help="Only the footage of this camera.")] = "",
    uncover: Annotated[
        bool,
        typer.Option("--uncover", help="Bring back what others have put other bytes over, where the bucket kept it."),
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Compare the index of the footage with what spool and store hold; exit code 1 if they disagree.

    Changes nothing without --uncover.

    Example: hallwatch fsck --depth hashes --camera cc-cam-1
    """
    from ingest.video.checking import Check, Depth, Fault

    with opened(config) as services:
        total = _rows(services, camera)
        check = Check(
            services.database,
            services.store,
            services.footage.spool,
            Depth[depth.name],
            camera,
            is_recorders=has_run(services.settings.run_folder, "recorder"),
            uncovers=uncover,
        )
        counts: Counter[Fault] = Counter()
        with progress_bar("Segments") as bar:
            for found in check.run(lambda done: bar.update(done, max(total, done))):
                counts[found.fault] += 1
                if counts.total() <= _SHOWN:
                    detail = f" ({found.detail})" if found.detail else ""
                    out.print(f"{found.key}: {_WORDS[found.fault.value]}{detail}", highlight=False, soft_wrap=True)
    if counts.total() > _SHOWN:
        out.print(f"… and {counts.total() - _SHOWN} more.")
    out.print(f"{check.rows} segments looked at ({depth.value}): ", end="", highlight=False)
    out.print(", ".join(f"{number} {_WORDS_SHORT[fault.value]}" for fault, number in counts.items()) or "all in order.")
    if counts:
        raise typer.Exit(1)


_WORDS_SHORT = {
    "no_bytes": "without bytes",
    "not_here": "neither here nor in the store",
    "no_row": "without a row",
    "wrong_size": "of another size",
    "wrong_hash": "with other bytes",
    "covered": "below other bytes",
    "uncovered": "brought back from below other bytes",
    "unreadable": "that cannot be read",
}


def _rows(services: Services, camera: str) -> int:
    with services.database.transaction() as session:
        if camera:
            known_camera(session, camera)
        query = select(func.count()).select_from(Segment)
        return session.exec(query.where(Segment.camera_id == camera) if camera else query).one()
