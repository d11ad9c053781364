"""The board of data quality: every source that the viewer may see, and the sums of districts and of the city."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Annotated

from fastapi import APIRouter, Depends

from web.data_quality import DataQuality, SourceRow, SumRow, Sums, data_quality
from web.pages.filters import DEFAULT_ZONE, DayRange, DayRangeDep
from web.pages.reconciliation import Reader
from web.pages.rendering import add_page
from web.pages.tables import Cell, Moments, Table, add_table
from web.services import ServicesDep

router = APIRouter()


@dataclass(frozen=True)
class DataQualityPage:
    days: DayRange
    found: DataQuality

    @property
    def query(self) -> str:
        """The days asked for, for the page of one source."""
        asked = {"from": self.days.first, "to": self.days.last}
        return "".join(f"&{name}={day}" for name, day in asked.items() if day)


def data_quality_page(viewer: Reader, services: ServicesDep, days: DayRangeDep) -> DataQualityPage:
    with services.database.transaction() as session:
        return DataQualityPage(days, data_quality(services, session, viewer, days))


_COUNTS = tuple(field.name for field in fields(Sums))
_COLUMNS = ("of", "id", "name", "district", Moments("last_batch"), "sources", *_COUNTS, "days_with_gaps")


def data_quality_table(page: Annotated[DataQualityPage, Depends(data_quality_page)]) -> Table:
    """Sources, then districts, then the city, as the first column says."""
    zones = [source.zone for source in page.found.sources]
    return Table("data-quality", zones[0] if zones else DEFAULT_ZONE, _COLUMNS, _lines(page.found))


def _lines(found: DataQuality) -> Iterator[list[Cell]]:
    yield from map(_of_source, found.sources)
    yield from map(_of_sum, found.together)


def _of_source(row: SourceRow) -> list[Cell]:
    district = row.district.id if row.district else ""
    return ["source", row.id, row.name, district, row.last_batch, 1, *_counts(row.sums), row.days_with_gaps]


def _of_sum(row: SumRow) -> list[Cell]:
    place = ("district", row.district.id, row.district.name, row.district.id) if row.district else ("city", "", "", "")
    return [*place, None, row.sources, *_counts(row.sums), None]


def _counts(sums: Sums) -> Iterator[Cell]:
    for name in _COUNTS:
        value = getattr(sums, name)
        yield round(value, 4) if isinstance(value, float) else value


add_page(router, "/data-quality", "data_quality.html", data_quality_page)
add_table(router, "/data-quality", data_quality_table)
