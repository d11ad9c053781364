"""Deciding on what somebody has proposed, the same way for the catalogue and for the formula."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from pydantic import Field
from sqlmodel import Session, col, select

from correlation.proposals import LEADS_TO, Act, Refusal, refusal
from storage.models import Proposal, User
from storage.sayings import Saying
from web.auth import require
from web.declared_values import Strict
from web.errors import Conflict, Forbidden, Unprocessable
from web.field_problems import FieldProblem
from web.permissions import Permission
from web.viewer import Viewer

Decider = Annotated[Viewer, Depends(require(Permission.PROPOSE, Permission.APPROVE))]
_REFUSED: Mapping[Refusal, Saying] = {
    Refusal.OVER: Saying("This is decided or withdrawn already."),
    Refusal.OWN: Saying("Nobody decides on what they have proposed themselves. Leave it to somebody else."),
    Refusal.NOT_OWN: Saying("Only who proposed it withdraws it; send it back instead."),
    Refusal.NO_REASON: Saying("Say why it is sent back."),
}


class Decision(Strict):
    act: Act
    reason: Annotated[str, Field(max_length=2000)] = ""
    """Needed where it is sent back."""


def decide(proposal: Proposal, decision: Decision, viewer: Viewer, now: datetime) -> None:
    """Writes it down. Raises Forbidden, Conflict and Unprocessable."""
    if decision.act is not Act.WITHDRAW and not viewer.may(Permission.APPROVE):
        raise Forbidden
    why = refusal(proposal.state, decision.act, decision.reason, is_own=proposal.proposed_by == viewer.user_id)
    if why is Refusal.NO_REASON:
        raise Unprocessable(fields=[FieldProblem("reason", _REFUSED[why])])
    if why is not None:
        raise Conflict(_REFUSED[why])
    proposal.state, proposal.answer = LEADS_TO[decision.act], decision.reason
    proposal.decided_by, proposal.decided_at = viewer.user_id, now


def acts_of(proposal: Proposal, viewer: Viewer) -> tuple[Act, ...]:
    """What the viewer may do about it."""
    own = proposal.proposed_by == viewer.user_id
    allowed = (act for act in Act if act is Act.WITHDRAW or viewer.may(Permission.APPROVE))
    return tuple(act for act in allowed if refusal(proposal.state, act, "-", is_own=own) is None)


def names_of(session: Session, proposals: Iterable[Proposal]) -> dict[int | None, str]:
    """Of whoever proposed and decided."""
    wanted = {who for each in proposals for who in (each.proposed_by, each.decided_by) if who}
    people = session.exec(select(User).where(col(User.id).in_(wanted)))
    return {user.id: user.display_name or user.name for user in people}
