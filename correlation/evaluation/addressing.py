"""The number by which pages and programs name an evaluation. A draft that is counted again hands it on."""

from sqlmodel import Session, col, select

from storage.models import Evaluation, EvaluationState


def at_address(session: Session, address: int) -> Evaluation | None:
    """The draft as it was counted last, or what was published of it."""
    return session.exec(select(Evaluation).where(Evaluation.address == address)).first()


def shown_at(session: Session, address: int) -> Evaluation | None:
    """The draft of an erratum that would correct nothing any more has no units: then it is what is in force."""
    found = at_address(session, address)
    return _in_force(session, found) if found and found.differs is False else found


def _in_force(session: Session, draft: Evaluation) -> Evaluation | None:
    published = select(Evaluation).where(Evaluation.month == draft.month, Evaluation.state == EvaluationState.PUBLISHED)
    return session.exec(published.order_by(col(Evaluation.number).desc())).first()


def is_taken_back(session: Session, month: str, number: int) -> bool:
    """It was the draft of an erratum, and would correct nothing any more."""
    kept = select(Evaluation.differs).where(Evaluation.month == month, Evaluation.number == number)
    return session.exec(kept).first() is False
