"""What the pages call the parts of their addresses, for whoever is told that one of them is wrong."""

from collections.abc import Mapping

from web.i18n import gettext_marker as _

PARAMETER_WORDS: Mapping[str, str] = {
    "at": _("Moment"),
    "by": _("Rows by"),
    "camera": _("Camera"),
    "channel": _("Channel"),
    "counter": _("Counter"),
    "day": _("Day"),
    "days": _("Number of days"),
    "department": _("Department"),
    "dispute": _("Dispute"),
    "district": _("District"),
    "edit": _("What is to be changed"),
    "end": _("To"),
    "from": _("From"),
    "hall": _("Hall"),
    "item": _("Item"),
    "kind": _("Kind"),
    "layout": _("Layout"),
    "month": _("Month"),
    "name": _("Name"),
    "q": _("Search"),
    "reason": _("Reason"),
    "rows": _("Rows"),
    "show": _("Show"),
    "source": _("Source"),
    "start": _("From"),
    "state": _("State"),
    "status": _("Status"),
    "text": _("What was written"),
    "threshold_s": _("Threshold in seconds"),
    "to": _("To"),
    "waiting": _("A customer was waiting"),
    "who": _("Who"),
    "year": _("Year"),
}
