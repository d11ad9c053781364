"""What a message about calls back says: Chinese first, then English. Neither the customer nor their words are in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from storage.models import News
from web.i18n import Language, say, translations
from web.i18n import gettext_marker as _
from web.notice import Notice

PAGE = "/call-backs"
_MOMENT = timedelta(microseconds=1)
_NEWS = {
    News.OPENED: _("Call back %(id)s: a customer gave a bad rating"),
    News.OVERDUE: _("Call back %(id)s after a bad rating is overdue"),
}


@dataclass(frozen=True)
class CallBackSubject:
    call_back_id: int
    news: News
    level: int
    rated: datetime
    known: datetime | None
    """Where it could be known here on a later working day only."""
    case_number: str
    """Empty: of no case."""
    counter: str
    """Its number; empty: of none."""
    hall: tuple[str, str]
    """Chinese, English; empty: of none."""
    due_by: datetime
    """First moment that is too late."""
    timezone: str


def call_back_notice(subjects: Sequence[CallBackSubject], public_url: str) -> Notice:
    """`public_url` without a slash at its end; empty: no addresses."""
    address = [f"{public_url}{PAGE}"] if public_url else []
    if len(subjects) == 1:
        lines = [line for language in Language for line in _lines(subjects[0], language)]
        return Notice(" · ".join(_title(subjects[0], language) for language in Language), "\n".join([*lines, *address]))
    titles = (translations(language).gettext("Calls back") for language in Language)
    said = (" · ".join(_title(subject, language) for language in Language) for subject in subjects)
    return Notice(" · ".join(f"{title} {len(subjects)}" for title in titles), "\n".join([*said, *address]))


def _title(subject: CallBackSubject, language: Language) -> str:
    return say(language, _NEWS[subject.news]) % {"id": subject.call_back_id}


def _lines(subject: CallBackSubject, language: Language) -> Iterator[str]:
    chosen = translations(language)
    facts = {
        chosen.gettext("Hall"): subject.hall[language is Language.EN],
        chosen.gettext("Counter"): subject.counter,
        chosen.gettext("Case"): subject.case_number,
        chosen.gettext("Rating"): str(subject.level),
        chosen.gettext("Rated"): _at(subject, subject.rated),
    }
    yield _title(subject, language)
    if subject.known:
        facts[chosen.gettext("Known here since")] = _at(subject, subject.known)
    for what, more in facts.items():
        if more:
            yield chosen.gettext("%(what)s: %(more)s") % {"what": what, "more": more}
    yield chosen.gettext("To be called back by %(time)s") % {"time": _at(subject, subject.due_by - _MOMENT)}


def _at(subject: CallBackSubject, moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo(subject.timezone)):%Y-%m-%d %H:%M:%S}"
