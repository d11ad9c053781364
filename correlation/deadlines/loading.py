"""Reads all that was ever told of cases, and what the catalogues say of their items."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, zip_longest
from typing import Any, NamedTuple

from sqlalchemy import Column, Table, and_, null, select
from sqlmodel import Session

from correlation.catalogue.versions import ALWAYS, Layers, Version, first_moment, in_force
from correlation.deadlines.asking import asked_of
from correlation.deadlines.entries import with_entries
from correlation.deadlines.facts import Limit
from correlation.deadlines.known import CardKey, Ruling
from correlation.deadlines.missing import NOBODY, Asked
from correlation.deadlines.rows import READERS, Row, item_limits, moment_of
from correlation.deadlines.rules import Rules
from correlation.deadlines.tellings import Told, ToldStep
from correlation.deadlines.told import Catalogue, ItemLimits
from correlation.deadlines.work_calendar import LONG_AGO
from correlation.deadlines.workflow import LIFTING
from storage import models
from storage.bulk import is_among, table_of
from storage.models import (
    Card,
    CardWord,
    Case,
    CaseResult,
    CatalogueChange,
    Counter,
    Fee,
    FormerLimits,
    Item,
    ItemVersion,
    ProposalState,
    RecordKind,
    RecordRevision,
    Reported,
    ResultDelivery,
    Source,
    Step,
    StepKind,
)


@dataclass(frozen=True)
class CaseTold:
    id: int
    source_id: str
    number: str
    halls: tuple[tuple[datetime, str | None], ...]
    """In which hall it was by what had been told, each since when; the first since ever, the last is that of now."""
    told: tuple[Told, ...]
    """In the order of telling."""
    rulings: tuple[Ruling, ...]
    """What supervisors have decided of its cards."""
    asked: Asked = NOBODY
    """What its source has to tell beside its decision."""
    usual_hall: str | None = None
    """That of its source."""

    @property
    def items(self) -> frozenset[str]:
        """That its steps have named."""
        return frozenset(one.said.item for one in self.told if isinstance(one.said, ToldStep))


def load_told(session: Session, case_ids: Iterable[int], *rules: Rules) -> list[CaseTold]:
    """A handful of queries for any number of cases. What any of the rules requires is asked of their sources."""
    cases, sources = table_of(Case).c, table_of(Source).c
    wanted = select(cases.id, cases.source_id, cases.number, cases.hall_id, sources.hall_id)
    wanted = wanted.join_from(table_of(Case), table_of(Source), sources.id == cases.source_id)
    found = session.execute(wanted.where(is_among(session, cases.id, case_ids))).all()
    told = _told(session, {case_id: (source_id, number) for case_id, source_id, number, _, _ in found})
    rulings = _rulings(session, [case_id for case_id, *_ in found])
    asked = {source_id: asked_of(session, source_id, rules) for _, source_id, *_ in found}
    in_halls = _steps_in_halls(session, [case_id for case_id, _, _, now, usual in found if now != usual])
    return [
        CaseTold(
            case_id,
            source_id,
            number,
            _halls(told[case_id], in_halls.get(case_id, {}), usual, now),
            tuple(told[case_id]),
            tuple(rulings[case_id]),
            asked[source_id],
            usual,
        )
        for case_id, source_id, number, now, usual in found
    ]


def _steps_in_halls(session: Session, case_ids: Sequence[int]) -> Mapping[int, Mapping[tuple[str, int], str]]:
    """By case, the halls of its steps at known counters."""
    found: dict[int, dict[tuple[str, int], str]] = defaultdict(dict)
    if not case_ids:
        return found
    steps, counters = table_of(Step).c, table_of(Counter).c
    query = select(steps.case_id, steps.id, counters.hall_id).join_from(
        table_of(Step), table_of(Counter), counters.id == steps.counter_id
    )
    for case_id, step_id, hall_id in session.execute(query.where(is_among(session, steps.case_id, case_ids))):
        found[case_id][RecordKind.STEP.value, step_id] = hall_id
    return found


def _halls(
    told: Sequence[Told], in_halls: Mapping[tuple[str, int], str], usual: str | None, now: str | None
) -> tuple[tuple[datetime, str | None], ...]:
    """That of the first step at a known counter, of those told by then; before one was told, that of the source."""
    if not told or (told[0].record in in_halls and set(in_halls.values()) == {now}):
        return ((LONG_AGO, now),)
    found: list[tuple[datetime, str | None]] = []
    begun: dict[tuple[str, int], datetime] = {}
    for word in told:
        begun.pop(word.record, None)
        if isinstance(word.said, ToldStep) and word.record in in_halls:
            begun[word.record] = word.said.start
        hall_id = in_halls[min(begun, key=lambda record: (begun[record], record))] if begun else usual
        if not found or found[-1][1] != hall_id:
            found.append((word.told_at if found else LONG_AGO, hall_id))
    found[-1] = found[-1][0], now
    return tuple(found)


def _rulings(session: Session, case_ids: Sequence[int]) -> Mapping[int, list[Ruling]]:
    found: dict[int, list[Ruling]] = defaultdict(list)
    cards, words = table_of(Card).c, table_of(CardWord).c
    lifted = (
        select(cards.case_id, cards.kind, cards.clock, cards.link, cards.raised_at, cards.about, words.at)
        .join_from(table_of(Card), table_of(CardWord), words.card_id == cards.id)
        .where(is_among(session, cards.case_id, case_ids), words.act.in_(LIFTING))
    )
    for case_id, kind, clock, link, raised_at, about, at in session.execute(lifted):
        key = CardKey(kind, clock, StepKind(link) if link else None, raised_at, about)
        found[case_id].append(Ruling(at, key))
    return found


def _order(one: Told) -> tuple[datetime, tuple[str, int]]:
    return one.told_at, one.record


def _told(session: Session, cases: Mapping[int, tuple[str, str]]) -> Mapping[int, list[Told]]:
    """Of cases by their source and number, in the order of telling."""
    found: dict[int, list[Told]] = defaultdict(list)
    gone = _gone(session, cases)
    for kind in READERS:
        for (case_id, record_id), revisions in _revisions(session, kind, list(cases), gone[kind]).items():
            _, number = cases[case_id]
            found[case_id].extend(_words(kind, record_id, number, revisions))
    entered = with_entries(session, found)
    return {case_id: sorted(entered.get(case_id, ()), key=_order) for case_id in cases}


class _Revision(NamedTuple):
    received_at: datetime
    row: Row
    batch_id: int


def _words(kind: RecordKind, record_id: int, number: str, revisions: Sequence[_Revision]) -> Iterator[Told]:
    """What a record says of the case; when it was corrected to be another's, that it says nothing of it any more.

    Of what it says of a case that it came to by a correction nobody knows when it was entered.
    """
    record = kind.value, record_id
    before: str | None = None
    for received_at, row, batch_id in revisions:
        if row["case"] == number:
            batch_id = batch_id if before in (None, number) else 0
            yield Told(record, received_at, READERS[kind](row), batch_id)
        elif before == number:
            yield Told(record, received_at, None)
        before = row["case"]


_Belonging = set[tuple[int, int]]
"""Pairs of a case and a record."""


def _revisions(
    session: Session, kind: RecordKind, case_ids: Sequence[int], gone: _Belonging
) -> Mapping[tuple[int, int], Sequence[_Revision]]:
    """By case and record all that was ever in force, of records that have left the case as well.

    What came when a newer batch had spoken never was. The records are named one by one: joined with what was said of
    them, PostgreSQL read all that was ever said for each portion of cases until it had counted the rows of an import.
    """
    belonging = _there(session, kind, case_ids) | gone
    if not belonging:
        return {}
    revisions = table_of(RecordRevision).c
    wanted = (
        select(revisions.record_id, revisions.received_at, revisions.row, revisions.batch_id)
        .where(revisions.record == kind, is_among(session, revisions.record_id, {record for _, record in belonging}))
        .where(revisions.overtaken_by.is_(None))
        .order_by(revisions.record_id, revisions.revision)
    )
    said: dict[int, list[_Revision]] = defaultdict(list)
    for record_id, *word in session.execute(wanted):
        said[record_id].append(_Revision(*word))
    return {(case_id, record_id): said[record_id] for case_id, record_id in sorted(belonging)}


def _there(session: Session, kind: RecordKind, case_ids: Sequence[int]) -> _Belonging:
    records = table_of(_TABLES[kind])
    if kind is RecordKind.STEP:
        wanted = select(records.c.case_id, records.c.id).where(is_among(session, records.c.case_id, case_ids))
    else:
        cases = table_of(Case).c
        of_case = and_(records.c.source_id == cases.source_id, records.c.case_number == cases.number)
        wanted = select(cases.id, records.c.id).join_from(table_of(Case), records, of_case)
        wanted = wanted.where(is_among(session, cases.id, case_ids))
    return {(case_id, record_id) for case_id, record_id in session.execute(wanted)}


def _gone(session: Session, cases: Mapping[int, tuple[str, str]]) -> Mapping[RecordKind, _Belonging]:
    """The records that once were theirs."""
    found: dict[RecordKind, _Belonging] = defaultdict(set)
    revisions = table_of(RecordRevision).c
    numbers = {number for _, number in cases.values()}
    left = select(revisions.record, revisions.record_id, revisions.left_case).distinct()
    moves: dict[RecordKind, set[tuple[int, str]]] = defaultdict(set)
    for kind, record_id, number in session.execute(left.where(is_among(session, revisions.left_case, numbers))):
        moves[RecordKind(kind)].add((record_id, number))
    ids = {of: case_id for case_id, of in cases.items()}
    for kind in moves.keys() & _TABLES.keys():
        records = table_of(_TABLES[kind]).c
        moved = is_among(session, records.id, {record_id for record_id, _ in moves[kind]})
        said_by = select(records.id, records.source_id).where(moved)
        sources = {row.id: row.source_id for row in session.execute(said_by)}
        pairs = ((ids.get((sources[record_id], number)), record_id) for record_id, number in moves[kind])
        found[kind] = {(case_id, record_id) for case_id, record_id in pairs if case_id is not None}
    return found


_TABLES: Mapping[RecordKind, type[Reported]] = {
    RecordKind.STEP: Step,
    RecordKind.SUSPENSION: models.Suspension,
    RecordKind.EXTENSION: models.Extension,
    RecordKind.RESULT: CaseResult,
    RecordKind.FEE: Fee,
    RecordKind.DELIVERY: ResultDelivery,
}


class Catalogues:
    """What is said of the items of some cases; `trying` is a change that is not approved, with when it would be."""

    def __init__(
        self,
        session: Session,
        cases: Iterable[CaseTold],
        trying: tuple[CatalogueChange, datetime] | None = None,
    ) -> None:
        codes = {code for case in cases for code in case.items}
        self._own = _approved(session, codes, trying)
        self._told = _told_versions(session, codes)
        self._declared = _declared_versions(session, codes)

    def of(self, source_id: str) -> Catalogue:
        return _OfSource(self, source_id)

    def layers(self, source_id: str, code: str) -> Layers[ItemLimits]:
        own = self._own.get((source_id, code), ()), self._own.get((None, code), ())
        return (*own, self._told.get((source_id, code), ()), self._declared.get(code, ()))


@dataclass(frozen=True)
class _OfSource:
    catalogues: Catalogues
    source_id: str

    def limits(self, code: str, received: datetime, moment: datetime) -> ItemLimits | None:
        found = in_force(self.catalogues.layers(self.source_id, code), received, moment)
        return found.content if found else None

    def turns(self, code: str) -> Collection[datetime]:
        versions = (version for layer in self.catalogues.layers(self.source_id, code) for version in layer)
        return {version.known_from for version in versions if version.known_from > ALWAYS}


_Own = Mapping[tuple[str | None, str], list[Version[ItemLimits]]]


def _told_versions(session: Session, codes: Collection[str]) -> Mapping[tuple[str, str], list[Version[ItemLimits]]]:
    """What sources have said of these items, by source and code: a word from when it came until the next about it."""
    records, revisions = table_of(ItemVersion).c, table_of(RecordRevision).c
    words = (
        select(records.id, records.source_id, records.code, revisions.received_at, revisions.row)
        .join_from(table_of(ItemVersion), table_of(RecordRevision), revisions.record_id == records.id)
        .where(revisions.record == RecordKind.ITEM, revisions.overtaken_by.is_(None))
        .where(is_among(session, records.code, codes))
        .order_by(records.id, revisions.revision)
    )
    found: dict[tuple[str, str], list[Version[ItemLimits]]] = defaultdict(list)
    for _, same in groupby(session.execute(words), key=lambda word: word.id):
        of_record = list(same)
        for word, following in zip_longest(of_record, of_record[1:]):
            version = Version(
                item_limits(word.row),
                datetime.fromisoformat(word.row["valid_from"]),
                moment_of(word.row, "valid_to"),
                known_from=word.received_at,
                known_to=following.received_at if following else None,
            )
            found[word.source_id, word.code].append(version)
    for versions in found.values():
        versions.sort(key=lambda version: version.valid_from)
    return found


def _approved(session: Session, codes: Collection[str], trying: tuple[CatalogueChange, datetime] | None) -> _Own:
    changes = table_of(CatalogueChange)
    approved = select(
        changes.c.source_id,
        changes.c.code,
        changes.c.valid_from,
        changes.c.decided_at,
        changes.c.ends,
        changes.c.content,
    ).where(is_among(session, changes.c.code, codes), changes.c.state == ProposalState.APPROVED)
    rows: list[Any] = list(session.execute(approved))
    if trying is not None:
        change, known_from = trying
        rows.append((change.source_id, change.code, change.valid_from, known_from, change.ends, change.content))
    found: dict[tuple[str | None, str], list[Version[ItemLimits]]] = defaultdict(list)
    for source_id, code, valid_from, decided_at, ends, content in sorted(rows, key=lambda row: (row[2], row[3])):
        limits = None if ends else item_limits(content)
        found[source_id, code].append(Version(limits, valid_from, known_from=decided_at))
    return found


def _declared_versions(session: Session, codes: Collection[str]) -> Mapping[str, list[Version[ItemLimits]]]:
    """What was declared of these items, until something else was."""
    items, former = table_of(Item), table_of(FormerLimits)
    before = session.execute(select(*_limits_of(former), former.c.known_until).where(_is_of(session, former, codes)))
    now = session.execute(select(*_limits_of(items), null()).where(_is_of(session, items, codes)))
    found: dict[str, list[Version[ItemLimits]]] = defaultdict(list)
    for code, legal, promised, joint, day, known_at, known_until in [*before, *now]:
        limits = ItemLimits(_days(legal), _days(promised), is_joint=joint)
        found[code].append(Version(limits, first_moment(day), known_from=known_at or ALWAYS, known_to=known_until))
    return found


def _limits_of(table: Table) -> tuple[Column[Any], ...]:
    c = table.c
    return c.code, c.legal_days, c.promised_days, c.joint, c.limits_from, c.limits_known_at


def _is_of(session: Session, table: Table, codes: Collection[str]) -> Any:  # noqa: ANN401
    return is_among(session, table.c.code, codes)


def _days(days: int | None) -> Limit | None:
    return None if days is None else Limit(days)
