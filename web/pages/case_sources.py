"""The platforms by which cases can be looked for."""

from sqlalchemy import exists, or_
from sqlmodel import Session, col, select

from storage.models import Case, Source
from web.pages.batch_list import SourceRef
from web.pages.scoping import halls_in_scope, sources_in_scope
from web.viewer import Viewer


def sources_of_cases(session: Session, viewer: Viewer) -> tuple[SourceRef, ...]:
    """Those of the halls in scope, and those that have sent a case of one of them: its page names its source."""
    of_hall = col(Case.source_id) == col(Source.id), halls_in_scope(viewer, col(Case.hall_id))
    seen = or_(sources_in_scope(viewer), exists().where(*of_hall))
    found = session.exec(select(Source).where(seen).order_by(col(Source.name), col(Source.id)))
    return tuple(SourceRef(source.id, source.name or source.id) for source in found)
