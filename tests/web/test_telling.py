"""Who is told what of cards: once, at once where it is news, and once a day where it is not."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.models import Audience, Matter, News
from web.telling import NEWS_FOR, ONE_BY_ONE, Fact, Key, Parcel, Route, key, parcels

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=300)
TAX = Route("duty", 0, "", Audience.CONTACT, "tax", LONG_AGO)


def raised(card: int, hours_ago: float = 1, department: str | None = "tax", *, is_old: bool = False) -> Fact:
    at = NOW - timedelta(hours=hours_ago)
    return Fact(Matter.CARD, card, News.RAISED, 0, at, Audience.CONTACT, department, is_old)


def sent(found: Sequence[Parcel]) -> list[list[int]]:
    return [[fact.matter_id for fact in parcel.facts] for parcel in found]


def written(found: Sequence[Parcel]) -> dict[Key, bool]:
    return {key(fact, parcel.route): True for parcel in found for fact in parcel.facts}


def plan(facts: Sequence[Fact], told: dict[Key, bool] | None = None, route: Route = TAX) -> list[Parcel]:
    return list(parcels(facts, [route], told or {}, (), NOW))


def test_a_few_cards_are_told_one_by_one_and_many_in_one_message() -> None:
    assert sent(plan([raised(1), raised(2)])) == [[1], [2]]
    many = [raised(number) for number in range(ONE_BY_ONE + 1)]
    assert sent(plan(many)) == [list(range(ONE_BY_ONE + 1))]


def test_a_department_is_told_of_its_own_cards_only() -> None:
    assert sent(plan([raised(1, department="civil"), raised(2, department=None), raised(3)])) == [[3]]


def test_whoever_is_above_is_told_of_their_own_place_or_of_everything() -> None:
    facts = [
        raised(number, department=hall)._replace(news=News.ESCALATED, number=1, audience=Audience.SUPERVISOR)
        for number, hall in enumerate(["cc", "nh", None])
    ]
    supervisor = TAX._replace(audience=Audience.SUPERVISOR, place="cc")
    assert sent(plan(facts, route=supervisor)) == [[0]]
    assert sent(plan(facts, route=supervisor._replace(place=""))) == [[0], [1], [2]]
    assert plan(facts, route=TAX._replace(place="cc")) == []


def test_what_was_before_the_channel_and_what_is_no_news_is_not_told() -> None:
    late = TAX._replace(since=NOW - timedelta(hours=2))
    assert sent(plan([raised(1, hours_ago=2), raised(2)], route=late)) == [[2]]
    assert plan([raised(1, hours_ago=NEWS_FOR / timedelta(hours=1))]) == []


def test_a_withdrawal_interests_whoever_has_got_the_news_of_the_card() -> None:
    lifted = raised(1)._replace(news=News.LIFTED)
    assert plan([lifted]) == []
    assert plan([lifted], {key(raised(1), TAX): False}) == []
    assert sent(plan([lifted], {key(raised(1), TAX): True})) == [[1]]


def test_thousands_of_old_cases_that_are_read_in_are_one_message_a_day() -> None:
    old = [raised(number, is_old=True) for number in range(3000)]
    [summary] = plan(old)
    assert (len(summary.facts), summary.summed_up) == (3000, date(2026, 3, 2))
    more = raised(9999, is_old=True)
    [next_one] = parcels([more], [TAX], written([summary]), {("duty", 0, date(2026, 3, 2))}, NOW)
    assert (sent([next_one]), next_one.summed_up) == ([[9999]], date(2026, 3, 3))


FACTS = st.lists(
    st.builds(
        raised,
        st.integers(1, 9),
        st.floats(0, 100),
        st.sampled_from(["tax", "civil", None]),
        is_old=st.booleans(),
    ),
    max_size=20,
    unique_by=lambda fact: fact.matter_id,
)
ROUTES = st.lists(
    st.builds(
        Route,
        st.sampled_from(["duty", "mail"]),
        st.integers(0, 2),
        st.just(""),
        st.just(Audience.CONTACT),
        st.sampled_from(["tax", "civil"]),
        st.just(LONG_AGO),
    ),
    unique_by=lambda route: (route.channel, route.contact),
)


@given(FACTS, ROUTES)
@settings(max_examples=30)
def test_whoever_looks_twice_tells_nothing_twice(facts: list[Fact], routes: list[Route]) -> None:
    first = list(parcels(facts, routes, {}, (), NOW))
    told = [key(fact, parcel.route) for parcel in first for fact in parcel.facts]
    assert len(told) == len(set(told))
    assert list(parcels(facts, routes, written(first), (), NOW)) == []
    assert all(fact.place == parcel.route.place for parcel in first for fact in parcel.facts)
