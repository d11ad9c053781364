"""How times, lengths and sizes are written: in the hall's zone and the reader's language."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from markupsafe import Markup, escape

from ingest.video.clip_plan import ClipPart, divided
from storage.intervals import whole_seconds
from web.i18n import Language, of_language, translations
from web.i18n import gettext_marker as _
from web.local_rows import locally
from web.pages.code_words import (
    BAR_WORDS,
    CHANNEL_WORDS,
    DONE_WORDS,
    ENDED_WORDS,
    FOOTAGE_WORDS,
    INSIDE_WORDS,
    JOB_WORDS,
    PROCESS_WORDS,
    UNTOLD_WORDS,
)
from web.pages.places import CounterRef
from web.pages.rule_words import RULE_WORDS
from web.pages.timelines import Bar, Timeline, along
from web.pages.words import (
    cause_word,
    event_word,
    hole_word,
    reason_word,
    record_word,
    step_word,
    telling_word,
    unknown_word,
    word,
)

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PERIODS: Mapping[str, str] = {
    "": _("Year %(year)s"),
    "H1": _("%(year)s, first half"),
    "H2": _("%(year)s, second half"),
}
"""Of more than a quarter."""
_UNITS = (_("d"), _("h"), _("min"), _("s"))
_CLOSURES = re.compile(r"(.+); (\S+): (\d+) closures")
"""As calendars of halls call their versions."""
_CODE = re.compile(r"`([^`]+)`")
_LAST_MINUTE = "23:59"
"""Of a day that counts as a whole; no hall is open then."""
_SHORT_S = 10
_DAYS = timedelta(days=3)
"""Of a longer line days are told, not minutes."""
_SIZES = ("B", "kB", "MB", "GB", "TB")


class Named(Protocol):
    """Has a Chinese name and perhaps an English one."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def name_en(self) -> str: ...


class Formats:
    """The filters of the templates in one language."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._say = translations(language).gettext

    def filters(self) -> Mapping[str, Callable[..., Any]]:
        return {
            "when": self.when,
            "clock": self.clock,
            "clocks": self.clocks,
            "minute": self.minute,
            "day": self.day,
            "due": self.due,
            "date": self._date,
            "lasted": self.lasted,
            "whole_seconds": whole_seconds,
            "plain_clock": plain_clock,
            "plain_minute": plain_minute,
            "plain_moment": self.plain_moment,
            "plain_tick": self.plain_tick,
            "along": along,
            "at_least": max,
            "in_programs": self.in_programs,
            "bar_word": self.bar_word,
            "label": self.label,
            "locally": locally,
            "own_name": self.own_name,
            "word": self.word,
            "bar_detail": self.bar_detail,
            "hole_word": self._said(hole_word),
            "unknown_word": self._said(unknown_word),
            "step_word": self._said(step_word),
            "reason_word": self._said(reason_word),
            "record_word": self._said(record_word),
            "telling_word": self._said(telling_word),
            "footage_word": self._listed(FOOTAGE_WORDS),
            "ended_word": self._listed(ENDED_WORDS),
            "process_word": self._listed(PROCESS_WORDS),
            "job_word": self._job,
            "untold_word": self._listed(UNTOLD_WORDS),
            "channel_word": self._listed(CHANNEL_WORDS),
            "done_word": self._listed(DONE_WORDS),
            "inside_word": self._listed(INSIDE_WORDS),
            "rule_word": self._listed(RULE_WORDS),
            "of_language": partial(of_language, self._language),
            "month": self.month,
            "period": self.period,
            "calendar_words": self.calendar_words,
            "in_brackets": self.in_brackets,
            "percent": percent,
            "exact_percent": exact_percent,
            "size": size,
            "bitrate": bitrate,
            "iso": iso,
            "moment": datetime.fromisoformat,
            "local_input": local_input,
        }

    def when(self, at: datetime | None, zone: str) -> Markup:
        """Date and time to the second."""
        return self._time(at, zone, lambda local: f"{self._date(local)} {local:%H:%M:%S}", Markup(' class="moment"'))

    def clock(self, at: datetime | None, zone: str) -> Markup:
        """Time of day only, where the day is plain from the surroundings."""
        return self._time(at, zone, lambda local: f"{local:%H:%M:%S}")

    def clocks(self, moments: Sequence[datetime], zone: str) -> list[Markup]:
        """Of each the time of day; with decimals where others are of the same second."""
        return [self._time(at, zone, partial(_cut_clock, length=_told_apart(at, moments))) for at in moments]

    def minute(self, at: datetime | None, zone: str) -> Markup:
        """Time of day to the minute, for glancing."""
        return self._time(at, zone, lambda local: f"{local:%H:%M}")

    def day(self, at: datetime | None, zone: str) -> Markup:
        return self._time(at, zone, self._date)

    def due(self, at: datetime | None, zone: str) -> Markup:
        """Until when something is in time: the day, and where limits are hours the time of day as well."""
        is_whole = at is not None and f"{at.astimezone(ZoneInfo(zone)):%H:%M}" == _LAST_MINUTE
        return self.day(at, zone) if is_whole else self.when(at, zone)

    def month(self, month: str) -> str:
        """Mar 2026, 2026年3月."""
        year, number = month.split("-")
        return f"{_MONTHS[int(number) - 1]} {year}" if self._language is Language.EN else f"{year}年{int(number)}月"

    def period(self, text: str) -> str:
        """Of 2026-02, 2026-Q1, 2026-H1 and 2026."""
        year, _sign, part = text.partition("-")
        if part.isdecimal():
            return self.month(text)
        said = _PERIODS.get(part, _("%(year)s, quarter %(number)s"))
        return self._say(said) % {"year": year, "number": part[1:]}

    def calendar_words(self, version: str) -> str:
        """By which calendar days were counted: the version of the holidays, and what its hall has noted."""
        found = _CLOSURES.fullmatch(version)
        if not found:
            return version
        said = self._say(_("%(version)s; closed days noted in hall %(hall)s: %(count)s"))
        return said % dict(zip(("version", "hall", "count"), found.groups(), strict=True))

    def in_brackets(self, words: str) -> Markup:
        """What is said by the way, with the brackets of the language and, where it has one, the blank before them."""
        return Markup(self._say(_(" (%(words)s)"))) % {"words": words}  # noqa: S704 (`%` of Markup escapes)

    def lasted(self, seconds: float | None) -> str:
        """A length of time with its two largest units: 4 min 12 s, 4 分 12 秒; a short one to a tenth: 0.5 s."""
        if seconds is None:
            return "–"
        if 0 < seconds < _SHORT_S and not float(seconds).is_integer():
            return f"{min(max(seconds, 0.1), _SHORT_S - 0.1):.1f} {self._say('s')}"
        return " ".join(f"{n} {self._say(unit)}" for n, unit in _largest_units(whole_seconds(seconds)))

    def label(self, thing: Named | None) -> str:
        if thing is None:
            return "–"
        wanted = thing.name_en if self._language is Language.EN else thing.name
        return wanted or thing.name or thing.id

    def own_name(self, counter: CounterRef) -> str:
        """What its name says beside its number, which stands before it: 1号综合窗口 is 综合窗口; often nothing."""
        name = self.label(counter)
        number = rf"(?:counter|第)?\s*{re.escape(counter.number)}(?:号窗口|号|(?=\W)|$)[\s·:：-]*"
        return "" if name == counter.id else re.sub(f"^{number}", "", name, flags=re.IGNORECASE)

    def word(self, member: StrEnum | None) -> str:
        return self._translated(word(member))

    def in_programs(self, english: str) -> Markup:
        """What the page for programs says of an operation; names in backticks are code."""
        said = translations(self._language, "programs").gettext(english)
        return Markup(_CODE.sub(r"<code>\1</code>", str(escape(said))))  # noqa: S704 (escaped before)

    def _said(self, english: Callable[[str], str]) -> Callable[[str], str]:
        return lambda code: self._translated(english(code))

    def _listed(self, words: Mapping[str, str]) -> Callable[[str], str]:
        """A code from outside that nobody knows is shown as it is, an empty one as nothing."""
        return lambda code: self._translated(words.get(code, code))

    def _job(self, name: str) -> str:
        kind, _, of = name.partition(":")
        word = self._translated(JOB_WORDS.get(kind, kind))
        return f"{word} ({of})" if of else word

    def _translated(self, english: str) -> str:
        return self._say(english) if english else ""

    def bar_word(self, state: str) -> str:
        """What a bar of a timeline shows."""
        return self._say(BAR_WORDS[state])

    def bar_detail(self, bar: Bar) -> str:
        """What else there is to say of it: each kind of bar has codes of its own."""
        return self._translated(_DETAILS.get(bar.state, step_word)(bar.words))

    def plain_moment(self, at: datetime, line: Timeline) -> str:
        """For places that hold text only, such as a tooltip; with the day where the line has several."""
        local = at.astimezone(ZoneInfo(line.zone))
        return f"{self._short_day(local)} {local:%H:%M}" if _has_days(line) else f"{local:%H:%M:%S}"

    def plain_tick(self, at: datetime, line: Timeline) -> str:
        local = at.astimezone(ZoneInfo(line.zone))
        return self._short_day(local) if _has_days(line) else f"{local:%H:%M}"

    def _short_day(self, local: date) -> str:
        """Without its year."""
        return f"{local.day} {_MONTHS[local.month - 1]}" if self._language is Language.EN else f"{local:%m-%d}"

    def _date(self, local: date) -> str:
        if self._language is Language.EN:
            return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"
        return f"{local:%Y-%m-%d}"

    def _time(
        self, at: datetime | None, zone: str, write: Callable[[datetime], str], more: Markup = Markup()
    ) -> Markup:
        if at is None:
            return Markup("–")
        local = at.astimezone(ZoneInfo(zone))
        title = f"{local:%Y-%m-%d %H:%M:%S} {zone}"
        return Markup('<time datetime="{}" title="{}"{}>{}</time>').format(iso(at), title, more, write(local))


_DETAILS: Mapping[str, Callable[[str], str]] = {
    "gap": hole_word,
    "unknown": unknown_word,
    "absence": event_word,
    "event": event_word,
    "suspended": reason_word,
    **dict.fromkeys(("reminder", "yellow", "red"), cause_word),
}
"""What the words of a bar are codes of; else of steps."""


def _largest_units(seconds: int) -> list[tuple[int, str]]:
    minutes, s = divmod(max(seconds, 0), 60)
    hours, m = divmod(minutes, 60)
    days, h = divmod(hours, 24)
    parts = list(zip((days, h, m, s), _UNITS, strict=True))
    first = next((i for i, (n, _unit) in enumerate(parts) if n), len(parts) - 1)
    return [(n, unit) for i, (n, unit) in enumerate(parts) if i == first or (i == first + 1 and n)]


def iso(at: datetime) -> str:
    """UTC, ISO 8601 with Z, microseconds only where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def local_iso(at: datetime, zone: str) -> str:
    """ISO 8601 in that zone, with its offset."""
    return at.astimezone(ZoneInfo(zone)).isoformat()


def _cut_clock(local: datetime, length: int) -> str:
    return f"{local:%H:%M:%S.%f}"[:length]


def _told_apart(at: datetime, others: Collection[datetime]) -> int:
    """How long it has to be written, from whole seconds to thousandths, so that no other one looks the same."""
    lengths = tuple(len(written) for written in ("00:00:00", "00:00:00.0", "00:00:00.000"))
    close = [other for other in others if other != at and abs(other - at) < timedelta(seconds=1)]
    return next((n for n in lengths if _cut_clock(at, n) not in {_cut_clock(o, n) for o in close}), lengths[-1])


def plain_clock(at: datetime, zone: str) -> str:
    """For places that hold text only, such as a tooltip."""
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def _has_days(line: Timeline) -> bool:
    return line.end - line.start > _DAYS


def plain_minute(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


MASKED_PIECE = timedelta(seconds=10)


def played_parts(camera_id: str, parts: Iterable[ClipPart]) -> str:
    """JSON [{"src": …, "pieces": [[from, to], …], "made": …}, …] for the players.

    A masked part is made while somebody waits for it, so it is played in short ones, each asked for a little ahead.
    """
    return orjson.dumps(
        [
            {
                "src": clip_address(camera_id, part.start, part.end),
                "pieces": [[iso(span.start), iso(span.end)] for span in part.pieces],
                **({"made": True} if part.masked else {}),
            }
            for whole in parts
            for part in (divided(whole, MASKED_PIECE) if whole.masked else (whole,))
        ]
    ).decode()


def clip_address(camera_id: str, start: datetime, end: datetime, download: bool = False) -> str:
    """Where the footage of a camera in a span is played from or, with `download`, saved."""
    query = {"camera": camera_id, "from": iso(start), "to": iso(end)}
    return f"/media/clip.mp4?{urlencode(query | ({'download': '1'} if download else {}))}"


def described(name: str, problem: str, hint: str) -> Markup:
    """Attributes that tie a field to what is wrong with it, or to its hint."""
    if problem:
        return Markup(' aria-invalid="true" aria-describedby="p-{}"').format(name)
    return Markup(' aria-describedby="h-{}"').format(name) if hint else Markup("")


def local_input(at: datetime, zone: str) -> str:
    """For an <input type="datetime-local">: the hall's time without a zone."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M:%S}"


def percent(share: int | None) -> str:
    return "–" if share is None else f"{share} %"


def exact_percent(share: float) -> str:
    """To a tenth, and never rounded to all or nothing."""
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    return f"{min(max(share * 100, 0.1), 99.9):.1f} %"


def size(count: float) -> str:
    for unit in _SIZES[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} {_SIZES[-1]}"


def bitrate(bits_per_second: float) -> str:
    return f"{bits_per_second / 1_000_000:.2f} Mbit/s"
