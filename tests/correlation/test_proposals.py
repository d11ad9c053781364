"""A change is decided once, and by somebody else."""

from itertools import product

import pytest

from correlation.proposals import LEADS_TO, Act, Refusal, refusal
from storage.models import ProposalState


def test_nobody_but_another_approves_and_nobody_but_its_own_withdraws() -> None:
    proposed = ProposalState.PROPOSED
    assert refusal(proposed, Act.APPROVE, "", is_own=True) is Refusal.OWN
    assert refusal(proposed, Act.RETURN, "数据有误", is_own=True) is Refusal.OWN
    assert refusal(proposed, Act.WITHDRAW, "", is_own=False) is Refusal.NOT_OWN
    assert refusal(proposed, Act.RETURN, "", is_own=False) is Refusal.NO_REASON
    allowed = ((Act.APPROVE, "", False), (Act.RETURN, "数据有误", False), (Act.WITHDRAW, "", True))
    assert [refusal(proposed, act, reason, is_own=own) for act, reason, own in allowed] == [None] * 3


@pytest.mark.parametrize(("act", "own"), [*product(Act, (True, False))])
def test_what_is_decided_stays(act: Act, own: bool) -> None:
    for state in LEADS_TO.values():
        assert refusal(state, act, "x", is_own=own) is Refusal.OVER
