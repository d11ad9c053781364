"""The command line `hallwatch`. Each command is in a file of `web.commands`."""

import typer

from web.commands import (
    check,
    clip,
    counters,
    demo,
    evaluate,
    fsck,
    import_cases,
    init,
    recover,
    role,
    serve,
    simulate,
    user,
)
from web.commands.common import PlainErrors

app = typer.Typer(
    name="hallwatch",
    cls=PlainErrors,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # locals hold passwords
    help="Video-and-data supervision of public service halls. Begin with `hallwatch demo` or `hallwatch init`.",
)

app.command("init")(init.init)
app.command("check")(check.check)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("simulate")(simulate.simulate)
app.command("import-cases")(import_cases.import_cases)
app.command("clip")(clip.clip)
app.command("evaluate")(evaluate.evaluate)
app.command("fsck")(fsck.fsck)
app.command("recover")(recover.recover)
app.add_typer(user.app, name="user")
app.add_typer(counters.app, name="counters")
app.command("role", hidden=True)(role.role)
