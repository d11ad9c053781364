"""Messages wait for the end of a channel's quiet hours, but for urgent ones; a person gets what they may see."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select

from storage.models import Alert, AlertKind, Audience, Delivery, DeliveryState, Role, Scope, User
from tests.web.conftest import NOON, Clock, SignedIn
from tests.web.test_card_news import Post
from web.channels import Channel
from web.notify import Notifier
from web.quiet import QuietHours, quiet_hours
from web.services import Services

NIGHT = QuietHours(time(22), time(7))
LUNCH = QuietHours(time(11, 30), time(14))
"""In the hall's time; it is noon there."""
minutes = st.integers(0, 60 * 24 * 400).map(lambda number: NOON + timedelta(minutes=number))
clocks = st.times(timezones=st.none()).map(lambda clock: clock.replace(second=0, microsecond=0))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-02T21:59", None),
        ("2026-03-02T22:00", "2026-03-03T07:00"),
        ("2026-03-03T06:59", "2026-03-03T07:00"),
        ("2026-03-03T07:00", None),
    ],
)
def test_a_night_goes_on_into_the_next_day(now: str, until: str | None) -> None:
    assert NIGHT.over_at(at(now)) == (at(until) if until else None)


@settings(max_examples=80)
@given(clocks, clocks, minutes)
def test_what_waits_is_sent_at_the_end_and_no_moment_later(start: time, end: time, now: datetime) -> None:
    assume(start != end)
    quiet = QuietHours(start, end)
    until = quiet.over_at(now)
    if until is None:
        assert QuietHours(end, start).over_at(now), "every moment is in the one half of the day or in the other"
        return
    assert now < until <= now + timedelta(days=1)
    assert until.astimezone(quiet.zone).time() == end
    assert quiet.over_at(until) is None


def test_no_hours_are_none() -> None:
    assert quiet_hours("", "") is None
    with pytest.raises(ValueError, match="differ"):
        QuietHours(time(9), time(9))


def outbox(services: Services, post: Post, **more: Any) -> Notifier:
    channel = Channel("duty", "json://127.0.0.1/duty", tuple(AlertKind), NOON - timedelta(days=1), **more)
    return Notifier(services.database, lambda _session: (channel,), "", post)


def raise_one(services: Services, kind: AlertKind = AlertKind.JOB_FAILING, **more: Any) -> None:
    with services.database.transaction() as session:
        session.execute(delete(Delivery))
        session.execute(delete(Alert))
        session.add(Alert(kind=kind, raised_at=NOON, **{"hall_id": "cc", "counter_id": "cc-1"} | more))


def delivery(services: Services) -> Delivery:
    with services.database.transaction() as session:
        return session.exec(select(Delivery)).one()


def test_a_message_waits_untried_and_is_sent_at_the_end_though_it_is_old_by_then(services: Services) -> None:
    raise_one(services)
    post = Post()
    told = outbox(services, post, quiet=LUNCH)
    two = NOON + timedelta(hours=2)
    for now in (NOON, NOON + timedelta(minutes=90), two - timedelta(seconds=1)):
        assert told.run_once(now) == 0
    waiting = delivery(services)
    assert (waiting.state, waiting.attempts, waiting.next_try) == (DeliveryState.PENDING, 0, two)
    assert told.run_once(two) == 1
    assert delivery(services).state is DeliveryState.SENT
    assert told.run_once(two + timedelta(seconds=2)) == 0, "once"


def test_after_the_end_it_is_tried_for_an_hour_as_ever(services: Services) -> None:
    raise_one(services)
    post = Post()
    told = outbox(services, post, quiet=LUNCH)
    told.run_once(NOON)
    post.up = False
    two = NOON + timedelta(hours=2)
    assert told.run_once(two) == 0
    told.run_once(two + timedelta(minutes=61))
    assert delivery(services).state is DeliveryState.FAILED


def test_what_is_urgent_does_not_wait(services: Services) -> None:
    raise_one(services, AlertKind.STORE_UNSAFE)
    assert outbox(services, Post(), quiet=LUNCH, urgent=(AlertKind.JOB_FAILING,)).run_once(NOON) == 0
    raise_one(services)
    assert outbox(services, Post(), quiet=NIGHT).run_once(NOON) == 1


@pytest.mark.parametrize(("urgent", "sent"), [((AlertKind.JOB_FAILING,), 1), ((AlertKind.NODE_SILENT,), 0), ((), 0)])
def test_only_the_kinds_that_are_named_are_urgent(services: Services, urgent: tuple[AlertKind, ...], sent: int) -> None:
    raise_one(services)
    assert outbox(services, Post(), quiet=LUNCH, urgent=urgent).run_once(NOON) == sent


@pytest.mark.parametrize(
    ("role", "hall", "gets"),
    [
        (Role.SUPERVISOR, "cc", True),
        (Role.SUPERVISOR, "nh", False),
        (Role.SUPERVISOR, None, True),
        (Role.DEPARTMENT, "cc", True),
        (Role.DEPARTMENT, None, False),
        (Role.INSPECTOR, "cc", False),
        (Role.ADMIN, "nh", True),
    ],
)
def test_a_person_gets_the_alerts_that_they_may_see(
    services: Services, role: Role, hall: str | None, gets: bool
) -> None:
    raise_one(services, AlertKind.JOB_FAILING, hall_id=hall, counter_id=None)
    user_id = list(Role).index(role) + 1
    assert outbox(services, Post(), user_id=user_id).run_once(NOON) == int(gets)


def test_a_person_who_is_disabled_or_has_lost_the_hall_gets_nothing(services: Services) -> None:
    raise_one(services)
    with services.database.transaction() as session:
        session.delete(session.get_one(Scope, (1, "cc")))
        session.get_one(User, 5).active = False
    assert outbox(services, Post(), user_id=1).run_once(NOON) == 0
    assert outbox(services, Post(), user_id=5).run_once(NOON) == 0


def test_what_waits_is_shown_with_its_time(services: Services, signed_in: SignedIn, clock: Clock) -> None:
    raise_one(services)
    outbox(services, Post(), quiet=LUNCH).run_once(NOON)
    supervisor = signed_in("supervisor")
    [row] = supervisor.get("/alerts.json").json()["alerts"]
    assert row["deliveries"][0]["waits_until"] == "2026-03-02T06:00:00Z"
    assert "安静时段" in supervisor.get("/alerts", headers={"Accept-Language": "zh"}).text


QUIET = {"quiet_from": "22:00", "quiet_to": "07:00", "urgent": ["node_silent"], "person": "supervisor"}
DUTY = {"name": "duty", "url": "json://127.0.0.1:1/hook", "kinds": ["absence"]}
ADDRESS = "/api/v1/channels/duty"


def test_an_administrator_sets_them_by_api_and_by_page(signed_in: SignedIn) -> None:
    assert signed_in("supervisor").put(ADDRESS, json=DUTY | QUIET).status_code == 403
    admin = signed_in("admin")
    shown = admin.put(ADDRESS, json=DUTY | QUIET).json()
    assert {name: shown[name] for name in QUIET} == QUIET
    page = admin.get("/admin/channels?edit=duty", headers={"Accept-Language": "zh"}).text
    for words in ("22:00–07:00", 'value="07:00"', "不受安静时段限制的告警"):
        assert words in page
    form = {"kinds": "absence", "person": "", "quiet_from": "", "quiet_to": "", "audience": "alerts"}
    assert admin.post("/admin/channels?edit=duty", data=form).status_code == 303
    [shown] = admin.get("/api/v1/channels").json()
    assert (shown["person"], shown["quiet_from"], shown["urgent"]) == ("", "", [])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"quiet_from": "25:00"}, "time of day"),
        ({"quiet_to": ""}, "both, or neither"),
        ({"quiet_to": "22:00"}, "cannot end when they begin"),
        ({"person": "nobody"}, "no user nobody"),
        ({"urgent": ["lunch"]}, "Choose one"),
        ({"audience": Audience.HEAD.value}, "contact persons are on record"),
    ],
)
def test_what_makes_no_sense_is_refused(signed_in: SignedIn, wrong: dict[str, Any], words: str) -> None:
    answer = signed_in("admin").put(ADDRESS, json=DUTY | QUIET | wrong)
    assert answer.status_code == 422
    assert words in answer.text
