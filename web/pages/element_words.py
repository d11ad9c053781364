"""What the custom elements say, by the keys they ask for; `{name}` is filled in by the element."""

from collections.abc import Mapping

from analytics.looking import BEHIND_SOMEBODY, MASKED, PERHAPS_SOMEBODY
from storage.models import FaultKind
from web.i18n import Language, translations
from web.i18n import gettext_marker as _
from web.pages.code_words import UNKNOWN_WORDS
from web.pages.words import word

ELEMENT_WORDS: Mapping[str, str] = {
    "live-connecting": _("Connecting to the camera …"),
    "live-stalled": _("The picture stands still; waiting for the camera."),
    "live-offline": _("No live picture: the camera or the recorder is not reachable."),
    "live-off": _("No live picture: the camera is switched off or not recorded."),
    "live-sub_lost": _("No live picture: the sub-stream brings none, and this browser cannot show the main stream."),
    "live-instead": _("Main stream: the sub-stream brings no picture."),
    "live-unsupported": _("This browser cannot show the camera's format."),
    "live-denied": _("You may not watch this camera."),
    "live-paused": _("Paused while out of sight."),
    "live-delay": _("{ms} ms ago"),
    "live-masked": _("Privacy masks: a picture every few seconds, {s} s ago"),
    "unknown": _("Unknown"),
    "play": _("Play"),
    "pause": _("Pause"),
    "mute": _("Switch the sound off"),
    "unmute": _("Switch the sound on"),
    "back": _("Five seconds back"),
    "forward": _("Five seconds forward"),
    "jump": _("{seconds} s"),
    "position": _("Position"),
    "go-to": _("Time: type another one, Enter goes there"),
    "no-such-time": _("Type a time from {from} to {to}, like 09:30 or 09:30:15."),
    "speed": _("Speed"),
    "timeline": _("Timeline: arrow keys move, Enter plays"),
    "gap": _("There is no footage here."),
    "clip-missing": _("The footage cannot be fetched. Try again in a minute."),
    "clip-masking": _("The footage is being masked; this takes a few seconds."),
    "clip-undecodable": _("This browser cannot play the footage; download it instead."),
    "still-coming": _("{time}: the picture is being fetched…"),
    "no-still": _("No picture of this moment can be shown."),
    "still-ahead": _("This moment is still to come."),
    "no-still-yet": _("No picture of the camera yet. It is asked for again every few seconds."),
    "still-age": _("The picture was taken {age}."),
    "zones-overlap": _("The two zones overlap by much: who sits in one is seen in the other, too. Draw them apart."),
    "zone-crossed": _(
        "{zone}: its sides cross each other, so it cannot be saved. Move a corner, or undo the last step."
    ),
    "zone-undo": _("Undo"),
    "zone-add": _("Draw: {zone}"),
    "zone-sketch": _("Corner by corner: {zone}"),
    "zone-sketching": _(
        "Click each corner, then the first one again. By keys: the arrows move, the space bar sets a corner, Backspace "
        "takes the last one back, Enter closes the zone, Escape gives up."
    ),
    "zone-give-up": _("Give up"),
    "zone-remove": _("Remove: {zone}"),
    "preview": _("Show whom the detector sees"),
    "preview-asking": _("The detector is looking; the first time it is loaded, which takes a few seconds."),
    "preview-failed": _("The detector cannot be asked now; it is tried again."),
    "preview-unavailable": _(
        "The detector is busy, or cannot run on this server: the log of the web process tells why."
    ),
    "preview-crossed": _("The detector is not asked while the sides of a zone cross each other."),
    "preview-no-zone": _("The detector looks where zones are: draw one first."),
    "preview-told": _("By the zones as they are drawn: staff {staff}, customers {customers} ({detector})."),
    "preview-staff": _("Staff"),
    "preview-customer": _("Customer"),
    "preview-outside": _("in no zone"),
    "preview-weak": _("too unsure"),
}

_BEFORE_THE_ZONE = _(
    "Nobody is told of: somebody stands before the staff zone, or reaches out of it so far that their centre is not in"
    " it. If that is the clerk, draw the zone down to where the body ends."
)

_PERHAPS_IN_IT = _(
    "Nobody is told of: what is found in the staff zone is too unsure to count, and too sure to say that nobody is"
    " there. If it is a thing and stays, leave it out of the zone."
)


def element_words(language: Language) -> dict[str, str]:
    say = translations(language).gettext
    unseen = {f"unseen-{kind.value}": word(kind) for kind in FaultKind}
    unseen |= {f"unseen-{MASKED}": UNKNOWN_WORDS[MASKED], f"unseen-{BEHIND_SOMEBODY}": _BEFORE_THE_ZONE}
    unseen[f"unseen-{PERHAPS_SOMEBODY}"] = _PERHAPS_IN_IT
    return {key: say(words) for key, words in {**ELEMENT_WORDS, **unseen}.items()}
