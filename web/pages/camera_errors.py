"""What a camera's failure means for people, and what to do. The technical text stays beside it for whoever mends it."""

import re
from collections.abc import Sequence

from web.i18n import gettext_marker as _

_UNRECORDABLE = _("Its stream is of a kind that cannot be recorded: set it to H.264 or H.265 with the usual settings.")
_NOT_RTSP = _("What answers there is no RTSP camera: check the port.")
_MEANINGS: Sequence[tuple[str, str]] = (
    # What we say ourselves stands before what a camera or the system may put into it.
    (
        r"spool has reached",
        _("Too much footage waits for the store: bring the store back, or raise the spool's limit."),
    ),
    # Of the sound alone; the pictures are recorded all the same.
    (r"camera's audio to aac", _("Its sound is of a kind that cannot be recorded: set it to AAC or G.711.")),
    (r"sends no audio", _("It sends no sound: switch it on in the camera, or switch its recording off here.")),
    (r"offers audio, but", _("It offers sound and sends none: look at its microphone and its settings.")),
    (r"refuses its audio", _("It refuses to send its sound; the pictures are recorded.")),
    (r"no space left|make room", _("The recorder's disk is full: make room.")),
    (r"form rtsp:|names no host", _("The address is not complete: it has the form rtsp://host:port/path.")),
    (r"from one address to the next", _("It sends the recorder on and on to other addresses: enter its final one.")),
    (r"udp ports", _("The recorder has no UDP port free: choose TCP for this camera.")),
    (r"tcp and udp|^461\b", _("It does not send in this way: choose the other of TCP and UDP.")),
    (
        r"hung up on",
        _("It hangs up instead of answering: it may be starting up, or have too many viewers. Wait, or restart it."),
    ),
    (r"no video|h\.264 or h\.265|usual packetization|parameter set", _UNRECORDABLE),
    (r"not rtsp|makes no sense", _NOT_RTSP),
    (r"keyframe", _("No whole picture came in time: shorten the camera's keyframe interval.")),
    (
        r"recorder did not run",
        _("The recorder itself did not run for a while, so nobody took what the camera sent: look at its machine."),
    ),
    (
        r"nothing has come|no pictures|did not stop",
        _("It is connected and sends no pictures: look at its settings, or restart it."),
    ),
    (
        r"ended the (stream|session)|went back|reset by peer|broken pipe",
        _("It has ended the stream; the recorder connects again by itself."),
    ),
    (r"internal error", _("The recorder met an error of its own; its log says more.")),
    (
        r"errno 111|connection refused",
        _("It refuses the connection: check the address and port, and that the camera is on."),
    ),
    (
        r"timed out|errno 110|timeout",
        _("It did not answer in time: check the network and the camera's power."),
    ),
    (r"errno 113|no route to host|unreachable", _("There is no way to it through the network: check the address.")),
    (r"name or service|temporary failure in name|no address associated", _("Its name or address is not known here.")),
    (r"refuses the user name|\b401\b|unauthorized|\b403\b|forbidden", _("It refuses the user name or password.")),
    (r"no stream at|\b404\b", _("It has no stream under this path: check the end of the address.")),
    (r"ssl|certificate|wrong.version", _("The encrypted connection fails: check that it speaks RTSPS at this port.")),
    (r"^[1-9]\d\d\b.* to [A-Z_]+$", _("It refuses what the recorder asks for: look at its settings, or restart it.")),
)


def meaning(error: str) -> str:
    """A message of the catalogue; empty when the text tells nothing that is known here."""
    return next((words for pattern, words in _MEANINGS if re.search(pattern, error, re.IGNORECASE)), "")
