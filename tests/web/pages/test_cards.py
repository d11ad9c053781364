"""Cards on the page of their case."""

import re
from dataclasses import replace
from datetime import timedelta

from sqlmodel import col, delete, select

from correlation.deadlines.card_log import say
from correlation.deadlines.explaining import explain
from correlation.deadlines.rules import shipped_rules
from storage.models import CardAct, CardState, RecordRevision, Step, User, WebSession
from tests.web.carded import a_card
from tests.web.pages.a_day import NOW
from tests.web.pages.conftest import signed_in
from web.services import Services


def test_the_page_of_a_case_shows_what_was_said_about_its_cards(day: Services) -> None:
    later = NOW.replace(month=12, day=9)
    with day.database.transaction() as session:
        for step in session.exec(select(Step).where(Step.case_id == 2, col(Step.kind).in_(["decide", "close"]))):
            session.execute(delete(RecordRevision).where(col(RecordRevision.record_id) == step.id))
        explained = explain(session, 2, shipped_rules(), later)
        assert explained is not None
        yellow = explained.cards[1]
        raised = {"raised_at": yellow.raised_at, "late_from": yellow.late_from}
        session.add(a_card(2, id=1, **raised))
        session.flush()
        supervisor = session.exec(select(User.id).where(User.name == "supervisor")).one() or 0
        card = say(session, 1, CardAct.WITHDRAW, "系统故障", supervisor, yellow.raised_at + timedelta(hours=9))
        assert card.state is CardState.WITHDRAWN
    client = signed_in(replace(day, clock=lambda: later), "inspector")
    with day.database.transaction() as session:
        session.exec(select(WebSession)).one().expires_at = later + timedelta(hours=1)
    shown = client.get("/cases/2.json").json()["deadlines"]["cards"]
    found = [(card["id"], card["kind"], card["state"]) for card in shown]
    assert found == [(None, "reminder", "raised"), (1, "yellow", "withdrawn")], "one that the clerk has yet to write"
    assert shown[1]["log"][0]["text"] == "系统故障"
    page = client.get("/cases/2").text
    reminder, yellow_card = re.findall(r'<li class="stack"><p class="row"><span class="chip".*?</p>', page, re.DOTALL)[
        :2
    ]
    assert "The limit passes soon" in reminder
    assert "href" not in reminder
    assert '<a href="/cards/1">The promised limit has passed</a>' in yellow_card
    assert client.get("/cards/1").status_code == 200
    assert "系统故障" in page
    assert "by a supervisor" in page
    assert "/cards?state=all&amp;q=" in page
