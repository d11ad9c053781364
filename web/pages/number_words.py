"""What the numbers of a formula are called."""

from collections.abc import Mapping

from web.i18n import gettext_marker as _

FIELD_WORDS: Mapping[str, str] = {
    "weight": _("Weight"),
    "full": _("What gets full marks"),
    "none": _("What gets no mark"),
    "from_level": _("Satisfied from level"),
    "yellow": _("Points for a yellow card"),
    "red": _("Points for a red card"),
    "reminder": _("Points for reminders"),
    "late_case": _("Points for a late case"),
    "bad_rating": _("Points for a bad rating"),
    "early_case": _("Points for an early case"),
    "best_rating": _("Points for a rating of level 5"),
    "points": _("Points for each step"),
    "first": _("Points for the first step"),
    "step": _("Step, in percent"),
    "most": _("At most so many points"),
    "early_hours": _("Hours before the limit that are early"),
    "least_known": _("Least share of the weight for a total"),
    "confidence": _("Confidence of the intervals"),
}
"""By field."""


def field_word(field: str) -> str:
    return FIELD_WORDS.get(field, field)
