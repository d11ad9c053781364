"""The platforms by which cases can be looked for."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, col, select

from storage.models import Case, Role, Source
from web.pages.batch_list import SourceRef
from web.pages.scoping import cases_in_scope, sources_in_scope
from web.viewer import Viewer


def sources_of_cases(session: Session, viewer: Viewer) -> tuple[SourceRef, ...]:
    """Those that have sent a case in scope, whose page names them; but for departments those of the halls, too."""
    found = session.exec(select(Source).where(_is_seen(viewer)).order_by(col(Source.name), col(Source.id)))
    return tuple(SourceRef(source.id, source.name or source.id) for source in found)


def seen_sources(session: Session, viewer: Viewer, named: Collection[str]) -> set[str]:
    """Which of these are among them."""
    of = col(Source.id).in_(sorted(named))
    return set(session.exec(select(Source.id).where(of, _is_seen(viewer)))) if named else set()


def _is_seen(viewer: Viewer) -> ColumnElement[bool]:
    """Asked of each source by an index: of its cases by hall, or by department and hall."""
    has_sent = exists().where(col(Case.source_id) == col(Source.id), cases_in_scope(viewer))
    return has_sent if viewer.role is Role.DEPARTMENT else or_(sources_in_scope(viewer), has_sent)
