"""Who may decide what on a change that somebody proposed. Pure."""

from enum import StrEnum

from storage.models import ProposalState


class Act(StrEnum):
    APPROVE = "approve"
    RETURN = "return"  # with a reason
    WITHDRAW = "withdraw"  # by who proposed it


class Refusal(StrEnum):
    OVER = "over"  # it is decided or withdrawn
    OWN = "own"  # nobody decides on what they have proposed themselves
    NOT_OWN = "not_own"  # only who proposed it withdraws it
    NO_REASON = "no_reason"


LEADS_TO = {
    Act.APPROVE: ProposalState.APPROVED,
    Act.RETURN: ProposalState.RETURNED,
    Act.WITHDRAW: ProposalState.WITHDRAWN,
}


def refusal(state: ProposalState, act: Act, reason: str, *, is_own: bool) -> Refusal | None:
    """Why it may not be done; None: it may."""
    if state is not ProposalState.PROPOSED:
        return Refusal.OVER
    if is_own and act is not Act.WITHDRAW:
        return Refusal.OWN
    if not is_own and act is Act.WITHDRAW:
        return Refusal.NOT_OWN
    return Refusal.NO_REASON if act is Act.RETURN and not reason else None
