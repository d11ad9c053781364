"""What a dry run shows of the first rows."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from ingest.approvals.reports import Sample
from web.commands.plain_errors import out
from web.local_rows import locally


def show_samples(samples: Sequence[Sample], zone: str, place: str = "row") -> None:
    """Times are those of the zone; `place`: what their numbers are."""
    table = Table(place, "as it stands there", f"becomes (times: {zone})", box=None)
    for sample in samples:
        said = "\n".join(f"{name}: {cell}" if name else cell for name, cell in sample.said.items())
        table.add_row(str(sample.line), escape(said), escape(_outcome(sample, zone)))
    out.print(table)


def _outcome(sample: Sample, zone: str) -> str:
    if sample.refused:
        return "\n".join(f"refused: {each.field} {each.problem}; {each.remedy}" for each in sample.refused)
    return "\n".join([sample.record, *(f"{name}: {value}" for name, value in locally(sample.becomes, zone).items())])
