"""`hallwatch evaluation`"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session, col, select

from correlation.deadlines.keeping import DeadlineKeeper
from correlation.evaluation import keeping
from correlation.evaluation.formula import Formula, FormulaProblem, parse_formulas
from correlation.evaluation.indicators import weight_of
from correlation.evaluation.working_out import WorkedOut, WorkedUnit, best_first
from correlation.evaluation.writing import Overtaken
from storage.models import Evaluation, UnitKind
from web import evaluating, formula_changes, sessions
from web.access_log import log_access
from web.accounts import find_user
from web.commands.common import DEFAULT_CONFIG, ConfigOption, opened, say, warn
from web.commands.listing import listing
from web.commands.plain_errors import UserError, out
from web.errors import Unprocessable
from web.installation import Services
from web.months import Month
from web.pages.months import read_month
from web.permissions import Permission
from web.viewer import Viewer

app = typer.Typer(
    no_args_is_help=True,
    help="Work out how each unit did in a month, and publish it.\n\n"
    "Example: hallwatch evaluation work-out 2026-05 --dry-run",
)
A_ZONE_AHEAD = timedelta(days=1)
_KEPT = {
    None: "Kept as the draft of {month}; `hallwatch evaluation publish {month}` makes it final.",
    True: "This differs from what is published. Kept as the draft of an erratum; "
    "`hallwatch evaluation publish {month} --erratum WHY` publishes it.",
    False: "This is what is published; there is nothing to correct.",
}
MonthArgument = Annotated[str, typer.Argument(metavar="MONTH", help="For example 2026-05.")]
ByOption = Annotated[str, typer.Option(help="The user who publishes: one who may, and who sees all halls.")]
KindOption = Annotated[UnitKind, typer.Option(help="Which units to list.")]


@app.command("list")
def show(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """List drafts and what is published.

    Example: hallwatch evaluation list
    """
    with opened(config) as services, services.database.transaction() as session:
        query = select(Evaluation).where(keeping.is_seen()).order_by(col(Evaluation.month), col(Evaluation.number))
        rows = [_row(each) for each in session.exec(query)]
    out.print(listing(out, ("month", "number", "state", "counted", "formula", "erratum"), rows))


def _row(each: Evaluation) -> tuple[str, ...]:
    counted = f"{each.counted_at:%Y-%m-%d %H:%M} UTC"
    return each.month, str(each.number), each.state, counted, str(each.formula["version"]), each.erratum


@app.command("work-out")
def work_out(
    month: MonthArgument,
    kind: KindOption = UnitKind.DEPARTMENT,
    formula: Annotated[
        Path | None, typer.Option(help="A file with a formula to try; nothing is kept then.", dir_okay=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Keep nothing, not even a draft.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Count a month as it is known now and list the points. What comes of it is kept as a draft.

    Example: hallwatch evaluation work-out 2026-05 --kind hall --dry-run
    """
    with opened(config) as services:
        tried = _formula(formula) if formula else None
        worked = _worked_out(services, _month(month), tried)
        _print(worked, kind)
        if tried is None and not dry_run:
            try:
                differs = keeping.keep_draft(services.database, worked).differs
            except Overtaken as error:
                raise UserError(str(error)) from None
            say(_KEPT[differs].format(month=month))


@app.command("publish")
def publish(
    month: MonthArgument,
    by: ByOption,
    erratum: Annotated[
        str, typer.Option(help="What is corrected and why, where the month is published already.", show_default=False)
    ] = "",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Count a month as it is known now and publish it. Nothing of it changes afterwards; an erratum stands beside it.

    Example: hallwatch evaluation publish 2026-05 --by he.min
    """
    from web.reports.fonts import NoFont, chinese_font
    from web.reports.keeping import Reporting

    with opened(config) as services:
        publisher = _publisher(services, by)
        worked = _worked_out(services, _month(month), None)
        if not worked.units:
            raise UserError(f"Nothing was counted in {month}, so there is nothing to publish.")
        made = evaluating.publish(services.database, worked, publisher, services.clock(), erratum.strip())
        say(f"Published {made.month}, number {made.number}, with {len(worked.units)} units.")
        font = services.settings.evaluation.font
        Reporting(services.database, font).run_once(services.clock())
        try:
            chinese_font(font)
        except NoFont as problem:
            warn(f"The report has no PDF. {problem}")


@app.command("formulas")
def formulas(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """List the versions of the formula.

    Example: hallwatch evaluation formulas
    """
    columns = ("version", "effective", "indicators", "source")
    with opened(config) as services, services.database.transaction() as session:
        rows = [_weights(formula) for formula in keeping.formulas(session)]
    out.print(listing(out, columns, rows))


def _weights(formula: Formula) -> tuple[str, ...]:
    weights = ((each.id, weight_of(each)) for each in formula.indicators)
    indicators = ", ".join(f"{name} {'±' if weight is None else format(weight, 'g')}" for name, weight in weights)
    return formula.version, str(formula.effective), indicators, " ".join(formula.source.split())


@app.command("draft-formula")
def draft_formula(
    file: Annotated[Path, typer.Argument(help="TOML, as correlation/evaluation/formula.toml.", dir_okay=False)],
    by: Annotated[str, typer.Option(help="The user who drafts it; somebody else has to approve it.")],
    reason: Annotated[str, typer.Option(help="Why it is changed.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Draft a version of the formula. It holds, for months that end on its date or later, once somebody else approves.

    Example: hallwatch evaluation draft-formula new.toml --by he.min --reason 调整
    """
    formula = _formula(file)
    if not reason.strip():
        raise UserError("--reason: say why the formula is changed; who approves it wants to know.")
    with opened(config) as services, services.database.transaction() as session:
        now = services.clock()
        drafter = _drafter(session, by)
        try:
            change = formula_changes.propose_whole(session, formula, reason.strip(), drafter, now)
        except Unprocessable as refused:
            raise UserError("\n".join(f"{file}: {each.field}: {each.problem}" for each in refused.fields)) from None
        log_access(session, drafter, "propose", f"formula:{change.version}", "hallwatch evaluation", now, "")
        say(f"Drafted {change.version}. It holds once somebody else approves it at /evaluation/formulas/{change.id}.")


def _publisher(services: Services, name: str) -> Viewer:
    with services.database.transaction() as session:
        viewer = _named(session, name)
    if not evaluating.may_publish(viewer):
        raise UserError(f"--by: {name} may not publish; who does needs all halls and a role that publishes.")
    return viewer


def _named(session: Session, name: str) -> Viewer:
    user = find_user(session, name)
    viewer = sessions.viewer_without_session(session, user.id) if user and user.id else None
    if viewer is None:
        raise UserError(f"--by: there is no user {name!r} who can sign in; `hallwatch user list` shows all.")
    return viewer


def _drafter(session: Session, name: str) -> Viewer:
    viewer = _named(session, name)
    if not viewer.may(Permission.PROPOSE) or viewer.halls is not None:
        raise UserError(f"--by: {name} may not change the formula; who does needs all halls and a role that proposes.")
    return viewer


def _month(text: str) -> Month:
    found = read_month(text)
    if found is None:
        raise UserError(f"MONTH: {text!r} is no month; write for example 2026-05.")
    return found


def _formula(file: Path) -> Formula:
    try:
        found = parse_formulas(file.read_text("utf-8"))
    except FormulaProblem as problem:
        raise UserError("\n".join(f"{file}: {line}" for line in str(problem).splitlines())) from None
    except UnicodeDecodeError:
        raise UserError(f"{file}: this is no UTF-8; save it as UTF-8.") from None
    if len(found) > 1:
        raise UserError(f"{file}: holds {len(found)} versions; write one.")
    return found[0]


def _worked_out(services: Services, month: Month, formula: Formula | None) -> WorkedOut:
    if month.first > services.clock().date() + A_ZONE_AHEAD:
        raise UserError(f"MONTH: {month} has not begun.")
    now = services.clock()
    DeadlineKeeper(services.database).look_around(now)
    # Those that somebody else has in hand for too long are among those that are told of below.
    worked = evaluating.worked_out(services.database, month, now, formula, left_out=lambda _cases: None)
    if worked is None:
        raise UserError(
            f"No formula had taken effect by the end of {month}; `hallwatch evaluation formulas` shows all."
        )
    if left := evaluating.waiting_cases(services.database, now):
        warn(f"{left} cases were told of meanwhile, or are being written, and wait for the clerk: "
             "work the month out again for them.")  # fmt: skip
    return worked


def _print(worked: WorkedOut, kind: UnitKind) -> None:
    columns = ("rank", "unit", "points", "by chance", *(each.id for each in worked.formula.indicators), "known")
    units = best_first([unit for unit in worked.units if unit.unit.kind is kind])
    out.print(listing(out, columns, (tuple(_cells(unit)) for unit in units)))
    if not units:
        warn(f"Nothing was counted of any {kind} in {worked.period.month}.")
    say(f"By the formula {worked.formula.version}.")


def _cells(unit: WorkedUnit) -> Iterator[str]:
    total, rank, evaluated = unit.evaluated.total, unit.rank, unit.evaluated
    yield f"{rank.rank} ({rank.best}–{rank.worst})" if rank else "–"
    yield unit.name[0]
    yield f"{total.points:.2f}" if total else f"– {evaluated.why or ''}"
    yield f"{total.low:.2f}–{total.high:.2f}" if total else "–"
    for score in evaluated.indicators.values():
        yield f"{score.points:.2f}" if score else "–"
    yield f"{evaluated.known:.0%}"
