"""How long footage is kept."""

from collections.abc import Sequence

from starlette.datastructures import FormData

from storage.models import DEFAULT_DAYS, FootageKind, RetentionRule
from storage.sayings import Saying
from web.api import places as places_api
from web.api import retention as retention_api
from web.api.administration import Desk
from web.api.retention import RetentionShown
from web.declarations import RetentionDeclaration
from web.errors import NotFound
from web.i18n import gettext_marker as _
from web.pages.admin.forms import Field, Row, Saved, optional, text
from web.pages.admin.places import hall_options, place_words, place_zones
from web.pages.admin.versions import version_of
from web.pages.admin.views import shown_moment
from web.pages.words import word


class Retention:
    name = "retention"
    title = _("Keeping footage")
    one = _("Keeping time")
    about = _(
        "How long footage is kept; without any rule it is 30 days. The rule of a counter goes before the rule of its "
        "hall, that before the rule for all. Footage with an event is footage in which there is an absence, a step "
        "with a finding or a camera alert: of all that applies to it, the longest counts. Footage that is held is "
        "never deleted. A rule that keeps for less than before takes effect a day later."
    )
    columns = (_("For"), _("Kind"), _("Kept for"), _("In force since"), _("Version"))
    camera_picture = False

    def rows(self, desk: Desk) -> Sequence[Row]:
        place, zone = place_words(desk), place_zones(desk)
        return [
            Row(
                str(rule.rule_id),
                (
                    place(rule.hall, rule.counter),
                    word(rule.kind),
                    Saying("%(count)s days", count=rule.days),
                    shown_moment(rule.valid_from, zone(rule.hall, rule.counter)),
                    str(rule.version),
                ),
            )
            for rule in retention_api.list_retention(desk)
        ]

    def fields(self, desk: Desk, key: str) -> tuple[Field, ...]:
        found = _in_place_of(desk, key) if key else None
        counters = tuple((c.id, f"{c.number} {desk.named(c)} ({c.id})") for c in places_api.list_counters(desk))
        return (
            Field("hall", _("Hall"), "choice", (found.hall or "") if found else "", fixed=bool(key),
                  options=(("", _("every hall")), *hall_options(desk))),
            Field("counter", _("or one counter"), "choice", (found.counter or "") if found else "", fixed=bool(key),
                  options=(("", "–"), *counters)),
            Field("kind", _("Kind"), "choice", found.kind if found else FootageKind.PLAIN, fixed=bool(key),
                  options=tuple((kind.value, word(kind)) for kind in FootageKind), required=True),
            Field("days", _("Days from its end on"), "number", str(found.days if found else DEFAULT_DAYS),
                  required=True),
        )  # fmt: skip

    def save(self, desk: Desk, form: FormData, key: str) -> Saved:
        place = {"hall": optional(form, "hall"), "counter": optional(form, "counter"), "kind": text(form, "kind")}
        if key:
            kept = _in_place_of(desk, key)
            place = {"hall": kept.hall, "counter": kept.counter, "kind": kept.kind}
        retention_api.put_retention(desk, RetentionDeclaration.model_validate({"days": text(form, "days"), **place}))
        return Saved()

    def remove(self, desk: Desk, key: str) -> None:
        retention_api.end_retention(desk, _rule(desk, key).rule_id)


def _rule(desk: Desk, key: str) -> RetentionShown:
    found = next((rule for rule in retention_api.list_retention(desk) if str(rule.rule_id) == key), None)
    if found is None:
        raise NotFound
    return found


def _in_place_of(desk: Desk, key: str) -> RetentionShown:
    """What is in force now where the version with this key was. Raises NotFound where nothing is."""
    before = version_of(desk, RetentionRule, key)
    place = (before.hall_id, before.counter_id, before.kind) if before else None
    kept = (rule for rule in retention_api.list_retention(desk) if (rule.hall, rule.counter, rule.kind) == place)
    if found := next(kept, None):
        return found
    raise NotFound
