"""What the pages call the parts of their addresses, for whoever is told that one of them is wrong."""

from collections.abc import Mapping

from web.i18n import gettext_marker as _

PARAMETER_WORDS: Mapping[str, str] = {
    "by": _("Rows by"),
    "camera": _("Camera"),
    "channel": _("Channel"),
    "counter": _("Counter"),
    "at": _("Moment"),
    "day": _("Day"),
    "department": _("Department"),
    "edit": _("What is to be changed"),
    "from": _("From"),
    "hall": _("Hall"),
    "kind": _("Kind"),
    "layout": _("Layout"),
    "month": _("Month"),
    "q": _("Search"),
    "rows": _("Rows"),
    "show": _("Show"),
    "source": _("Source"),
    "state": _("State"),
    "status": _("Status"),
    "to": _("To"),
    "waiting": _("A customer was waiting"),
}
