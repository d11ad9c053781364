"""What detectors made of labelled clips, as one file that opens anywhere and says everything in Chinese and English."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from markupsafe import Markup

from analytics.evaluation import Report
from analytics.evaluation_pictures import Example
from analytics.evaluation_totals import (
    ACCURACY_GOAL,
    EDGE_GOAL_S,
    EXACT_EDGE_S,
    F1_GOAL,
    UNKNOWN_GOAL,
    Total,
    clip_totals,
    group_totals,
    total_of,
    totals,
)
from web.i18n import Language, gettext_marker, say
from web.i18n import gettext_marker as _
from web.pages.rendering import environment

ROLE_WORDS: Mapping[str, str] = {
    "staff": _("staff"),
    "customer": _("customers"),
    "transit": _("passers-by"),
    "never_occupied": _("never anybody"),
}
GOAL_WORDS: Mapping[str, str] = {
    "accuracy": _("right by the second"),
    "unknown": _("unknown outside of labelled faults"),
    "absences": _("absences, F1"),
    "edges": _("came and went"),
}
GROUP_WORDS: Mapping[str, str] = {"own": _("own samples, learned from wrong alerts")}


@dataclass(frozen=True)
class Conditions:
    """How it was found."""

    folder: str
    at: datetime
    version: str
    cores: int
    load: float
    threshold: float
    absence_s: float


@dataclass(frozen=True)
class ScoredZone:
    zone: str
    role: str
    total: Total


@dataclass(frozen=True)
class ScoredClip:
    name: str
    overview: str
    """A data URL."""
    zones: tuple[ScoredZone, ...]
    whole: tuple[Total, ...]
    """Of all its zones together, by detector; none where there is one zone, which says it already."""


def page(report: Report, overviews: Mapping[str, bytes], examples: Sequence[Example], conditions: Conditions) -> bytes:
    style = Markup(files("web").joinpath("detector_report.css").read_text("utf-8"))  # noqa: S704 (our own)
    template = environment(Language.EN).get_template("detector_report.html")
    return template.render(
        both=both,
        _=gettext_marker,  # the template's own would have its words in one language only
        totals=totals(report),
        groups=group_totals(report),
        group_words=GROUP_WORDS,
        clips=[_clip(name, overviews[name], report) for name in dict.fromkeys(s.clip for s in report.scores)],
        examples=[(example, data_url(example.jpeg)) for example in examples],
        conditions=conditions,
        goals={
            "accuracy": ACCURACY_GOAL,
            "unknown": UNKNOWN_GOAL,
            "f1": F1_GOAL,
            "edge_s": EDGE_GOAL_S,
            "exact_s": EXACT_EDGE_S,
        },
        sample_s=report.sample_s,
        goal_words=GOAL_WORDS,
        left_out=report.left_out,
        style=style,
    ).encode()


def both(message: str, **values: object) -> Markup:
    """In either language; the page shows the one that is chosen."""
    said = (
        Markup('<span lang="{}">{}</span>').format(
            language.tag, say(language, message) % values if values else say(language, message)
        )
        for language in (Language.ZH, Language.EN)
    )
    return Markup().join(said)


def data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"


def _clip(name: str, picture: bytes, report: Report) -> ScoredClip:
    of_clip = sorted((score for score in report.scores if score.clip == name), key=lambda score: score.zone)
    zones = (ScoredZone(s.zone, ROLE_WORDS.get(s.role, s.role), total_of([s])) for s in of_clip)
    several = len({score.zone for score in of_clip}) > 1
    whole = (total for clip, total in clip_totals(report) if clip == name and several)
    return ScoredClip(name, data_url(picture), tuple(zones), tuple(whole))
