"""`hallwatch import-cases`"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ingest.approvals.acceptance import BatchReport, UnknownSource
from ingest.approvals.file_format import UnusableFile
from ingest.approvals.importing import SAMPLES, import_file
from ingest.approvals.known_mappings import mapping_named
from ingest.approvals.mapping import MappingError
from ingest.approvals.reading_apart import ReadingEnded
from ingest.approvals.reports import NameKind, UnknownName
from web.commands.common import DEFAULT_CONFIG, ConfigOption, opened, progress_bar
from web.commands.plain_errors import UserError, out
from web.commands.sample_table import show_samples
from web.local_rows import zone_of_source
from web.roles import spare_the_collector


def import_cases(
    file: Annotated[
        Path, typer.Argument(help="JSON Lines (exchange format), CSV or a workbook.", exists=True, dir_okay=False)
    ],
    source: Annotated[str, typer.Option(help="Id of the approval platform it comes from.")],
    mapping: Annotated[
        str,
        typer.Option(help="How the columns of a table are to be read: a file, or the name of ours."),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every row, show what the first ones become; write nothing.")
    ] = False,
    rows: Annotated[int, typer.Option(min=1, max=1000, help="So many of them with --dry-run.")] = SAMPLES,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    r"""Import cases and steps from a file. Good rows are taken, every bad one is listed; importing again adds nothing.

    Example: hallwatch import-cases receipt.csv --source city \
    --mapping receipt.toml --dry-run
    """
    with opened(config) as services, progress_bar(file.name) as bar:
        spare_the_collector()
        try:
            read_by = mapping_named(mapping) if mapping else None
            report = import_file(
                services.database,
                source,
                file,
                read_by,
                services.clock(),
                bar.update,
                dry_run=dry_run,
                samples=rows,
            )
        except UnknownSource:
            raise UserError(f"There is no source {source!r}; declare it with [[source]] or on the pages.") from None
        except UnusableFile as error:
            raise UserError(f"{file}: {error}") from None
        except ReadingEnded:
            raise UserError(
                f"The process that read {file} has ended early, perhaps for want of memory. Import the file again: "
                "what was read of it is kept."
            ) from None
        except MappingError as error:
            raise UserError(str(error)) from None
        with services.database.transaction() as session:
            zone = zone_of_source(session, source)
    _show(report, dry_run, zone)
    if report.rejected_rows and not report.accepted and not report.duplicates:
        raise typer.Exit(1)


def _show(report: BatchReport, dry_run: bool, zone: str) -> None:
    if report.header_refused:
        out.print("Nothing has been read: the header of the file cannot be used.")
    if report.samples:
        show_samples(report.samples, zone, "line")
    if report.rejected:
        table = Table("line", "field", "problem", "remedy", box=None)
        for rejection in report.rejected:
            cells = (rejection.field, rejection.problem, rejection.remedy)
            table.add_row(str(rejection.line), *map(escape, cells))
        out.print(table)
    _show_unknown(report.unknown_names)
    counts = Table(box=None, show_header=False)
    counts.add_row("rows", str(report.rows))
    counts.add_row("would be taken" if dry_run else "new or corrected", str(report.accepted))
    counts.add_row("said before", str(report.duplicates))
    counts.add_row("refused", str(report.rejected_rows))
    out.print(counts)


def _show_unknown(names: Sequence[UnknownName]) -> None:
    if not names:
        return
    table = Table("kind", "name", "rows", "remedy", box=None)
    for one in names:
        table.add_row(one.kind.value, escape(one.name), str(one.rows), escape(_REMEDY[one.kind]))
    out.print("Nobody knows these names here; their rows are taken all the same, and found again once a name is known:")
    out.print(table)


_REMEDY = {
    NameKind.DEPARTMENT: (
        "declare a department of this id or name with [[department]], or have the platform report an organisation of "
        "this code with the name of a department that is here"
    ),
    NameKind.COUNTER: "write the name to one of the counters, among those of the source",
}
