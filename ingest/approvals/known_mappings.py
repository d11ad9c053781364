"""The mappings that come with the product, by name."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ingest.approvals.mapping import Mapping

_FOLDER = Path(__file__).parent / "mappings"


@cache
def mapping_files() -> dict[str, Path]:
    """By name, e.g. receipt."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.toml"))}


def fitting_mapping(columns: Iterable[str]) -> str:
    """The name of the first that finds all its columns among these; empty if none does."""
    there = set(columns)
    fitting = (name for name, path in mapping_files().items() if there.issuperset(Mapping.load(path).columns))
    return next(fitting, "")
