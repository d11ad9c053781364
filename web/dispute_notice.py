"""What a message about disputes of absences says: Chinese first, then English. It names no person and no reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from storage.models import EventKind, News
from web.i18n import Language, say, translations
from web.i18n import gettext_marker as _
from web.notice import Notice
from web.pages.words import word

_MOMENT = timedelta(microseconds=1)
_NEWS = {
    News.DISPUTED: _("%(what)s at counter %(counter)s of %(hall)s, %(time)s, is disputed"),
    News.UNDECIDED: _("Nobody has decided on what is disputed: %(what)s at counter %(counter)s of %(hall)s, %(time)s"),
    News.UPHOLD: _("%(what)s at counter %(counter)s of %(hall)s, %(time)s, is upheld"),
    News.WITHDRAW: _("%(what)s at counter %(counter)s of %(hall)s, %(time)s, is withdrawn"),
}


@dataclass(frozen=True)
class DisputeSubject:
    absence_id: int
    kind: EventKind
    news: News
    hall: tuple[str, str]
    """Chinese, English."""
    counter: str
    """The number above it."""
    start: datetime
    due_by: datetime | None
    """First moment at which a decision is late."""
    timezone: str

    @property
    def page(self) -> str:
        return f"/absences/{self.absence_id}"


def dispute_notice(subjects: Sequence[DisputeSubject], public_url: str) -> Notice:
    """`public_url` without a slash at its end; empty: no addresses."""
    first = subjects[0]
    if len(subjects) == 1:
        lines = [line for language in Language for line in _lines(first, language)]
        address = [f"{public_url}{first.page}"] if public_url else []
        return Notice(" · ".join(_title(first, language) for language in Language), "\n".join([*lines, *address]))
    titles = (translations(each).gettext("Disputes of absences and other events") for each in Language)
    return Notice(
        " · ".join(f"{title} {len(subjects)}" for title in titles),
        "\n".join(_line(subject, public_url) for subject in subjects),
    )


def _title(subject: DisputeSubject, language: Language) -> str:
    return say(language, _NEWS[subject.news]) % {
        "what": say(language, word(subject.kind)),
        "counter": subject.counter,
        "hall": subject.hall[language is Language.EN],
        "time": _at(subject.start, subject),
    }


def _lines(subject: DisputeSubject, language: Language) -> Iterator[str]:
    yield _title(subject, language)
    if subject.news in (News.DISPUTED, News.UNDECIDED) and subject.due_by:
        said = translations(language).gettext("To be decided by %(time)s")
        yield said % {"time": _at(subject.due_by - _MOMENT, subject)}


def _line(subject: DisputeSubject, public_url: str) -> str:
    said = " · ".join(_title(subject, language) for language in Language)
    return f"{said} {public_url}{subject.page}" if public_url else said


def _at(moment: datetime, subject: DisputeSubject) -> str:
    return f"{moment.astimezone(ZoneInfo(subject.timezone)):%Y-%m-%d %H:%M:%S}"
