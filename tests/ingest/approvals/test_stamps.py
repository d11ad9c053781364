"""Times in a format of a table's own are read as `strptime` reads them, whatever stands there."""

from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.approvals.stamps import is_readable, read_stamp

FORMATS = (
    *("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y", "%Y%m%d%H%M%S", "(%Y) %m %d"),
    *("%d.%m.%y", "%H:%M", "%Y%%%m%d"),
)
moments = st.datetimes(datetime(1000, 1, 1))  # noqa: DTZ001  (other years are not written with four digits)


written = moments.flatmap(lambda at: st.sampled_from(FORMATS).map(at.strftime))


@given(st.sampled_from(FORMATS), written | st.text("0123456789/-:. ", max_size=16))
@example("%Y/%m/%d %H:%M", "2026/3/2 9:14")
@example("%Y/%m/%d %H:%M", "2026/02/30 09:14")
@example("%Y-%m-%d %H:%M:%S", "2026-03-02 09:14:60")
@example("%Y/%m/%d %H:%M", "２０２６/03/02 09:14")
@example("%Y/%m/%d %H:%M", "2026/03/02  09:14")
@example("%Y/%m/%d %H:%M", "2026/03/02 09:14\n")
def test_it_is_what_strptime_reads(written_as: str, text: str) -> None:
    assert _read(read_stamp, text, written_as) == _read(datetime.strptime, text, written_as)


def _read(read: Callable[[str, str], datetime], text: str, written_as: str) -> datetime | None:
    try:
        return read(text, written_as)
    except ValueError:
        return None


@pytest.mark.parametrize("written_as", ["%Y-%m-%d %", "[%"])
def test_a_format_that_is_none_reads_nothing(written_as: str) -> None:
    assert _read(read_stamp, "2026-03-02 ", written_as) == _read(datetime.strptime, "2026-03-02 ", written_as)


@pytest.mark.parametrize("written_as", [*FORMATS, "%d %B %Y %I:%M %p", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y %j %Z"])
def test_formats_in_use_are_readable(written_as: str) -> None:
    assert is_readable(written_as)
