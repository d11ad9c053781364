"""A file of cases that somebody uploads, and the mapping by which it is read."""

import shutil
import tempfile
from pathlib import Path, PurePosixPath

from fastapi import UploadFile

from ingest.approvals.acceptance import BatchReport, UnknownSource
from ingest.approvals.importing import import_file
from ingest.approvals.mapping import Mapping, MappingError
from storage.sayings import Saying
from web.errors import NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.services import Services

MAX_MAPPING = 1 << 20
_LONGEST_NAME = 60  # of characters with up to four bytes; file systems take 255 bytes
_PIECE = 1 << 20


def name_of(upload: UploadFile | None) -> str:
    """Without folders; empty where no file was chosen, which browsers send as a part without a name."""
    sent = (upload.filename or "" if upload else "").replace("\\", "/")
    name = "".join(sign for sign in PurePosixPath(sent).name if sign.isprintable())
    return "" if name == ".." else name[-_LONGEST_NAME:]


def import_upload(
    services: Services, source_id: str, upload: UploadFile, mapping: Mapping | None, *, dry_run: bool
) -> BatchReport:
    """Raises Unprocessable for a mapping that does not fit, NotFound for a source that is gone."""
    with tempfile.TemporaryDirectory(prefix="hallwatch-import-") as folder:
        path = Path(folder) / name_of(upload)
        with path.open("wb") as target:  # web.body_limits has seen to its size
            shutil.copyfileobj(upload.file, target, _PIECE)
        try:
            return import_file(services.database, source_id, path, mapping, services.clock(), dry_run=dry_run)
        except MappingError as error:
            raise _wrong_mapping(error.saying) from None
        except UnknownSource:
            raise NotFound from None


def read_mapping(upload: UploadFile) -> Mapping:
    """Raises Unprocessable, naming the key that is wrong."""
    text = upload.file.read(MAX_MAPPING + 1)
    if len(text) > MAX_MAPPING:
        raise _wrong_mapping(Saying("A mapping has at most 1 MiB; is this the file of cases?"))
    with tempfile.TemporaryDirectory(prefix="hallwatch-mapping-") as folder:
        path = Path(folder) / name_of(upload)
        path.write_bytes(text)
        return load_mapping(path)


def load_mapping(path: Path) -> Mapping:
    """Raises Unprocessable, naming the key that is wrong."""
    try:
        return Mapping.load(path)
    except MappingError as error:
        raise _wrong_mapping(error.saying) from None


def _wrong_mapping(problem: Saying) -> Unprocessable:
    return Unprocessable(fields=[FieldProblem("mapping", problem)])
