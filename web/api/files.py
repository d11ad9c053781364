"""Files of cases, for who may import them."""

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile

from ingest.approvals.reports import BatchReport
from storage.sayings import Saying
from web.errors import Unprocessable
from web.field_problems import FieldProblem
from web.scope import scoped_source
from web.uploads import ImportDeskDep, import_upload, name_of, read_mapping

router = APIRouter(prefix="/api/v1", tags=["approvals"])


@router.post("/sources/{source}/files")
def import_file_of_cases(
    source: str,
    desk: ImportDeskDep,
    file: Annotated[UploadFile, File(description="JSON Lines or CSV; the ending of its name says which")],
    mapping: Annotated[UploadFile | None, File(description="TOML: how the columns of a CSV are to be read")] = None,
    dry_run: Annotated[bool, Form(description="only say what would become of the rows")] = False,
) -> BatchReport:
    """Takes the good rows of a file and reports each bad one; reading a file again adds nothing.

    404 for a source outside the user's halls, 413 above 512 MiB, 422 for a file that is neither format or
    holds no rows, or a mapping that cannot be used.
    """
    with desk.services.database.transaction() as session:
        scoped_source(session, desk.viewer, source)
    if not name_of(file):
        raise Unprocessable(fields=[FieldProblem("file", Saying("A file needs a name such as steps.csv."))])
    read_by = read_mapping(mapping) if mapping and name_of(mapping) else None
    return import_upload(desk, source, file, read_by, dry_run=dry_run)
