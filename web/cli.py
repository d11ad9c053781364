"""The command line `hallwatch`. Each command is in a file of `web.commands`."""

from importlib.metadata import version
from typing import Annotated

import typer

from web.commands import (
    analyse,
    cameras,
    check,
    clip,
    closures,
    conform,
    counters,
    deadlines,
    demo,
    evaluate,
    evaluation,
    footage,
    fsck,
    import_cases,
    init,
    pull,
    recover,
    role,
    rules,
    samples,
    serve,
    simulate,
    simulate_city,
    user,
)
from web.commands.common import PlainErrors

app = typer.Typer(
    name="hallwatch",
    cls=PlainErrors,
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_show_locals=False,  # locals hold passwords
    help="Video-and-data supervision of public service halls. Begin with `hallwatch demo` or `hallwatch init`.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hallwatch {version('hallwatch')}")
        raise typer.Exit


@app.callback()
def hallwatch(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


app.command("init")(init.init)
app.command("check")(check.check)
app.command("serve")(serve.serve)
app.command("role")(role.role)
app.command("demo")(demo.demo)
app.command("simulate")(simulate.simulate)
app.command("simulate-city")(simulate_city.simulate_city)
app.command("import-cases")(import_cases.import_cases)
app.command("pull")(pull.pull)
app.command("conform")(conform.conform)
app.command("deadlines")(deadlines.deadlines)
app.command("clip")(clip.clip)
app.command("analyse")(analyse.analyse)
app.command("evaluate")(evaluate.evaluate)
app.command("fsck")(fsck.fsck)
app.command("recover")(recover.recover)
app.add_typer(user.app, name="user")
app.add_typer(counters.app, name="counters")
app.add_typer(cameras.app, name="cameras")
app.add_typer(footage.app, name="footage")
app.add_typer(closures.app, name="closures")
app.add_typer(samples.app, name="samples")
app.add_typer(evaluation.app, name="evaluation")
app.add_typer(rules.app, name="rules")
