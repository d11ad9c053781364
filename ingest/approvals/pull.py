"""Rows pulled from a view of a platform's own database, which is only ever read.

The view has a column that grows with every change, a time or a number. What has changed since the last look is read in
its order, and a little more: a platform writes its stamps before it commits, so a row may appear late. What was read
before is known by its bytes as long as the reader lives, and by its statement after that: nothing is taken twice.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from ingest.approvals.acceptance import accept_batch
from ingest.approvals.cells import cell_text
from ingest.approvals.formats import Columns, read_header
from ingest.approvals.mapping import Mapping
from ingest.approvals.records import StepRow
from ingest.approvals.reports import Sample
from ingest.approvals.row import Row, RowError
from ingest.approvals.sampling import sample_of
from storage.database import Database
from storage.models import PullMark

PAGE = 5_000
CONNECT_S = 10
"""How long a platform's database may take to answer."""
Mark = datetime | int | Decimal
SUPPORTED = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
"""Backends, each with the driver that comes along; others are reached by a driver of their own."""


class PullFailed(Exception):
    """The message says what the platform's database says, or what is wrong with its view; it holds no password."""


@dataclass(frozen=True, slots=True)
class View:
    """What is pulled."""

    source_id: str
    url: str
    """As SQLAlchemy reads it; with the password."""
    name: str
    """Of a table or view, with its schema before a point where it has one."""
    changed: str
    """The column that grows with every change."""
    mapping: Mapping | None = None
    again: int = 600
    """So much before the last mark is read again: seconds, or what a number counts."""

    def __repr__(self) -> str:
        return f"View({self.source_id!r}, {self.name!r})"


@dataclass(frozen=True, slots=True)
class Look:
    """What one glance at a view shows."""

    columns: tuple[str, ...]
    row: Row | RowError | None
    """What would become of its first row; None where it has none."""


class Puller:
    """Of one view. Not safe to share between threads."""

    def __init__(self, database: Database, view: View) -> None:
        """Raises PullFailed for an address that cannot be read."""
        self._database, self._view = database, view
        self._reader = ViewReader(view)
        self._seen: set[bytes] = set()

    def run_once(self, now: datetime) -> int:
        """The number of rows that were new or corrected. Raises PullFailed, and what `accept_batch` raises."""
        known = mark = self._mark()
        seen: set[bytes] = set()
        count = 0
        with self._reader.reading() as connection:
            for page in self._reader.pages(connection, _before(known, self._view.again)):
                fresh = [row.cells for row in page.rows if row.digest not in self._seen]
                count += self._accept(page.columns, fresh, now)
                seen |= {row.digest for row in page.rows}
                mark = page.rows[-1].mark
                self._keep(mark, now)
            without = self._reader.count_unmarked(connection)
        self._seen = seen
        if mark is not None:
            self._keep(mark, now)
        if without:
            raise PullFailed(f"{self._view.name}: {without} rows have no {self._view.changed}, so they are not read")
        return count

    def close(self) -> None:
        self._reader.close()

    def _accept(self, columns: Columns, rows: Sequence[Sequence[str]], now: datetime) -> int:
        if not rows:
            return 0
        source, name = self._view.source_id, self._view.name
        numbered = ((number, columns.read(cells, _raw(cells))) for number, cells in enumerate(rows, start=1))
        return accept_batch(self._database, source, numbered, sequence=None, name=name, sha256="", now=now).accepted

    def _mark(self) -> Mark | None:
        with self._database.transaction() as session:
            kept = session.get(PullMark, (self._view.source_id, self._view.name))
            return None if kept is None else _mark_from(kept.mark)

    def _keep(self, mark: Mark, now: datetime) -> None:
        row = PullMark(source_id=self._view.source_id, view=self._view.name, mark=_mark_as_json(mark), pulled_at=now)
        with self._database.transaction() as session:
            session.merge(row)


class ViewReader:
    """Reads a view and writes nothing, in no database. Not safe to share between threads."""

    def __init__(self, view: View) -> None:
        """Raises PullFailed for an address that cannot be read."""
        self._view, self._engine = view, _engine(view.url)
        schema, _, name = view.name.rpartition(".")
        self._changed: sa.ColumnClause[Any] = sa.column(view.changed)
        self._table = sa.table(name, self._changed, schema=schema or None)

    def sample(self, count: int, received_at: datetime) -> list[Sample]:
        """The first rows, numbered from 1. Raises PullFailed."""
        with self.reading() as connection:
            page = self._read(connection, self._query().limit(count))
        read = _numbered(page.columns, [row.cells for row in page.rows])
        said = (dict(zip(page.columns.names, row.cells, strict=True)) for row in page.rows)
        return [sample_of(line, cells, found, received_at) for cells, (line, found) in zip(said, read, strict=True)]

    def look(self) -> Look:
        """Of one row. Raises PullFailed."""
        with self.reading() as connection:
            page = self._read(connection, self._query().limit(1))
        found = [row for _, row in _numbered(page.columns, [row.cells for row in page.rows])]
        columns = dict.fromkeys((self._view.changed, *page.columns.names))
        return Look(tuple(columns), found[0] if found else None)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Where the database can be told so, it lets this connection write nothing."""
        dialect = self._engine.dialect.name
        try:
            with self._engine.connect() as connection:
                if dialect == "postgresql":
                    connection = connection.execution_options(postgresql_readonly=True)
                if dialect in ("mysql", "mariadb"):
                    connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
                    connection.rollback()
                yield connection
        except SQLAlchemyError as error:
            raise PullFailed(_reason(error)) from None

    def pages(self, connection: sa.Connection, since: Mark | None) -> Iterator["_Page"]:
        """In the order of their changes; rows of one mark are in one page."""
        query = self._query() if since is None else self._query().where(self._changed >= since)
        while True:
            page = self._read(connection, query.limit(PAGE))
            is_last = len(page.rows) < PAGE
            if not is_last:
                last = page.rows[-1].mark
                same = self._read(connection, self._query().where(self._changed == last))
                page = _Page(page.columns, [row for row in page.rows if row.mark != last] + same.rows)
            if page.rows:
                yield page
            if is_last:
                return
            query = self._query().where(self._changed > page.rows[-1].mark)

    def count_unmarked(self, connection: sa.Connection) -> int:
        """Rows of which nobody can tell whether they have changed."""
        query = sa.select(sa.func.count()).select_from(self._table).where(self._changed.is_(None))
        return connection.scalar(query) or 0

    def _query(self) -> sa.Select[Any]:
        query = sa.select(sa.text("*")).select_from(self._table)
        return query.where(self._changed.is_not(None)).order_by(self._changed)

    def _read(self, connection: sa.Connection, query: sa.Select[Any]) -> "_Page":
        found = connection.execute(query)
        names = [str(name) for name in found.keys()]  # noqa: SIM118 -- a result is no dictionary
        at = [name.casefold() for name in names].index(self._view.changed.casefold())
        # The exchange format has no such field; a mapping leaves alone what it does not name.
        left_out = at if self._view.mapping is None and names[at] not in StepRow.model_fields else None
        kept = [number for number in range(len(names)) if number != left_out]
        columns = read_header([names[number] for number in kept], self._view.mapping, ",".join(names))
        if isinstance(columns, RowError):
            problem = columns.problems[0]
            raise PullFailed(f"{self._view.name}: {problem.field} {problem.problem}; {problem.remedy}")
        rows = [_Row(self._checked(row[at]), [cell_text(row[number]) for number in kept]) for row in found]
        return _Page(columns, rows)

    def _checked(self, mark: object) -> Mark:
        if isinstance(mark, bool) or not isinstance(mark, datetime | int | Decimal):
            kind = type(mark).__name__
            raise PullFailed(f"{self._view.name}: {self._view.changed} must be a time or a number, and is {kind}")
        return mark


def _engine(url: str) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
        if parsed.drivername in SUPPORTED:
            parsed = parsed.set(drivername=SUPPORTED[parsed.drivername])
        within = {"connect_timeout": CONNECT_S} if parsed.drivername in SUPPORTED.values() else {}
        return sa.create_engine(parsed, pool_pre_ping=True, pool_size=1, connect_args=within)
    except (SQLAlchemyError, ImportError, ValueError):
        raise PullFailed("the address of the platform's database cannot be read, or its driver is missing") from None


@dataclass(frozen=True, slots=True)
class _Row:
    mark: Mark
    cells: list[str]

    @property
    def digest(self) -> bytes:
        return hashlib.blake2b(repr((self.mark, self.cells)).encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class _Page:
    columns: Columns
    rows: list[_Row]


def _numbered(columns: Columns, rows: Iterable[Sequence[str]]) -> Iterator[tuple[int, Row | RowError]]:
    for number, cells in enumerate(rows, start=1):
        yield number, columns.row(cells, _raw(cells))


def _raw(cells: Sequence[str]) -> str:
    return "\t".join(cells)


def _before(mark: Mark | None, again: int) -> Mark | None:
    return mark - timedelta(seconds=again) if isinstance(mark, datetime) else None if mark is None else mark - again


def _mark_as_json(mark: Mark) -> dict[str, object]:
    return {"time": mark.isoformat()} if isinstance(mark, datetime) else {"number": str(mark)}


def _mark_from(kept: dict[str, Any]) -> Mark:
    return datetime.fromisoformat(kept["time"]) if "time" in kept else Decimal(kept["number"])


def _reason(error: SQLAlchemyError) -> str:
    """What the database itself said; SQLAlchemy's own words may repeat the statement."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
