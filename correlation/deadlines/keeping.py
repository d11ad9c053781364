"""Keeps the limits and cards of every case: reckons what was told anew, and what the clock has brought."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, delete, func, select, update
from sqlmodel import Session, col

from correlation import basis
from correlation.deadlines import courses, ground
from correlation.deadlines.calendars import CalendarBook, in_turn
from correlation.deadlines.cards import RaisedCard, Watched, watch
from correlation.deadlines.clocks import Basis, Clocks, clocks
from correlation.deadlines.conduct import breaches
from correlation.deadlines.courses import KnownCourse
from correlation.deadlines.derivation import conduct_as_json, derive
from correlation.deadlines.escalation import answering, escalation_values
from correlation.deadlines.item_words import ItemWords
from correlation.deadlines.known import Known, with_rulings
from correlation.deadlines.loading import Catalogues, load_told
from correlation.deadlines.rules import Rules, shipped_rules
from correlation.deadlines.standing import standing
from correlation.deadlines.told import facts_in_turn, upon
from correlation.rulebook import rule_book
from storage.bulk import Values, insert_many, is_among, table_of, update_many
from storage.database import Database, Overtaken, lock_for_writing, waiting_at_most, written_upon_what_is_read
from storage.models import Card, CardState, Case, ClockName, Deadline, Standing
from storage.models.columns import JsonObject

PORTION = 100
DUE = 1_000
"""Those whose course is kept take a third of the work, or less; each transaction has to be waited for."""
DUE_WHERE_ONE_WRITES = 200
"""On SQLite, where everybody else waits for the transaction."""
PORTIONS = 2
MARKED = 5_000
ROOM_S = 0.05
"""SQLite lets a waiting writer in only if it happens to ask while nobody writes, and it asks that often at first."""

_ENDED = (Standing.DONE, Standing.DONE_LATE)
"""Of these hardly any comes to a moment of its own."""

_Key = tuple[str, str, str, datetime, str]


class _Kept(NamedTuple):
    """What may change of a card that is written down."""

    id: int
    withdrawn_at: datetime | None
    correct_by: datetime | None


class _Reckoned(NamedTuple):
    cases: int
    are_more: bool
    """That wait for the same."""


class _Told(NamedTuple):
    """Read from all that was told of some cases, by case."""

    known: dict[int, tuple[Known, ...]]
    courses: dict[int, KnownCourse]


class DeadlineKeeper:
    """One per process; several share the cases between them."""

    def __init__(
        self,
        database: Database,
        rules: Rules | None = None,
        portion: int = PORTION,
        portions: int = PORTIONS,
        due: int | None = None,
        pause: Callable[[float], None] = time.sleep,
        marked: int = MARKED,
        *,
        waits_s: float = 0.0,
    ) -> None:
        """`portion` cases of which something was told are reckoned in one transaction, or `due` cases whose moment has
        come, of which no more than `portion` have to be read anew. So many of both in one run; `marked` are marked.

        `waits_s`: so long for the cases that another one writes or reckons at this moment, which are left to it
        otherwise; with portions of one nobody who waits for another holds what that one waits for.

        `rules`: others than those of the site. `pause` is called with seconds where others must get a chance to write.
        """
        self._database = database
        self._given = rules
        self._rules = rules or shipped_rules()
        self._portion, self._portions, self._marked, self._pause = portion, portions, marked, pause
        is_shared = database.engine.dialect.name != "sqlite"
        self._due = due or (DUE if is_shared else DUE_WHERE_ONE_WRITES)
        self._waits_s = waits_s
        self._calendars = CalendarBook()

    def run_once(self, now: datetime) -> int:
        """Reckons the cases of which something was told, and those whose moment has come; returns how many.

        A few small portions by turns: what has just been told waits for one portion of all the cases whose calendar
        has changed, and not for all of them. What is told after `now` is for the next run.

        Raises StillLocked where it waited in vain; what it had reckoned is kept.
        """
        with self._database.transaction() as session:
            self._calendars.refresh(session)
            self._rules = self._given or rule_book(session).rules
        done = 0
        for number in range(self._portions):
            # From both ends: neither a new case nor a change of an old one waits until all of an import are reckoned.
            newest_first = bool(number % 2)
            told = self._reckon_some(_told_anew(newest_first=newest_first), self._portion, now)
            due = self._reckon_some(_come_due(now, newest_first=newest_first), self._due, now)
            done += told.cases + due.cases
            if not (told.are_more or due.are_more):
                break
        return done

    def look_around(self, now: datetime) -> int:
        """Marks the cases whose calendar, catalogue or rules have changed; returns how many changes there were."""
        with self._database.transaction() as session:
            before = basis.remembered(session)
            changed = basis.changed(before, ground.current(session, self._calendars.refresh(session)))
        if not changed:
            return 0
        for key in changed:
            self._mark(key, before.get(key, ""), now)
        with self._database.transaction() as session:
            basis.lock(session)
            basis.remember(session, changed, before)
        return len(changed)

    def _mark(self, key: str, before: str, now: datetime) -> None:
        """In portions: on SQLite nobody else writes while a million cases are marked. What is cut off begins anew."""
        with self._database.transaction() as session:
            cases = ground.resting_on(session, key, before, now)
        last = 0
        while cases is not None:
            with self._database.transaction() as session:
                ids = ground.mark(session, cases, last, self._marked, now)
            if len(ids) < self._marked:
                return
            last = ids[-1]
            self._make_room()

    def _make_room(self) -> None:
        if self._database.engine.dialect.name == "sqlite":
            self._pause(ROOM_S)

    def _reckon_some(self, wanted: Select[Any], most: int, now: datetime) -> _Reckoned:
        """The first of them."""
        with self._database.transaction() as session:
            if not session.execute(wanted.limit(1)).first():
                return _Reckoned(0, are_more=False)
        try:
            with written_upon_what_is_read(self._database) as session, self._patience(session):
                reckoned = self._reckon_portion(session, wanted, most, now)
        except Overtaken:
            with self._database.transaction() as session:
                lock_for_writing(session)
                reckoned = self._reckon_portion(session, wanted, most, now)
        if reckoned.are_more:
            self._make_room()
        return reckoned

    def _patience(self, session: Session) -> AbstractContextManager[None]:
        return waiting_at_most(session, self._waits_s) if self._waits_s else nullcontext()

    def _reckon_portion(self, session: Session, wanted: Select[Any], most: int, now: datetime) -> _Reckoned:
        """All is read and reckoned before anything is written: on SQLite others write meanwhile."""
        # Whoever writes records of a case ends by unmarking it: one that is being written now comes again.
        locked = wanted.limit(most).with_for_update(key_share=True, skip_locked=not self._waits_s, of=Case)
        cases = session.execute(locked).scalars().all()
        kept = self._kept(session, cases)
        anew = [case_id for case_id in cases if case_id not in kept][: self._portion]
        told = self._told(session, anew) if anew else _Told({}, {})
        deadlines, new, changed = self._reckon(session, kept | told.known, now)
        update_many(session, table_of(Deadline), deadlines[: len(kept)], key="case_id")
        courses.forget(session, [row["case_id"] for row in deadlines[: len(kept)] if row["standing"] in _ENDED])
        if anew:
            self._write_anew(session, anew, deadlines[len(kept) :], told.courses)
        insert_many(session, table_of(Card), new)
        update_many(session, table_of(Card), changed)
        return _Reckoned(len(kept) + len(anew), are_more=len(cases) == most or len(kept) + len(anew) < len(cases))

    def _write_anew(
        self, session: Session, cases: Sequence[int], deadlines: Sequence[Values], read: Mapping[int, KnownCourse]
    ) -> None:
        session.execute(delete(Deadline).where(is_among(session, table_of(Deadline).c.case_id, cases)))
        insert_many(session, table_of(Deadline), deadlines)
        session.execute(update(Case).where(_among(session, cases)).values(limits_reckoned=True))
        ended = {row["case_id"] for row in deadlines if row["standing"] in _ENDED}
        courses.keep(session, cases, {id_: course for id_, course in read.items() if id_ not in ended})

    def _kept(self, session: Session, cases: Sequence[int]) -> dict[int, tuple[Known, ...]]:
        """What is known of those whose course is kept."""
        found = courses.of(session, cases, self._rules)
        return {case_id: self._known(course) for case_id, course in found.items()}

    def _told(self, session: Session, cases: Sequence[int]) -> _Told:
        found = load_told(session, cases, self._rules)
        # Before what was said of them is read: a word that comes in between is read anew.
        words = ItemWords(session, {code for case in found for code in case.items})
        catalogues = Catalogues(session, found)
        read = {
            case.id: KnownCourse(
                facts_in_turn(case.told, catalogues.of(case.source_id), case.asked),
                case.rulings,
                case.halls,
                case.usual_hall,
                tuple(sorted(case.items)),
                words.of(case.source_id, case.items),
                courses.asked_now(case.asked),
            )
            for case in found
        }
        return _Told({case_id: self._known(course) for case_id, course in read.items()}, read)

    def _known(self, course: KnownCourse) -> tuple[Known, ...]:
        return with_rulings(upon(course.facts, in_turn(course.halls, self._calendars.of)), course.rulings)

    def _reckon(
        self, session: Session, cases: Mapping[int, tuple[Known, ...]], now: datetime
    ) -> tuple[list[Values], list[Values], list[Values]]:
        """Their deadlines, new cards, and what changes of others."""
        before = _cards_before(session, list(cases))
        deadlines: list[Values] = []
        new: list[Values] = []
        changed: list[Values] = []
        for case_id, known in cases.items():
            watched = watch(known, self._rules, now)
            deadlines.append(_deadline(case_id, known, watched, now))
            there = before.get(case_id, {})
            raised = {_key(card): card for card in (watched.cards if watched else ())}
            new += [_card(case_id, card, known, self._rules, now) for key, card in raised.items() if key not in there]
            changed += _changed(there, raised, now)
        return deadlines, new, changed


def waiting(session: Session, now: datetime, limit: int) -> int:
    """How many cases wait to be reckoned, counted up to twice the limit."""
    lines = (_told_anew(newest_first=False), _come_due(now, newest_first=False))
    counts = (select(func.count()).select_from(line.limit(limit).subquery()) for line in lines)
    return sum(int(session.execute(count).scalar_one()) for count in counts)


def _told_anew(*, newest_first: bool) -> Select[Any]:
    told = select(col(Case.id)).where(col(Case.limits_reckoned).is_(False))
    return told.order_by(col(Case.id).desc() if newest_first else col(Case.id))


def _come_due(now: datetime, *, newest_first: bool) -> Select[Any]:
    due = select(col(Case.id)).join(Deadline, col(Deadline.case_id) == col(Case.id)).where(col(Deadline.next_at) <= now)
    return due.order_by(col(Deadline.next_at).desc() if newest_first else col(Deadline.next_at))


def _among(session: Session, cases: Iterable[int]) -> Any:  # noqa: ANN401
    return is_among(session, table_of(Case).c.id, cases)


def _deadline(case_id: int, known: Sequence[Known], watched: Watched | None, now: datetime) -> Values:
    if watched is None:
        # Nothing has happened yet, or it is told of a moment that is still to come.
        first = known[0] if known else None
        return _row(case_id, Standing.WAITING, now, next_at=first.since if first else None)
    legal, promised = watched.now.named(ClockName.LEGAL), watched.now.named(ClockName.PROMISED)
    start = watched.now.start
    return _row(
        case_id,
        standing(watched, now),
        now,
        started_at=start.moment if start and now >= start.since else None,
        deemed_at=start.since if start and start.basis is Basis.DEEMED else None,
        legal_late_from=legal.out.late_from if legal else None,
        promised_late_from=promised.out.late_from if promised else None,
        provisional=any(clock.out.provisional for clock in (legal, promised) if clock),
        law=watched.now.law.version,
        rules=watched.now.cards.version if watched.now.cards else "",
        calendar=[one for one in known if one.since <= now][-1].calendar.version,
        next_at=watched.next_at,
    )


def _row(case_id: int, where: Standing, now: datetime, **more: Any) -> Values:  # noqa: ANN401
    nothing: Values = {
        "started_at": None,
        "deemed_at": None,
        "legal_late_from": None,
        "promised_late_from": None,
        "provisional": False,
        "law": "",
        "rules": "",
        "calendar": "",
        "next_at": None,
    }
    return {"case_id": case_id, "standing": where, "reckoned_at": now, **nothing, **more}


def _cards_before(session: Session, cases: Sequence[int]) -> dict[int, dict[_Key, _Kept]]:
    """Each card there is, by case and key."""
    cards = table_of(Card).c
    key = cards.case_id, cards.kind, cards.clock, cards.link, cards.raised_at, cards.about
    query = select(*key, cards.id, cards.withdrawn_at, cards.correct_by)
    found: dict[int, dict[_Key, _Kept]] = {}
    of_cases = query.where(is_among(session, cards.case_id, cases))
    for case_id, kind, clock, link, raised_at, about, *kept in session.execute(of_cases):
        found.setdefault(case_id, {})[kind.value, clock.value, link, raised_at, about] = _Kept(*kept)
    return found


def _key(card: RaisedCard) -> _Key:
    return card.kind.value, card.clock.value, card.link.value if card.link else "", card.raised_at, card.about


def _changed(there: Mapping[_Key, _Kept], raised: Mapping[_Key, RaisedCard], now: datetime) -> list[Values]:
    """Withdrawn by what was told, those that it gives no more at all, too, as when the limits of an item are corrected;
    or to be corrected by another day."""
    changed: list[Values] = []
    for key, before in there.items():
        card = raised.get(key)
        gone = before._replace(withdrawn_at=before.withdrawn_at or now)
        after = gone if card is None else _Kept(before.id, card.withdrawn_at, card.correct_by)
        if after != before:
            changed.append(after._asdict())
    return changed


def _card(case_id: int, card: RaisedCard, history: Sequence[Known], rules: Rules, now: datetime) -> Values:
    known = history[card.known]
    then = clocks(known.facts, rules, known.calendar)
    assert then.cards is not None  # it was raised by them
    # A clerk who was away, or a catalogue that came late, takes no time from whoever has to answer.
    announced_at = max(card.raised_at, now)
    answers = answering(card.kind, announced_at, then.cards, known.calendar)
    return {
        "case_id": case_id,
        "kind": card.kind,
        "cause": card.cause,
        "clock": card.clock,
        "link": card.link.value if card.link else "",
        "about": card.about,
        "late_from": card.late_from,
        "raised_at": card.raised_at,
        "correct_by": card.correct_by,
        "announced_at": announced_at,
        "explain_by": answers.explain_by,
        **escalation_values(answers.escalation),
        "withdrawn_at": card.withdrawn_at,
        "state": CardState.RAISED,
        "derivation": _derivation(card, known, then, rules),
    }


def _derivation(card: RaisedCard, known: Known, then: Clocks, rules: Rules) -> JsonObject:
    if card.about:
        conduct = breaches(known.facts, then, rules, known.calendar)
        return conduct_as_json(next(one for one in conduct if one.about == card.about), then, known.calendar)
    clock = next(one for one in then.each if (one.name, one.link) == (card.clock, card.link))
    return derive(clock, then, known.facts, known.calendar, card.raised_at).as_json()
