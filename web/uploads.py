"""A file of cases that somebody uploads, and the mapping by which it is read."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

from fastapi import Depends, Request, UploadFile

from ingest.approvals.acceptance import BatchReport, UnknownSource
from ingest.approvals.file_format import UnusableFile
from ingest.approvals.importing import import_file
from ingest.approvals.mapping import Mapping, MappingError
from storage.sayings import Saying
from web.access_log import log_access
from web.addresses import client_address
from web.auth import require
from web.errors import NotFound, Unprocessable
from web.field_problems import FieldProblem
from web.permissions import Permission
from web.services import Services, ServicesDep
from web.viewer import Viewer

MAX_MAPPING = 1 << 20
_LONGEST_NAME = 60  # of characters with up to four bytes; file systems take 255 bytes
_PIECE = 1 << 20


@dataclass(frozen=True)
class ImportDesk:
    """Where somebody imports a file."""

    services: Services
    viewer: Viewer
    address: str


def import_desk(
    request: Request, services: ServicesDep, viewer: Annotated[Viewer, Depends(require(Permission.IMPORT))]
) -> ImportDesk:
    return ImportDesk(services, viewer, client_address(request))


ImportDeskDep = Annotated[ImportDesk, Depends(import_desk)]


def name_of(upload: UploadFile | None) -> str:
    """Without folders; empty where no file was chosen, which browsers send as a part without a name."""
    sent = (upload.filename or "" if upload else "").replace("\\", "/")
    name = "".join(sign for sign in PurePosixPath(sent).name if sign.isprintable())
    return "" if name == ".." else name[-_LONGEST_NAME:]


def import_upload(
    desk: ImportDesk, source_id: str, upload: UploadFile, mapping: Mapping | None, *, dry_run: bool
) -> BatchReport:
    """What was written is in the access log, too.

    Raises Unprocessable for a file that cannot be read or a mapping that does not fit, NotFound for a source that
    is gone.
    """
    services, now = desk.services, desk.services.clock()
    with tempfile.TemporaryDirectory(prefix="hallwatch-import-") as folder:
        path = Path(folder) / name_of(upload)
        with path.open("wb") as target:  # web.body_limits has seen to its size
            shutil.copyfileobj(upload.file, target, _PIECE)
        try:
            report = import_file(services.database, source_id, path, mapping, now, dry_run=dry_run)
        except UnusableFile as error:
            raise Unprocessable(fields=[FieldProblem("file", error.saying)]) from None
        except MappingError as error:
            raise _wrong_mapping(error.saying) from None
        except UnknownSource:
            raise NotFound from None
    if report.batch_id is not None:
        with services.database.transaction() as session:
            subject = f"batch:{report.batch_id} source:{source_id}"
            log_access(session, desk.viewer, "import", subject, name_of(upload), now, desk.address)
    return report


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
