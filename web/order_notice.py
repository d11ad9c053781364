"""What a message about supervision orders says: Chinese first, then English. Nothing of it is about the applicant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from storage.models import News
from web.i18n import Language, say, translations
from web.i18n import gettext_marker as _
from web.notice import Notice

_MOMENT = timedelta(microseconds=1)
_NEWS = {
    News.ISSUED: _("Supervision order %(id)s on case %(number)s"),
    News.OVERDUE: _("Supervision order %(id)s on case %(number)s is overdue"),
    News.ANSWER: _("Supervision order %(id)s on case %(number)s is answered"),
    News.RETURN: _("Supervision order %(id)s on case %(number)s is returned: the answer is not enough"),
    News.CLOSE: _("Supervision order %(id)s on case %(number)s is closed"),
    News.WITHDRAW: _("Supervision order %(id)s on case %(number)s is withdrawn"),
}


@dataclass(frozen=True)
class OrderSubject:
    order_id: int
    news: News
    case_number: str
    item: tuple[str, str]
    """Chinese, English; empty where nobody has told it."""
    due_by: datetime
    """First moment that is too late."""
    timezone: str

    @property
    def page(self) -> str:
        return f"/orders/{self.order_id}"


def order_notice(subjects: Sequence[OrderSubject], public_url: str) -> Notice:
    """`public_url` without a slash at its end; empty: no addresses."""
    first = subjects[0]
    if len(subjects) == 1:
        lines = [line for language in Language for line in _lines(first, language)]
        address = [f"{public_url}{first.page}"] if public_url else []
        return Notice(" · ".join(_title(first, language) for language in Language), "\n".join([*lines, *address]))
    titles = (translations(each).gettext("Supervision orders") for each in Language)
    return Notice(
        " · ".join(f"{title} {len(subjects)}" for title in titles),
        "\n".join(_line(subject, public_url) for subject in subjects),
    )


def _title(subject: OrderSubject, language: Language) -> str:
    return say(language, _NEWS[subject.news]) % {"id": subject.order_id, "number": subject.case_number}


def _lines(subject: OrderSubject, language: Language) -> Iterator[str]:
    chosen = translations(language)
    yield _title(subject, language)
    if any(subject.item):
        yield chosen.gettext("%(what)s: %(more)s") % {
            "what": chosen.gettext("Item"),
            "more": subject.item[language is Language.EN],
        }
    if subject.news in (News.ISSUED, News.RETURN, News.OVERDUE):
        yield chosen.gettext("To be answered by %(time)s") % {"time": _at(subject)}


def _line(subject: OrderSubject, public_url: str) -> str:
    said = " · ".join(_title(subject, language) for language in Language)
    return f"{said} {public_url}{subject.page}" if public_url else said


def _at(subject: OrderSubject) -> str:
    return f"{(subject.due_by - _MOMENT).astimezone(ZoneInfo(subject.timezone)):%Y-%m-%d %H:%M:%S}"
