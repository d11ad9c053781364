from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from correlation.windows import windows
from storage.intervals import Span

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BRIDGE, LONGEST = timedelta(seconds=60), timedelta(hours=1)

spans = st.tuples(st.integers(0, 20_000), st.integers(0, 7_000)).map(
    lambda s: Span(NINE + timedelta(seconds=s[0]), NINE + timedelta(seconds=s[0] + s[1]))
)


@given(st.lists(spans, max_size=40))
def test_every_clip_lies_in_one_window_and_no_window_is_long_without_need(clips: list[Span]) -> None:
    found = windows(clips, BRIDGE, LONGEST)
    assert sorted(position for _, inside in found for position in inside) == list(range(len(clips)))
    for window, inside in found:
        assert all(window.start <= clips[p].start and clips[p].end <= window.end for p in inside)
        assert window.duration <= max(LONGEST, *(clips[p].duration for p in inside))
        assert window == Span(min(clips[p].start for p in inside), max(clips[p].end for p in inside))


def test_clips_near_each_other_share_a_window() -> None:
    clips = [Span(NINE + timedelta(seconds=s), NINE + timedelta(seconds=s + 15)) for s in range(0, 1_000, 20)]
    assert len(windows(clips, BRIDGE, LONGEST)) == 1
