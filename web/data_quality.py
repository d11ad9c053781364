"""All sources beside each other: how each has reported, and the sums of districts and of the city."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session, col, func, select

from ingest.approvals.reconciliation import DayFigures, Figures, together
from storage.models import AlertKind, Batch, District, Hall, Source
from web.installation import Services
from web.pages.filters import DayRange
from web.pages.places import DistrictRef
from web.pages.scoping import sources_in_scope
from web.reconciliation import FiguresOfDays, counted, figures_together
from web.source_watch import lasting_alerts
from web.viewer import Viewer

USUAL_DAYS = 30


class QualityState(StrEnum):
    """The worst that is to be said of a day."""

    MISSING = "missing"  # numbered batches never came
    REFUSED = "refused"  # rows of the day were refused
    LATE = "late"  # some of what happened was first heard of later than the next day
    NOTHING = "nothing"  # nothing is known of the day
    WELL = "well"


@dataclass(frozen=True)
class DayMark:
    day: date
    state: QualityState


@dataclass(frozen=True)
class Sums:
    """Of all the days; shares are those of the sums, not means of the days'."""

    cases_opened: int
    steps: int
    suspensions: int
    extensions: int
    fees: int
    fees_yuan: str
    results: int
    deliveries: int
    ratings: int
    late: int
    late_share: float | None
    batches: int
    rows: int
    refused: int
    missing_batches: int
    completeness: float | None
    still_missing: int
    """Of the refused rows: those that no later batch has made good."""


@dataclass(frozen=True)
class SourceRow:
    id: str
    name: str
    district: DistrictRef | None
    """None: its rows are of several halls."""
    zone: str
    """Of its days."""
    last_batch: datetime | None
    """None: it has never sent anything."""
    silent_since: datetime | None
    """It is silent for longer than it may be, as the clerk has found it last."""
    sums: Sums
    days: tuple[DayMark, ...]
    """The oldest first."""

    @property
    def days_with_gaps(self) -> int:
        return sum(mark.state is QualityState.MISSING for mark in self.days)


@dataclass(frozen=True)
class SumRow:
    district: DistrictRef | None
    """None: the whole city."""
    sources: int
    sums: Sums


@dataclass(frozen=True)
class DataQuality:
    first: date
    last: date
    sources: tuple[SourceRow, ...]
    """Those that the viewer may see, by id."""
    together: tuple[SumRow, ...]
    """Districts of which the viewer sees every hall and, for who sees everything, the city at the end."""


@dataclass(frozen=True)
class _Counted:
    source: Source
    district: District | None
    found: FiguresOfDays


def data_quality(services: Services, session: Session, viewer: Viewer, wanted: DayRange) -> DataQuality:
    """Every source's figures are those of its own page of days: district and city read the same numbers."""
    seen = list(session.exec(_sources(viewer)))
    figures = figures_together(services, session, [source for source, _ in seen], wanted, USUAL_DAYS)
    counted_sources = [_Counted(source, district, figures[source.id]) for source, district in seen]
    silent = _silent_since(session)
    rows = [_row(session, each, silent.get(each.source.id)) for each in counted_sources]
    days = [each.found for each in counted_sources]
    today = services.clock().date()
    return DataQuality(
        first=min((each.first for each in days), default=wanted.first or today),
        last=max((each.last for each in days), default=wanted.last or today),
        sources=tuple(rows),
        together=tuple(_together(session, viewer, counted_sources)),
    )


def _sources(viewer: Viewer):  # type: ignore[no-untyped-def]  # noqa: ANN202
    return (
        select(Source, District)
        .join(Hall, col(Hall.id) == col(Source.hall_id), isouter=True)
        .join(District, col(District.id) == col(Hall.district_id), isouter=True)
        .where(sources_in_scope(viewer))
        .order_by(col(Source.id))
    )


def _silent_since(session: Session) -> dict[str, datetime | None]:
    found = (alert for alert in lasting_alerts(session) if AlertKind(alert.kind) is AlertKind.SOURCE_SILENT)
    return {alert.source_id or "": alert.source_since for alert in found}


def _row(session: Session, of: _Counted, silent_since: datetime | None) -> SourceRow:
    newest = select(func.max(Batch.received_at)).where(Batch.source_id == of.source.id)
    return SourceRow(
        id=of.source.id,
        name=of.source.name or of.source.id,
        district=_district(of.district),
        zone=of.found.zone,
        last_batch=session.exec(newest).one(),
        silent_since=silent_since,
        sums=_sums(of.found.days),
        days=tuple(DayMark(figures.day, state_of(figures)) for figures in reversed(of.found.days)),
    )


def _district(district: District | None) -> DistrictRef | None:
    return DistrictRef(district.id, district.name, district.name_en) if district else None


def _sums(figures: Iterable[Figures]) -> Sums:
    found = together(figures)
    return Sums(missing_batches=found.lost, **counted(found))


def state_of(figures: DayFigures) -> QualityState:
    if figures.missing:
        return QualityState.MISSING
    if figures.refused:
        return QualityState.REFUSED
    if figures.late:
        return QualityState.LATE
    return QualityState.NOTHING if figures.completeness is None else QualityState.WELL


def _together(session: Session, viewer: Viewer, found: Sequence[_Counted]) -> Iterator[SumRow]:
    """A sum of a part of a district would be another number than the one that the city reads."""
    districts = {each.district.id: each.district for each in found if each.district}
    for district in sorted(districts.values(), key=lambda each: each.id):
        if viewer.halls is None or _halls(session, district) <= viewer.halls:
            own = [each for each in found if each.district and each.district.id == district.id]
            yield _sum_row(district, own)
    if viewer.halls is None and found:
        yield _sum_row(None, found)


def _halls(session: Session, district: District) -> set[str]:
    return set(session.exec(select(Hall.id).where(Hall.district_id == district.id)))


def _sum_row(district: District | None, found: Sequence[_Counted]) -> SumRow:
    return SumRow(_district(district), len(found), _sums(day for each in found for day in each.found.days))
