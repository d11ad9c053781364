"""`hallwatch pull`"""

from contextlib import closing
from typing import Annotated

import typer

from ingest.approvals.acceptance import UnknownSource
from ingest.approvals.mapping import MappingError
from ingest.approvals.pull import Puller, PullFailed, ViewReader
from web.commands.common import DEFAULT_CONFIG, ConfigOption, opened, say
from web.commands.plain_errors import UserError
from web.commands.sample_table import show_samples
from web.installation import Services
from web.local_rows import zone_of_source
from web.pulling import view_of
from web.settings import PullSettings


def pull(
    source: Annotated[str, typer.Option(help="Only the views of this approval platform.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the first rows and what would become of them; write nothing.")
    ] = False,
    rows: Annotated[int, typer.Option(min=1, max=1000, help="So many of each view with --dry-run.")] = 5,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    r"""Read the platforms' databases that [\[pull]] names, once. `hallwatch serve` does it by itself.

    Example: hallwatch pull --source city --dry-run
    """
    with opened(config) as services:
        wanted = [each for each in services.settings.pull if source in ("", each.source)]
        if not wanted:
            of_source = f" of source {source!r}" if source else ""
            declared = ", ".join(dict.fromkeys(each.source for each in services.settings.pull)) or "none yet"
            raise UserError(f"There is no [[pull]]{of_source}: declare it. Those there are pull from: {declared}.")
        for each in wanted:
            _pull(services, each, rows if dry_run else None)


def _pull(services: Services, declared: PullSettings, samples: int | None) -> None:
    try:
        if samples is not None:
            with closing(ViewReader(view_of(declared))) as reader:
                say(f"{declared.source} {declared.view}", style="bold")
                with services.database.transaction() as session:
                    zone = zone_of_source(session, declared.source)
                show_samples(reader.sample(samples, services.clock()), zone)
            return
        with closing(Puller(services.database, view_of(declared))) as puller:
            count = puller.run_once(services.clock())
    except UnknownSource:
        raise UserError(f"There is no source {declared.source!r}; declare it with [[source]].") from None
    except (PullFailed, MappingError) as error:
        raise UserError(f"pull {declared.source} {declared.view}: {error}") from None
    say(f"{declared.source} {declared.view}: {count} rows new or corrected.")
