"""Versions of the rules for cards that a site declares: where its practice differs from what comes along."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from web.declared_values import Strict

_Days = Annotated[int, Field(ge=0, le=60)]
_SomeDays = Annotated[int, Field(ge=1, le=60)]


class EscalationDeclaration(Strict):
    """Who is told of a card that nobody has answered for so many working hours."""

    card: Literal["yellow", "red"]
    after_hours: Annotated[int, Field(ge=0, le=500)]
    to: Literal["head", "supervisor", "district"]


class CardRulesDeclaration(Strict):
    """What is not said is as in the rules that come along, those of its first day."""

    version: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$")]
    effective: date
    """For cases received from that day on."""
    source: Annotated[str, Field(min_length=1, max_length=500)]
    """What it rests on; stands beside the sources of the rules."""
    remind_days: _SomeDays | None = None
    remind_hours: _SomeDays | None = None
    remind_at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] | None = None
    correction_days: _SomeDays | None = None
    explain_days: _SomeDays | None = None
    grace_days: _Days | None = None
    pause_days: _Days | None = None
    back_dated_days: _SomeDays | None = None
    batch_cases: Annotated[int, Field(ge=2, le=200)] | None = None
    escalation: Annotated[tuple[EscalationDeclaration, ...], Field(max_length=20)] | None = None
    """Not said: as they come along; empty: nobody above is told."""
