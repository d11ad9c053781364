"""What people have said about cards: an append-only log, with the state that it leads to beside the card."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from correlation.deadlines.workflow import LIFTING, MOVES, Refusal, Subject, Word, refusal
from storage.models import Card, CardAct, CardWord, Case
from storage.turns import take_turns


class SayingRefused(Exception):
    """This may not be said about the card now."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


def say(session: Session, card_id: int, act: CardAct, text: str, by: int, now: datetime) -> Card:
    """Appends it to the log. A card that is lifted is withdrawn at once; what rests on it, when its case is reckoned.

    Raises SayingRefused.
    """
    case_id = session.exec(select(Card.case_id).where(Card.id == card_id)).one()
    # As the clerk does it: two who speak at once, or one while cards are reckoned, take turns.
    take_turns(session, Case, case_id)
    of_case = select(Case).where(Case.id == case_id)
    case = session.exec(of_case.execution_options(populate_existing=True)).one()
    card = session.exec(select(Card).where(Card.id == card_id).execution_options(populate_existing=True)).one()
    said = words_of(session, [card_id])[card_id]
    why = refusal(subject(card), spoken(said), Word(act, by, now))
    if why is not None:
        raise SayingRefused(why)
    session.add(CardWord(card_id=card_id, number=len(said) + 1, act=act, text=text, user_id=by, at=now))
    card.state = MOVES[act].after
    if act in LIFTING:
        card.withdrawn_at = now
        case.limits_reckoned = False
    session.add_all([card, case])
    session.flush()
    return card


def words_of(session: Session, card_ids: Collection[int]) -> defaultdict[int, list[CardWord]]:
    """By card, in their order."""
    found: defaultdict[int, list[CardWord]] = defaultdict(list)
    words = select(CardWord).where(col(CardWord.card_id).in_(card_ids)).order_by(col(CardWord.number))
    for word in session.exec(words):
        found[word.card_id].append(word)
    return found


def spoken(words: Sequence[CardWord]) -> tuple[Word, ...]:
    return tuple(Word(word.act, word.user_id, word.at) for word in words)


def subject(card: Card) -> Subject:
    return Subject(card.kind, card.raised_at, card.withdrawn_at, card.explain_by)
