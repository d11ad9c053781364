"""Absence rules, and what else they look for."""

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.datastructures import FormData

from storage.models import AbsenceRule
from storage.sayings import Saying
from web.api import places as places_api
from web.api import rules as rules_api
from web.api.administration import Desk
from web.api.rules import RuleShown, RuleToPut
from web.declarations import AbsenceRuleDeclaration
from web.errors import Conflict, NotFound
from web.i18n import gettext_marker as _
from web.pages.admin.forms import Field, Row, Saved, optional, text
from web.pages.admin.meanwhile import SEEN_FIELD
from web.pages.admin.places import hall_options, place_words, place_zones
from web.pages.admin.versions import version_of
from web.pages.admin.views import shown_moment

FURTHER = (
    ("unattended_s", _("Seconds that a customer waits while nobody is there")),
    ("never_staffed_s", _("Seconds after the hall opens in which nobody has come")),
    ("left_early_s", _("Seconds before the hall closes from which nobody is there any more")),
    ("queue_length", _("More customers than so many are a queue")),
    ("queue_s", _("Seconds that a queue lasts")),
    ("crowd_size", _("More people in the staff zone than so many are a crowd")),
    ("crowd_s", _("Seconds that a crowd lasts")),
)
"""What is looked for only where it is said, in the order of the form."""
TRY = "try"
"""Sent by the button that only tries what is typed."""
SEEN_OF = "seen_of"
"""Of which place the mark is that goes with a trial."""
_PAST = "past-"
"""Begins the key of a version that is over: the mere number means its place, whatever version is in force there."""
_OVER = Saying("This version holds no more. It can be read and tried; change the one that is in force.")
_KINDS = ("unattended_s", "never_staffed_s", "left_early_s", "queue_length", "crowd_size")


class Rules:
    name = "rules"
    title = _("Absence rules")
    one = _("Absence rule")
    about = _(
        "When an unstaffed counter is an absence, and what else is looked for. The rule of a counter goes before the "
        "rule of its hall, that before the rule for all; without any it is 5 minutes, and 1 minute while a customer "
        "waits, and nothing else."
    )
    columns = (
        *(_("For"), _("Unstaffed for"), _("While a customer waits"), _("Staff required")),
        *(_("Further rules"), _("Version"), _("From"), _("Until")),
    )
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        """Those that are over come last."""
        place, zone = place_words(desk), place_zones(desk)
        return [
            Row(
                str(rule.rule_id) if rule.valid_to is None else f"{_PAST}{rule.rule_id}",
                (place(rule.hall, rule.counter),
                 _seconds(rule.threshold_s), _seconds(rule.waiting_threshold_s), str(rule.required_staff),
                 str(sum(getattr(rule, kind) is not None for kind in _KINDS)), str(rule.version),
                 shown_moment(rule.valid_from, zone(rule.hall, rule.counter)),
                 shown_moment(rule.valid_to, zone(rule.hall, rule.counter))),
                muted=rule.valid_to is not None,
            )
            for rule in rules_api.list_rules(desk, ended=True)
        ]  # fmt: skip

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = _meant(desk, key) if key else None
        counters = tuple((c.id, f"{c.number} {desk.named(c)} ({c.id})") for c in places_api.list_counters(desk))
        return (
            Field("hall", _("Hall"), "choice", (found.hall or "") if found else "", fixed=bool(key),
                  options=(("", _("every hall")), *hall_options(desk))),
            Field("counter", _("or one counter"), "choice", (found.counter or "") if found else "", fixed=bool(key),
                  options=(("", "–"), *counters)),
            Field("threshold_s", _("Unstaffed seconds until it is an absence"), "number",
                  str(found.threshold_s if found else 300), required=True),
            Field("waiting_threshold_s", _("The same while a customer waits"), "number",
                  str(found.waiting_threshold_s if found else 60), required=True),
            Field("required_staff", _("Staff required"), "number", str(found.required_staff if found else 1),
                  required=True, hint=_("With fewer people there it is an absence, too.")),
            *(Field(name, words, "number", _said(found, name), hint=_("Empty: not looked for."))
              for name, words in FURTHER),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        needed = {name: text(form, name) for name in ("threshold_s", "waiting_threshold_s")}
        further = {name: optional(form, name) for name, _words in FURTHER}
        place = {name: optional(form, name) for name in ("hall", "counter")}
        if key:
            kept = _meant(desk, key)
            if number_of_former(key) and not text(form, TRY):
                raise Conflict(_OVER)
            place = {"hall": kept.hall, "counter": kept.counter}
        staff = {"required_staff": optional(form, "required_staff") or "1"}
        rule = RuleToPut.model_validate(needed | staff | further | place)
        if text(form, TRY):
            return Saved(goes_to=_trial(rule, None if key.startswith(_PAST) else text(form, SEEN_FIELD)))
        rules_api.put_rule(desk, rule)
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        if number_of_former(key):
            raise Conflict(_OVER)
        kept = next((rule for rule in rules_api.list_rules(desk) if str(rule.rule_id) == key), None)
        if kept is None:
            raise NotFound
        rules_api.end_rule(desk, kept.rule_id)


def number_of_former(key: str) -> str:
    """Of a version that is over; empty for what is in force."""
    return key.removeprefix(_PAST) if key.startswith(_PAST) else ""


def place_of(rule: AbsenceRuleDeclaration) -> str:
    """As the mark of a form that is tried says it, lest it stand for the rule of another place that is tried next."""
    return f"{rule.hall or ''}/{rule.counter or ''}"


def _trial(rule: RuleToPut, seen: str | None) -> str:
    """Where it is tried as it was typed; what is not looked for is empty there.

    `seen`: the mark of the form, empty of one for a new rule; None: it was filled in from what is not in force.
    """
    typed = {name: "" if value is None else value for name, value in rule.model_dump().items()}
    mark = {} if seen is None else {SEEN_FIELD: seen, SEEN_OF: place_of(rule)}
    return f"/admin/rules/dry-run?{urlencode(typed | mark)}"


def _meant(desk: Desk, key: str) -> RuleShown:
    """A version of before, to be read and tried, or else what is in force now where the one with this key was.

    Raises NotFound where there is nothing.
    """
    before = version_of(desk, AbsenceRule, number_of_former(key) or key)
    if before is None:
        raise NotFound
    if number_of_former(key):
        kept = (rule for rule in rules_api.list_rules(desk, ended=True) if rule.rule_id == before.id)
    else:
        place = (before.hall_id, before.counter_id)
        kept = (rule for rule in rules_api.list_rules(desk) if (rule.hall, rule.counter) == place)
    if found := next(kept, None):
        return found
    raise NotFound


def _said(rule: RuleShown | None, name: str) -> str:
    value = getattr(rule, name, None)
    return "" if value is None else str(value)


def _seconds(count: int) -> Saying:
    return Saying("%(count)s s", count=count)
