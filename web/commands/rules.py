"""`hallwatch rules`"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from correlation.deadlines.calendars import CalendarBook
from correlation.deadlines.cards import RaisedCard
from correlation.deadlines.loading import Catalogues, load_told
from correlation.deadlines.trying import Recarded, World, recarded, under_way
from correlation.rule_files import RulesProblem, Written, read_rules
from correlation.rule_keeping import add_rules, added_rules, problems_of, remove_rules
from correlation.rulebook import AnyRules, RuleBook, rule_book
from storage.models import RuleKind
from web.access_log import log_command
from web.commands.common import DEFAULT_CONFIG, ConfigOption, opened, say, who_runs_this
from web.commands.listing import listing
from web.commands.plain_errors import UserError, out
from web.installation import Services
from web.pages.words import word

app = typer.Typer(
    no_args_is_help=True,
    help="Versions of the rules by which limits, cards, disputes and calls back are judged.\n\n"
    "Example: hallwatch rules add foshan-2027.toml --dry-run",
)
FileArgument = Annotated[Path, typer.Argument(help="TOML, as the rules.toml that come along.", dir_okay=False)]
DayOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="With --dry-run: as if from that day.")]


@app.command("list")
def show(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """List every version, with its day, what it rests on and who added it.

    Example: hallwatch rules list
    """
    with opened(config) as services, services.database.transaction() as session:
        book, added = rule_book(session), added_rules(session)
        rows = [
            _row(kind, rules, who.added_by if (who := added.get((kind, rules.version))) else "came along")
            for kind in RuleKind
            for rules in book.of(kind)
        ]
    out.print(listing(out, ("kind", "version", "effective", "source", "by"), rows))


def _row(kind: RuleKind, rules: AnyRules, by: str) -> tuple[str, ...]:
    return kind.value, rules.version, str(rules.effective), rules.source, by


@app.command("add")
def add(
    file: FileArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Add nothing; say which cards would be others.")] = False,
    as_if_since: DayOption = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Add the versions of a file. Each holds from its day on, for what is received, disputed or rated then.

    Example: hallwatch rules add foshan-2027.toml --dry-run
    """
    if as_if_since and not dry_run:
        raise UserError("--as-if-since only tries rules: add --dry-run, or write the day into the file.")
    with opened(config) as services:
        now = services.clock()
        if dry_run:
            with services.database.transaction() as session:
                _try(session, file, now, as_if_since.date() if as_if_since else None)
            return
        for one in _add(services, file, now):
            say(f"Added {_named(one)}, from {one.rules.effective} on. Otherwise than {one.base}: {_keys(one)}.")


def _add(services: Services, file: Path, now: datetime) -> list[Written]:
    text = _text(file)
    try:
        with services.database.transaction() as session:
            book = rule_book(session)
        with services.database.transaction() as session:
            written = read_rules(text, book)
            add_rules(session, written, who_runs_this(), now)
            for one in written:
                log_command(session, who_runs_this(), "administer", f"rules:{_named(one)}", one.rules.source, now)
            return written
    except RulesProblem as problem:
        raise _refused(file, problem) from None


@app.command("remove")
def remove(
    kind: Annotated[RuleKind, typer.Argument(help="Of which kind.")],
    version: Annotated[str, typer.Argument(metavar="VERSION", help="As `hallwatch rules list` names it.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Take back a version of this site by which nothing has been judged yet.

    Example: hallwatch rules remove cards foshan-2027
    """
    with opened(config) as services:
        now = services.clock()
        try:
            with services.database.transaction() as session:
                remove_rules(session, kind, version, now)
                log_command(session, who_runs_this(), "administer", f"rules:{kind.value}/{version}", "taken back", now)
        except RulesProblem as problem:
            raise UserError(str(problem)) from None
    say(f"{kind.value}/{version} is taken back.")


def _try(session: Session, file: Path, now: datetime, since: date | None) -> None:
    book = rule_book(session)
    try:
        written = read_rules(_text(file), book)
    except RulesProblem as problem:
        raise _refused(file, problem) from None
    problems = problems_of(session, written, now)
    for one in written:
        say(f"{_named(one)}, from {one.rules.effective} on. Otherwise than {one.base}: {_keys(one)}.")
    after = book
    for one in written:
        after = after.plus(replace(one.rules, effective=since or one.rules.effective))
    first = since or min(one.rules.effective for one in written)
    found = list(_changed(session, book, after, first, now))
    for case in found:
        say(f"Case {case.number} of {case.source_id}: {'; '.join(_cards(case))}")
    say(f"Open cases whose cards would be others{f', as if since {since}' if since else ''}: {len(found)}.")
    if problems and not since:
        raise _refused(file, RulesProblem(*problems))
    say("Nothing was added.")


def _changed(session: Session, before: RuleBook, after: RuleBook, first: date, now: datetime) -> Iterator[Recarded]:
    calendars = CalendarBook()
    calendars.refresh(session)
    for ids in under_way(session, datetime.combine(first, time(), UTC) - timedelta(days=1)):
        told = load_told(session, ids, before.rules, after.rules)
        world = World(Catalogues(session, told), calendars.of)
        yield from recarded(told, world, before.rules, after.rules, now)


def _cards(case: Recarded) -> Iterator[str]:
    for cards, what in ((case.gone, "no"), (case.new, "with")):
        yield from (f"{what} {_card(card)}" for card in cards)


def _card(card: RaisedCard) -> str:
    until = f", to be corrected before {card.correct_by:%Y-%m-%d %H:%M} UTC" if card.correct_by else ""
    return f"{word(card.kind)} of {card.raised_at:%Y-%m-%d %H:%M} UTC ({word(card.cause)}){until}"


def _named(one: Written) -> str:
    return f"{one.kind.value}/{one.rules.version}"


def _keys(one: Written) -> str:
    return ", ".join(one.differs)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{file}: this is no UTF-8; save it as UTF-8.") from None


def _refused(file: Path, problem: RulesProblem) -> UserError:
    return UserError("\n".join(f"{file}: {line}" for line in problem.problems))
