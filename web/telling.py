"""Who is told what of cards: each thing once to each who reads it, many at once in one message. Pure.

What could only be raised long after its limit is an old case that was read in late: nobody is called for each of them,
but told once a day how many there are.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from storage.models import Audience, Matter, News

NEWS_FOR = timedelta(days=3)
"""What is older is told to nobody any more; cards stay in the inbox."""
OLD_AFTER = timedelta(days=14)
"""A card that appears so long after what it is about is of an old case; holidays and days of grace are shorter."""
ONE_BY_ONE = 3
"""More at a time share a message."""


class Fact(NamedTuple):
    """Something that has happened and is worth telling."""

    matter: Matter
    matter_id: int
    news: News
    number: int
    at: datetime
    audience: Audience
    place: str | None
    """Id of the department, the hall or the district whose it is; None where it is not known."""
    is_old: bool = False


class Route(NamedTuple):
    """A channel to one who reads it."""

    channel: str
    contact: int
    """0: the channel is nobody's in particular."""
    recipient: str
    audience: Audience
    place: str
    """Id of what it is told of; empty: of everything."""
    since: datetime


class Key(NamedTuple):
    """What may be told once."""

    matter: Matter
    matter_id: int
    news: News
    number: int
    channel: str
    contact: int


class Parcel(NamedTuple):
    """One message."""

    route: Route
    facts: tuple[Fact, ...]
    summed_up: date | None = None
    """The day, of a summary of old cases."""


Summaries = Collection[tuple[str, int, date]]
"""Channel, contact person and day of those there have been."""


def key(fact: Fact, route: Route) -> Key:
    return Key(fact.matter, fact.matter_id, fact.news, fact.number, route.channel, route.contact)


def parcels(
    facts: Sequence[Fact], routes: Sequence[Route], told: Mapping[Key, bool], summaries: Summaries, now: datetime
) -> Iterator[Parcel]:
    """`told`: what has a message, and whether that was sent."""
    by_place = _by_place(facts)
    for route in routes:
        new = [fact for fact in by_place[route.audience, route.place] if _is_news(fact, route, told, now)]
        yield from _at_once(route, [fact for fact in new if not fact.is_old])
        old = tuple(fact for fact in new if fact.is_old)
        if old:
            yield Parcel(route, old, _day_of_summary(route, summaries, now.date()))


def _day_of_summary(route: Route, summaries: Summaries, today: date) -> date:
    """What comes after the one of today waits for the next."""
    is_taken = (route.channel, route.contact, today) in summaries
    return today + timedelta(days=1) if is_taken else today


def _by_place(facts: Sequence[Fact]) -> defaultdict[tuple[Audience, str], list[Fact]]:
    """Each under its own place, and under the empty one."""
    found: defaultdict[tuple[Audience, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        for place in {fact.place or "", ""}:
            found[fact.audience, place].append(fact)
    return found


def _is_news(fact: Fact, route: Route, told: Mapping[Key, bool], now: datetime) -> bool:
    if not max(route.since, now - NEWS_FOR) < fact.at <= now or key(fact, route) in told:
        return False
    # That a card is gone interests whoever has heard of it.
    return fact.news is not News.LIFTED or told.get(key(fact._replace(news=News.RAISED, number=0), route), False)


def _at_once(route: Route, facts: Sequence[Fact]) -> Iterator[Parcel]:
    if len(facts) > ONE_BY_ONE:
        yield Parcel(route, tuple(facts))
    else:
        yield from (Parcel(route, (fact,)) for fact in facts)
