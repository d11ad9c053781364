"""The log of a card, as pages show it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from storage.models import CardAct, CardWord, User


@dataclass(frozen=True)
class WordRow:
    act: CardAct
    text: str
    by: str
    at: datetime


def word_rows(session: Session, words: Mapping[int, Sequence[CardWord]]) -> dict[int, tuple[WordRow, ...]]:
    """By card; one query for any number of them."""
    names = _names(session, {word.user_id for said in words.values() for word in said})
    return {
        card_id: tuple(WordRow(word.act, word.text, names[word.user_id], word.at) for word in said)
        for card_id, said in words.items()
    }


def _names(session: Session, user_ids: Collection[int]) -> dict[int | None, str]:
    users = session.exec(select(User).where(col(User.id).in_(user_ids)))
    return {user.id: user.display_name or user.name for user in users}
