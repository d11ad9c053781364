"""The words people read for what a version of the rules says. English here; Chinese in the catalogue."""

from collections.abc import Mapping

from web.i18n import gettext_marker as _

RULE_WORDS: Mapping[str, str] = {
    "law.decide_days": _("Working days to decide, from the acceptance"),
    "law.extension_days": _("Working days more, approved by the head of the unit"),
    "law.joint_days": _("Working days to decide where several departments handle it jointly"),
    "law.joint_extension_days": _("Working days more for these, approved by the head of the government of that level"),
    "law.tell_days": _("Working days to tell all that is missing, else it is accepted"),
    "law.deliver_days": _("Working days to hand over, from the decision"),
    "law.suspends": _("Not counted against the limits"),
    "cards.days": _("so many working days before, where it is in days"),
    "cards.at": _("at this time of that day"),
    "cards.hours": _("so many working hours before, where it is in hours"),
    "cards.correction_days": _("working days to correct"),
    "cards.grace_days": _("working days to tell or correct it"),
    "cards.pause_days": _("on its last day, or so many working days before"),
    "cards.batch_cases": _("so many cases of one operator, or more"),
    "cards.back_dated_days": _("more than so many working days later"),
    "cards.explain_days": _("Working days to explain a card"),
    "cards.escalation": _("Who is told of a card that nobody has answered"),
    "cards.required": _("what has to be told"),
    "disputes.dispute_days": _("Working days to dispute an absence"),
    "disputes.decide_days": _("Working days to decide on a dispute"),
    "call_backs.days": _("Working days to call back after a bad rating and put it right"),
}
"""By kind and key; after the name of a card in small letters."""
