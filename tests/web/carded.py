"""Cards of the two cases of a morning: case 1 is of hall `cc`, case 2 of hall `nh`, both of the tax office."""

from datetime import UTC, datetime, timedelta
from typing import Any

from correlation.deadlines.clocks import clocks
from correlation.deadlines.derivation import derive
from correlation.deadlines.facts import CaseFacts, Limit
from correlation.deadlines.rules import shipped_rules
from correlation.deadlines.work_calendar import WorkCalendar
from storage.models import Card, CardCause, CardKind, ClockName

ACCEPTED = datetime(2026, 2, 11, 2, 0, tzinfo=UTC)
LATE_FROM = datetime(2026, 2, 25, 16, 0, tzinfo=UTC)
"""Promised within 5 working days, with the Spring Festival between."""


def a_card(case_id: int, **more: Any) -> Card:
    """A yellow one, as the clerk writes it down."""
    facts = CaseFacts(received_at=ACCEPTED, accepted_at=ACCEPTED, legal=Limit(20), promised=Limit(5))
    calendar = WorkCalendar()
    then = clocks(facts, shipped_rules(), calendar)
    clock = then.named(ClockName.PROMISED)
    assert clock is not None
    assert clock.out.late_from == LATE_FROM
    said: dict[str, Any] = {
        "kind": CardKind.YELLOW,
        "cause": CardCause.PAST_PROMISED,
        "clock": ClockName.PROMISED,
        "late_from": LATE_FROM,
        "raised_at": LATE_FROM,
        "correct_by": LATE_FROM + timedelta(days=20),
        "derivation": derive(clock, then, facts, calendar, LATE_FROM).as_json(),
    }
    wanted = {**said, **more}
    return Card(case_id=case_id, **{"announced_at": wanted["raised_at"], **wanted})
