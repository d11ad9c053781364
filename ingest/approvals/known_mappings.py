"""The mappings that come with the product, by name."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ingest.approvals.mapping import Mapping, MappingError
from storage.sayings import Saying

_FOLDER = Path(__file__).parent / "mappings"


@cache
def mapping_files() -> dict[str, Path]:
    """By name, e.g. receipt."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.toml"))}


def mapping_named(name: str) -> Mapping:
    """Of a file, which goes before one of ours of that name. Raises MappingError."""
    known = mapping_files()
    if Path(name).is_file():
        return Mapping.load(Path(name))
    if name not in known:
        said = "There is no mapping “%(name)s”: name a file, or one that comes along: %(known)s."
        raise MappingError(Saying(said, name=name, known=", ".join(known)))
    return Mapping.load(known[name])


def fitting_mapping(columns: Iterable[str]) -> str:
    """The name of the first that finds all its columns among these; empty if none does."""
    there = set(columns)
    fitting = (name for name, path in mapping_files().items() if there.issuperset(Mapping.load(path).columns))
    return next(fitting, "")
