"""What a message about cards says: Chinese first, then English, with the times of the hall."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from correlation.deadlines.conduct import Evidence
from storage.models import CardKind, ClockName, LimitUnit, News
from web.card_subjects import CardSubject
from web.i18n import Language, say, translations
from web.i18n import gettext_marker as _
from web.notice import Notice
from web.pages.words import word

LISTED = 20
"""So many of the cards of one message are named."""
_NEWS = {
    News.LIFTED: _("withdrawn: what it rests on has changed"),
    News.ESCALATED: _("not answered"),
    News.UPHOLD: _("upheld"),
    News.WITHDRAW: _("withdrawn by a supervisor"),
    News.REJECT_APPEAL: _("the appeal is rejected"),
    News.GRANT_APPEAL: _("withdrawn: the appeal is granted"),
    News.CLOSE: _("closed by a supervisor"),
}
"""What has happened to a card, beside that it was raised."""


def card_notice(
    subjects: Sequence[CardSubject], counts: Mapping[CardKind, int], public_url: str, *, is_summary: bool = False
) -> Notice:
    """`subjects`: at most LISTED of those that `counts` counts. `public_url`: without a slash at its end, or empty."""
    if len(subjects) == 1 and not is_summary:
        return _of_one(subjects[0], public_url)
    return _of_many(subjects, counts, public_url, is_summary)


def _of_one(subject: CardSubject, public_url: str) -> Notice:
    lines = [line for language in Language for line in _lines(subject, language)]
    return Notice(
        title=" · ".join(_title(subject, language) for language in Language),
        body="\n".join([*lines, *([f"{public_url}{subject.page}"] if public_url else [])]),
    )


def _title(subject: CardSubject, language: Language) -> str:
    kind = say(language, word(subject.kind))
    if subject.news is News.RAISED:
        return f"{kind} {subject.case_number}"
    return f"{kind} {subject.case_number} {say(language, _NEWS[subject.news])}"


def _lines(subject: CardSubject, language: Language) -> Iterator[str]:
    chosen = translations(language)
    yield chosen.gettext("Case %(number)s: %(cause)s") % {
        "number": subject.case_number,
        "cause": _cause(subject, language),
    }
    if subject.lacking:
        yield _about(say(language, word(Evidence.LACKING)), say(language, word(subject.lacking)), language)
    if any(subject.item):
        yield chosen.gettext("Item: %(item)s") % {"item": subject.item[language is Language.EN]}
    if subject.clock is ClockName.CONDUCT:
        yield chosen.gettext("Happened %(time)s") % {"time": _at(subject.late_from, subject)}
    else:
        yield _about(say(language, word(subject.clock)), _limit(subject, language), language)
    if subject.news in (News.RAISED, News.ESCALATED):
        if subject.days_late:
            yield _late(subject, language)
        if subject.explain_by:
            yield chosen.gettext("To be explained by %(time)s") % {"time": _at(subject.explain_by, subject)}
        if subject.correct_by:
            yield chosen.gettext("To be corrected by %(time)s") % {"time": _at(subject.correct_by, subject)}


def _cause(subject: CardSubject, language: Language) -> str:
    cause = say(language, word(subject.cause))
    return _about(cause, say(language, word(subject.link)), language) if subject.link else cause


def _about(what: str, more: str, language: Language) -> str:
    return translations(language).gettext("%(what)s: %(more)s") % {"what": what, "more": more}


def _limit(subject: CardSubject, language: Language) -> str:
    chosen = translations(language)
    until = chosen.gettext("in time until %(time)s") % {"time": _at(subject.last_at, subject)}
    if subject.amount is None:
        return until
    if subject.unit is LimitUnit.HOURS:
        amount = chosen.ngettext("%(num)s working hour", "%(num)s working hours", subject.amount)
    else:
        amount = chosen.ngettext("%(num)s working day", "%(num)s working days", subject.amount)
    said = {"amount": amount % {"num": subject.amount}, "until": until}
    return chosen.gettext("%(amount)s, %(until)s") % said


def _late(subject: CardSubject, language: Language) -> str:
    days = subject.days_late
    said = translations(language).ngettext("%(num)s working day late", "%(num)s working days late", days)
    return said % {"num": days}


def _of_many(
    subjects: Sequence[CardSubject], counts: Mapping[CardKind, int], public_url: str, is_summary: bool
) -> Notice:
    lines = [_line(subject, public_url) for subject in subjects]
    if sum(counts.values()) > len(subjects):
        rest = {"num": sum(counts.values()) - len(subjects)}
        lines.append(" · ".join(translations(each).gettext("and %(num)s more") % rest for each in Language))
    heads = [_explained(language) for language in Language] if is_summary else []
    inbox = [f"{public_url}/cards"] if public_url else []
    return Notice(
        title=" · ".join(_counts(counts, language) for language in Language),
        body="\n".join([*heads, *lines, *inbox]),
    )


def _counts(counts: Mapping[CardKind, int], language: Language) -> str:
    parts = (f"{say(language, word(kind))} {count}" for kind, count in counts.items())
    return ", ".join(parts)


def _explained(language: Language) -> str:
    return translations(language).gettext("Of cases that were reported long after; each is in the inbox of cards.")


def _line(subject: CardSubject, public_url: str) -> str:
    said = " · ".join((_title(subject, Language.ZH), _late_or_not(subject), _title(subject, Language.EN)))
    return f"{said} {public_url}{subject.page}" if public_url else said


def _late_or_not(subject: CardSubject) -> str:
    return _late(subject, Language.ZH) if subject.days_late else _at(subject.last_at, subject)


def _at(moment: datetime, subject: CardSubject) -> str:
    return f"{moment.astimezone(ZoneInfo(subject.timezone)):%Y-%m-%d %H:%M:%S}"
