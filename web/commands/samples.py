"""`hallwatch samples`"""

from pathlib import Path
from typing import Annotated

import typer

from web.commands.common import DEFAULT_CONFIG, ConfigOption, opened, progress_bar, say
from web.commands.sample_files import write_samples

app = typer.Typer(
    no_args_is_help=True,
    help="Labelled samples: what was learned from wrong alerts.\n\nExample: hallwatch samples export samples/",
)


@app.callback()
def samples() -> None:
    pass


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Gets videos/ and labels/.", file_okay=False)],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write all samples that are kept as clips with their labels; `hallwatch evaluate --own` does without.

    Privacy masks are filled in them. What DIR has already is left as it is; what was taken back is removed from it.

    Example: hallwatch samples export samples/
    """
    with opened(config) as services, progress_bar(folder.name) as bar:
        done = write_samples(services, folder, bar.update)
    say(f"{done.kept} samples kept: {done.written} written, {done.removed} that were taken back removed, in {folder}.")
