"""`hallwatch conform`"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import orjson
import typer
from rich.markup import escape
from rich.table import Table

from ingest.approvals.conformance import Conformance, examine
from ingest.approvals.file_format import UnusableFile
from ingest.approvals.formats import read_rows
from ingest.approvals.importing import rows_of
from ingest.approvals.known_mappings import mapping_named
from ingest.approvals.mapping import Mapping, MappingError
from ingest.approvals.repeated import repeated_in_push
from ingest.approvals.reports import Rejection
from web.commands.common import UserError, out, say

_LARGEST = 512 << 20
_LARGEST_PUSH = 16 << 20
_TIMEOUT_S = 60.0


def conform(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="JSON Lines, CSV, or the body of a push.")],
    mapping: Annotated[
        str, typer.Option(help="How the columns of a CSV file are to be read: a file, or the name of ours.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Write the findings as JSON.")] = False,
) -> None:
    """Check a platform's output against the exchange standard; exit code 1 if anything would be refused or is missing.

    Needs no configuration and no database. Example: hallwatch conform export.jsonl
    """
    with _file(source) as path:
        try:
            found = _examine(path, mapping_named(mapping) if mapping else None)
        except (UnusableFile, MappingError) as error:
            raise UserError(f"{source}: {error}") from None
    if as_json:
        typer.echo(
            orjson.dumps(
                asdict(found) | {"conforms": found.conforms}, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
            )
        )
    else:
        _show(found)
    if not found.conforms:
        raise typer.Exit(1)


@contextmanager
def _file(source: str) -> Iterator[Path]:
    parts = urlsplit(source)
    if parts.scheme not in ("http", "https"):
        yield Path(source)
        return
    with tempfile.TemporaryDirectory(prefix="hallwatch-conform-") as folder:
        path = Path(folder) / (PurePosixPath(parts.path).name or "rows")
        _fetch(source, path)
        yield path


def _fetch(url: str, path: Path) -> None:
    try:
        with (
            path.open("wb") as file,
            httpx.stream("GET", url, timeout=_TIMEOUT_S, follow_redirects=True) as answer,
        ):
            answer.raise_for_status()
            for piece in answer.iter_bytes():
                file.write(piece)
                if file.tell() > _LARGEST:
                    raise UserError(f"{url} sends more than {_LARGEST >> 20} MiB; check a part of it.")
    except httpx.HTTPError as error:
        raise UserError(f"{url} cannot be fetched: {error}") from None


def _examine(path: Path, mapping: Mapping | None) -> Conformance:
    now = datetime.now(UTC)
    pushed = _pushed_rows(path)
    if pushed is not None and mapping is None:
        return examine(read_rows(pushed, repeated_in_push(path.read_bytes(), pushed).of_rows), now)
    with path.open("rb") as file:
        return examine(rows_of(path, file, mapping), now)


def _pushed_rows(path: Path) -> list[object] | None:
    """Of the body of a push; None for anything else."""
    if path.stat().st_size > _LARGEST_PUSH:
        return None
    try:
        body = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return None
    rows = body.get("rows") if isinstance(body, dict) else None
    return rows if isinstance(rows, list) else None


def _show(found: Conformance) -> None:
    _list("These rows would be refused:", found.problems)
    if found.missing:
        table = Table("line", "record", "field", "name", "named", box=None)
        for one in found.missing:
            table.add_row(str(one.line), one.record, one.field, escape(one.name), f"{one.named}×")
        out.print("These are named, but no row tells of them:")
        out.print(table)
    _list("These would be accepted, and asked about:", found.notes)
    table = Table("record", "rows", "good", "corrections", "duplicates", "refused", box=None)
    for record, found_of_it in found.counts.items():
        table.add_row(record, *(str(count) for count in asdict(found_of_it).values()))
    out.print(table)
    for kind in found.unchecked:
        say(f"Not checked, because there is no row of the kind: {'case' if kind == 'step' else kind}")
    say("It conforms." if found.conforms else "It does not conform.", "green" if found.conforms else "red")


def _list(heading: str, problems: tuple[Rejection, ...]) -> None:
    if not problems:
        return
    table = Table("line", "field", "problem", "remedy", box=None)
    for problem in problems:
        table.add_row(str(problem.line), *map(escape, (problem.field, problem.problem, problem.remedy)))
    out.print(heading)
    out.print(table)
