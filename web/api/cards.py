"""What people say about cards: explaining, deciding, appealing, correcting, closing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from correlation.deadlines.card_log import SayingRefused
from correlation.deadlines.card_log import say as append
from correlation.deadlines.workflow import MOVES, Party, Refusal
from storage.models import CardAct, CardState
from storage.sayings import Saying
from web.auth import require
from web.declared_values import Strict
from web.errors import Conflict, Forbidden
from web.permissions import Permission
from web.row_ids import RowId
from web.scope import scoped_card
from web.services import ServicesDep
from web.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["cards"])
Speaker = Annotated[Viewer, Depends(require(Permission.ANSWER_CARDS, Permission.JUDGE_CARDS))]
LONGEST_WORD = 2000
_SPEAKS_FOR: Mapping[Party, Permission] = {
    Party.DEPARTMENT: Permission.ANSWER_CARDS,
    Party.SUPERVISOR: Permission.JUDGE_CARDS,
}
_REFUSED: Mapping[Refusal, Saying] = {
    Refusal.REMINDER: Saying("A reminder accuses nobody; there is nothing to answer."),
    Refusal.TOO_EARLY: Saying("This would be said before what it answers. Check the server's clock."),
    Refusal.TOO_LATE: Saying("The time for an explanation is over; the card counts as not explained."),
    Refusal.WITHDRAWN: Saying("The card is withdrawn: what it rests on has changed. There is nothing left to answer."),
    Refusal.OUT_OF_TURN: Saying("This cannot be said of the card as it stands now: see what was said meanwhile."),
    Refusal.OWN_CASE: Saying("Nobody decides on what they have said themselves. Leave it to somebody else."),
}


class CardWordRequest(Strict):
    act: CardAct
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_WORD)]
    """Why."""


class CardShown(BaseModel):
    id: int
    case_id: int
    kind: str
    state: CardState
    withdrawn_at: datetime | None


@router.post("/cards/{card_id}/words")
def say(card_id: RowId, wanted: CardWordRequest, services: ServicesDep, viewer: Speaker) -> CardShown:
    """Appends to the card's log. A card that is withdrawn does not turn red and is not raised again.

    409 where it cannot be said of the card as it stands.
    """
    with services.database.transaction() as session:
        scoped_card(session, viewer, card_id)
        if MOVES[wanted.act].party not in parties_of(viewer):
            raise Forbidden
        try:
            card = append(session, card_id, wanted.act, wanted.text, viewer.user_id, services.clock())
        except SayingRefused as refused:
            raise Conflict(_REFUSED[refused.why]) from None
        return CardShown(id=card_id, **card.model_dump(include={"case_id", "kind", "state", "withdrawn_at"}))


def parties_of(viewer: Viewer) -> frozenset[Party]:
    """For whom somebody may speak."""
    return frozenset(party for party, permission in _SPEAKS_FOR.items() if viewer.may(permission))
