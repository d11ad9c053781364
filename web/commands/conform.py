"""`hallwatch conform`"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

import httpx
import orjson
import typer
from rich.markup import escape
from rich.table import Column, Table

from ingest.approvals.conformance import Conformance, examine
from ingest.approvals.file_format import UnusableFile
from ingest.approvals.formats import Numbered, read_rows
from ingest.approvals.known_mappings import mapping_named
from ingest.approvals.mapping import Mapping, MappingError
from ingest.approvals.reading import rows_of
from ingest.approvals.repeated import repeated_in_push
from ingest.approvals.reports import MAX_REPORTED, Rejection
from ingest.approvals.row import UNKNOWN_RECORD
from storage.sayings import Saying
from web import i18n
from web.commands.common import say
from web.commands.plain_errors import UserError, out
from web.foreseen import Foreseen
from web.i18n import Language
from web.i18n import gettext_marker as _

_LARGEST = 512 << 20
_LARGEST_PUSH = 16 << 20
_TIMEOUT_S = 60.0


def conform(
    source: Annotated[
        str, typer.Argument(metavar="FILE|URL", help="JSON Lines, CSV, a workbook (XLSX), XES, or the body of a push.")
    ],
    mapping: Annotated[
        str, typer.Option(help="How the columns of a CSV file are to be read: a file, or the name of ours.")
    ] = "",
    language: Annotated[
        Language | None,
        typer.Option(help="What is found is told in it; else in that of the terminal.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the findings as JSON.")] = False,
) -> None:
    """Check a platform's output against the exchange standard; exit code 1 if anything would be refused or is missing.

    What would be accepted but asked about, or carded, is a warning and leaves the exit code alone.

    Needs no configuration and no database. Example: hallwatch conform export.jsonl
    """
    language = language or i18n.language_of_terminal(os.environ)
    with _file(source, language) as path:
        try:
            found = _translated(_examine(path, mapping_named(mapping) if mapping else None), language)
        except (UnusableFile, MappingError) as error:
            raise UserError(f"{source}: {_in(language, error.saying)}") from None
    if as_json:
        typer.echo(
            orjson.dumps(
                asdict(found) | {"conforms": found.conforms}, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
            )
        )
    else:
        _show(found, language)
    if not found.conforms:
        raise typer.Exit(1)


@contextmanager
def _file(source: str, language: Language) -> Iterator[Path]:
    parts = urlsplit(source)
    if parts.scheme not in ("http", "https"):
        if "://" in source:
            said = Saying(
                "%(address)s: only addresses that begin with http:// or https:// can be fetched.", address=source
            )
            raise UserError(_in(language, said))
        if not Path(source).exists() or Path(source).is_dir():
            said = Saying(
                "There is no file %(name)s; name one in JSON Lines, CSV or XLSX, or the address of one.", name=source
            )
            raise UserError(_in(language, said))
        yield Path(source)
        return
    with tempfile.TemporaryDirectory(prefix="hallwatch-conform-") as folder:
        path = Path(folder) / (PurePosixPath(parts.path).name or "rows")
        if problem := _fetched(source, path):
            raise UserError(_in(language, problem))
        yield path


def _fetched(url: str, path: Path) -> Saying | None:
    """Why it could not be."""
    try:
        with (
            path.open("wb") as file,
            httpx.stream("GET", url, timeout=_TIMEOUT_S, follow_redirects=True) as answer,
        ):
            if not answer.is_success:
                return Saying(
                    "%(address)s cannot be fetched: it answers %(status)s.", address=url, status=answer.status_code
                )
            for piece in answer.iter_bytes():
                file.write(piece)
                if file.tell() > _LARGEST:
                    most = _LARGEST >> 20
                    return Saying(
                        "%(address)s sends more than %(most)s MiB; check a part of it.", address=url, most=most
                    )
    except httpx.HTTPError as error:
        return Saying("%(address)s cannot be fetched: %(why)s", address=url, why=str(error))
    return None


def _examine(path: Path, mapping: Mapping | None) -> Conformance:
    now, foreseen = datetime.now(UTC), Foreseen()
    with _rows(path, mapping) as rows:
        found = examine(rows, now, foreseen.hear)
    notes = (*found.notes, *foreseen.notes(now))
    return replace(found, notes=notes[:MAX_REPORTED], more_notes=found.more_notes + len(notes[MAX_REPORTED:]))


@contextmanager
def _rows(path: Path, mapping: Mapping | None) -> Iterator[Iterable[Numbered]]:
    pushed = _pushed_rows(path)
    if pushed is not None and mapping is None:
        yield read_rows(pushed, repeated_in_push(path.read_bytes(), pushed).of_rows)
        return
    with path.open("rb") as file:
        yield rows_of(path, file, mapping)


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


def _translated(found: Conformance, language: Language) -> Conformance:
    def told(problems: tuple[Rejection, ...]) -> tuple[Rejection, ...]:
        return tuple(
            replace(one, problem=_told(language, one.problem), remedy=_told(language, one.remedy)) for one in problems
        )

    return replace(found, problems=told(found.problems), notes=told(found.notes))


def _in(language: Language, text: str) -> str:
    return i18n.say(language, text)


def _told(language: Language, saying: Saying) -> Saying:
    return Saying(_in(language, saying).replace("%", "%%"))


def _show(found: Conformance, language: Language) -> None:
    _list(language, _("These rows would be refused:"), found.problems, found.more_problems)
    if found.missing:
        table = _table(language, _("line"), _("record"), _("field"), _("name"), _("named"))
        for one in found.missing:
            table.add_row(str(one.line), one.record, one.field, escape(one.name), f"{one.named}×")
        out.print(_in(language, _("These are named, but no row tells of them:")))
        out.print(table)
    _list(language, _("Warnings: these would be accepted, and asked about or carded:"), found.notes, found.more_notes)
    counted = (_("rows"), _("good"), _("corrections"), _("duplicates"), _("refused"))
    table = _table(language, _("record"), *counted)
    for record, found_of_it in found.counts.items():
        name = _in(language, _("no kind of record")) if record == UNKNOWN_RECORD else record
        table.add_row(name, *(str(count) for count in asdict(found_of_it).values()))
    out.print(table)
    for kind in found.unchecked:
        of = "case" if kind == "step" else kind
        say(_in(language, Saying("Not checked, because there is no row of the kind: %(kind)s", kind=of)))
    say(_in(language, _verdict(found)), _colour(found))


def _verdict(found: Conformance) -> str:
    if not found.conforms:
        return _("It does not conform.")
    warnings = len(found.notes) + found.more_notes
    return Saying("It conforms; warnings: %(count)s.", count=warnings) if warnings else _("It conforms.")


def _colour(found: Conformance) -> str:
    if not found.conforms:
        return "red"
    return "yellow" if found.notes else "green"


def _list(language: Language, heading: str, problems: tuple[Rejection, ...], more: int) -> None:
    if not problems:
        return
    table = _table(language, _("line"), _("field"), _("problem"), _("remedy"))
    for problem in problems:
        table.add_row(str(problem.line), *map(escape, (problem.field, problem.problem, problem.remedy)))
    out.print(_in(language, heading))
    out.print(table)
    if more:
        say(_in(language, Saying("… and %(count)s more.", count=more)))


def _table(language: Language, *headings: str) -> Table:
    # Chinese has no spaces to break at: what is too long goes on in the next line.
    return Table(*(Column(_in(language, heading), overflow="fold") for heading in headings), box=None)
