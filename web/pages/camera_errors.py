"""What a camera's failure means for people, and what to do. The technical text stays beside it for whoever mends it."""

import re
from collections.abc import Sequence

from web.i18n import gettext_marker as _

_MEANINGS: Sequence[tuple[str, str]] = (
    (
        r"errno 111|connection refused",
        _("It refuses the connection: check the address and port, and that the camera is on."),
    ),
    (
        r"timed out|errno 110|timeout|within the time limit",
        _("It did not answer in time: check the network and the camera's power."),
    ),
    (r"errno 113|no route to host|unreachable", _("There is no way to it through the network: check the address.")),
    (r"name or service|temporary failure in name", _("Its name or address is not known here.")),
    (r"\b401\b|unauthorized|\b403\b|forbidden|refuses the user name", _("It refuses the user name or password.")),
    (r"\b404\b|not found", _("It has no stream under this path: check the end of the address.")),
    (r"no pictures", _("It is connected and sends no pictures: restart it.")),
    (r"ended the stream|timestamps went back", _("It has ended the stream; it is connected anew.")),
    (
        r"no video|set the camera to|parameter set",
        _("Its stream cannot be recorded or shown: set it to H.264 or H.265."),
    ),
    (r"no space left", _("The recorder's disk is full: make room.")),
    (r"keyframe", _("No whole picture came in time: shorten the camera's keyframe interval.")),
)


def meaning(error: str) -> str:
    """A message of the catalogue; empty when the text tells nothing that is known here."""
    return next((words for pattern, words in _MEANINGS if re.search(pattern, error, re.IGNORECASE)), "")
