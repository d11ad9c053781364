"""Every second since a camera's first is in a segment or in a gap with a cause."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ingest.video.gaps import (
    END_UNKNOWN,
    TOLERANCE,
    GapChange,
    GapClosed,
    GapKeeper,
    GapOpened,
    Known,
    account_for_absence,
)
from storage.intervals import Span, merge, subtract
from storage.models import GapCause
from tests.ingest.video.encoded import START

CAUSES = [GapCause.CAMERA_UNREACHABLE, GapCause.CAMERA_STALLED, GapCause.STREAM_ENDED, GapCause.DISK_FULL]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Book:
    """What the database would hold."""

    def __init__(self) -> None:
        self.gaps: dict[datetime, tuple[datetime | None, GapCause]] = {}

    def write(self, changes: list[GapChange]) -> None:
        for change in changes:
            if isinstance(change, GapOpened):
                assert all(end is not None for end, _ in self.gaps.values()), "two gaps open at once"
                self.gaps[change.start] = None, change.cause
            elif change.end <= change.start:
                del self.gaps[change.start]
            else:
                self.gaps[change.start] = change.end, self.gaps[change.start][1]

    def spans(self, now: datetime) -> list[Span]:
        return [Span(start, max(end or now, start)) for start, (end, _) in self.gaps.items()]


Events = st.lists(
    st.tuples(st.sampled_from(["record", "fail", "wait"]), st.floats(0.04, 20), st.sampled_from(CAUSES)), max_size=60
)


@given(Events)
def test_every_moment_is_recorded_or_a_gap(events: list[tuple[str, float, GapCause]]) -> None:
    keeper, book, now, recorded = GapKeeper("c", at(0)), Book(), at(0), list[Span]()
    for kind, seconds, cause in events:
        if kind == "fail":
            book.write(keeper.failed(now, cause))
        start, now = now, now + timedelta(seconds=seconds)
        if kind == "record":
            book.write(keeper.recorded(start, now))
            recorded.append(Span(start, now))
    book.write(keeper.failed(now, GapCause.RECORDER_STOPPED))
    missing = book.spans(now)
    first = min(span.start for span in recorded + missing)
    assert first == at(0) or first == recorded[0].start
    holes = subtract([Span(first, now)], merge(recorded + book.spans(now), bridge=TOLERANCE))
    assert all(hole.duration <= TOLERANCE for hole in holes)
    assert not [s for s in merge(recorded) for g in book.spans(now) if max(s.start, g.start) < min(s.end, g.end)]


@given(Events, st.floats(60, 90_000), Events, st.floats(60, 90_000), Events)
def test_an_outage_is_a_gap_from_the_last_moment_to_the_next_wherever_the_clock_was_before(
    before: list[tuple[str, float, GapCause]],
    leap: float,
    ahead: list[tuple[str, float, GapCause]],
    back: float,
    after: list[tuple[str, float, GapCause]],
) -> None:
    """It leaps ahead, and is set back by less or by more."""
    keeper, book, now = GapKeeper("c", at(0)), Book(), 0.0
    for step, events in ((0.0, before), (leap, ahead), (-back, after)):
        now += step
        for kind, seconds, cause in events:
            if kind == "fail":
                book.write(keeper.failed(at(now), cause))
            if kind == "record":
                book.write(keeper.recorded(at(now), at(now + seconds)))
            now += seconds
    book.write(keeper.recorded(at(now), at(now + 10)))
    book.write(keeper.failed(at(now + 12), GapCause.CAMERA_UNREACHABLE))
    book.write(keeper.failed(at(now + 20), GapCause.CAMERA_UNREACHABLE))
    assert book.gaps[at(now + 10)] == (None, GapCause.CAMERA_UNREACHABLE)
    book.write(keeper.recorded(at(now + 50), at(now + 60)))
    assert book.gaps[at(now + 10)] == (at(now + 50), GapCause.CAMERA_UNREACHABLE)


def test_a_gap_that_a_leap_of_the_clock_made_ends_where_footage_goes_on_when_it_is_set_back() -> None:
    keeper, book = GapKeeper("c", at(0)), Book()
    book.write(keeper.recorded(at(0), at(10)))
    book.write(keeper.recorded(at(28_800), at(28_810)))
    assert book.gaps[at(10)] == (at(28_800), GapCause.UNKNOWN)
    book.write(keeper.recorded(at(20), at(30)))
    assert book.gaps == {at(10): (at(20), GapCause.UNKNOWN)}


def test_a_camera_that_is_down_while_the_clock_is_set_back_is_down_from_then_on() -> None:
    keeper, book = GapKeeper("c", at(28_800)), Book()
    book.write(keeper.recorded(at(28_800), at(28_810)))
    book.write(keeper.failed(at(28_812), GapCause.CAMERA_STALLED))
    book.write(keeper.failed(at(20), GapCause.CAMERA_STALLED))
    book.write(keeper.failed(at(30), GapCause.CAMERA_UNREACHABLE))
    book.write(keeper.recorded(at(60), at(70)))
    assert book.gaps == {
        at(20): (at(30), GapCause.CAMERA_STALLED),
        at(30): (at(60), GapCause.CAMERA_UNREACHABLE),
    }


def test_a_crash_after_the_clock_was_set_back_is_a_gap_from_the_last_frame_before_now() -> None:
    spans = (Span(at(28_800), at(29_400)), Span(at(600), at(1800)))
    start = account_for_absence(Known("c", spans, None, at(1800)), at(10_800))
    crash = GapOpened("c", at(1800), GapCause.RECORDER_CRASHED)
    assert (start.changes, start.known_to) == ((crash,), at(1800))


def test_a_stop_by_a_clock_that_was_ahead_lasts_from_the_last_frame_before_now() -> None:
    stopped = GapOpened("c", at(29_400), GapCause.RECORDER_STOPPED)
    spans = (Span(at(0), at(600)), Span(at(28_800), at(29_400)))
    start = account_for_absence(Known("c", spans, stopped, at(29_400)), at(10_800))
    since = GapOpened("c", at(600), GapCause.RECORDER_STOPPED)
    assert start.changes == (GapClosed("c", at(29_400), at(29_400)), since)
    assert start.open_gap == since
    down = GapOpened("c", at(600), GapCause.CAMERA_UNREACHABLE)
    start = account_for_absence(Known("c", spans, stopped, at(29_400), (down,)), at(10_800))
    assert start.changes == (GapClosed("c", at(29_400), at(29_400)),)
    assert start.open_gap == down


def test_a_new_camera_that_connects_slowly_has_no_gap_and_one_that_fails_has() -> None:
    assert GapKeeper("c", at(0)).recorded(at(5), at(6)) == []
    failing = GapKeeper("c", at(0))
    assert failing.failed(at(5), GapCause.CAMERA_UNREACHABLE) == [GapOpened("c", at(0), GapCause.CAMERA_UNREACHABLE)]


def test_a_gap_ends_with_the_first_frame_and_keeps_its_cause() -> None:
    keeper, book = GapKeeper("c", at(0)), Book()
    book.write(keeper.recorded(at(1), at(10)))
    book.write(keeper.failed(at(14), GapCause.CAMERA_STALLED))
    book.write(keeper.failed(at(15), GapCause.CAMERA_UNREACHABLE))
    book.write(keeper.recorded(at(30), at(31)))
    assert book.gaps[at(10)] == (at(15), GapCause.CAMERA_STALLED)
    assert book.gaps[at(15)] == (at(30), GapCause.CAMERA_UNREACHABLE)


def test_the_time_after_the_start_is_not_blamed_on_the_crash() -> None:
    crash = GapOpened("c", at(0), GapCause.RECORDER_CRASHED)
    keeper, book = GapKeeper("c", at(60), at(0), crash), Book()
    book.write([crash])
    book.write(keeper.failed(at(64), GapCause.CAMERA_UNREACHABLE))
    assert book.gaps == {
        at(0): (at(60), GapCause.RECORDER_CRASHED),
        at(60): (None, GapCause.CAMERA_UNREACHABLE),
    }


def test_a_crash_is_a_gap_from_the_last_frame_on() -> None:
    known = Known("c", (Span(at(0), at(10)), Span(at(10.04), at(18))), None, at(21))
    start = account_for_absence(known, at(50))
    assert start.open_gap == GapOpened("c", at(18), GapCause.RECORDER_CRASHED)
    assert start.changes == (start.open_gap,)


def test_a_lost_index_makes_no_crash_of_what_it_does_not_know() -> None:
    known = Known("c", (Span(at(0), at(10)), Span(at(12), at(18))), None, None, end_unknown=True)
    start = account_for_absence(known, at(50))
    assert start.open_gap == GapOpened("c", at(18), GapCause.UNKNOWN, END_UNKNOWN)
    assert GapOpened("c", at(10), GapCause.UNKNOWN, END_UNKNOWN) in start.changes


def test_an_orderly_stop_is_told_from_a_crash() -> None:
    stopped = GapOpened("c", at(10), GapCause.RECORDER_STOPPED)
    start = account_for_absence(Known("c", (Span(at(0), at(10)),), stopped, at(9)), at(50))
    assert start.changes == ()
    assert start.open_gap == stopped


def test_a_camera_that_was_down_at_the_crash_is_down_until_the_last_heartbeat() -> None:
    down = GapOpened("c", at(10), GapCause.CAMERA_UNREACHABLE)
    start = account_for_absence(Known("c", (Span(at(0), at(10)),), down, at(40)), at(50))
    crash = GapOpened("c", at(40), GapCause.RECORDER_CRASHED)
    assert start.changes == (GapClosed("c", at(10), at(40)), crash)


def test_footage_after_an_open_gap_closes_it() -> None:
    down = GapOpened("c", at(10), GapCause.CAMERA_UNREACHABLE)
    start = account_for_absence(Known("c", (Span(at(0), at(10)), Span(at(20), at(30))), down, at(25)), at(50))
    assert start.changes[0] == GapClosed("c", at(10), at(20))
    assert start.open_gap == GapOpened("c", at(30), GapCause.RECORDER_CRASHED)


def test_a_hole_between_segments_that_nobody_explained_gets_a_cause() -> None:
    start = account_for_absence(Known("c", (Span(at(0), at(10)), Span(at(20), at(30))), None, at(30)), at(31))
    assert start.changes[:2] == (
        GapOpened("c", at(10), GapCause.RECORDER_CRASHED),
        GapClosed("c", at(10), at(20)),
    )


def test_a_new_camera_has_no_past() -> None:
    start = account_for_absence(Known("c", (), None, None), at(50))
    assert start.changes == ()
    assert start.open_gap is None


def test_a_recorder_that_learns_late_what_was_before_ends_that_gap_where_its_own_account_begins() -> None:
    stopped = GapOpened("c", at(0), GapCause.RECORDER_STOPPED)
    recording, failing, idle = (GapKeeper("c", at(10)) for _ in range(3))
    assert recording.recorded(at(11), at(12)) == []
    assert recording.inherit(at(0), stopped) == [GapClosed("c", at(0), at(11))]
    assert failing.failed(at(14), GapCause.CAMERA_UNREACHABLE)
    assert failing.inherit(at(0), stopped) == [GapClosed("c", at(0), at(10))]
    assert idle.inherit(at(0), stopped) == []
    assert idle.recorded(at(20), at(21)) == [GapClosed("c", at(0), at(20))]


def test_gaps_whose_end_nobody_wrote_down_end_where_the_next_begins() -> None:
    down, stopped = GapOpened("c", at(10), GapCause.CAMERA_UNREACHABLE), GapOpened("c", at(20), GapCause.STREAM_ENDED)
    last = GapOpened("c", at(40), GapCause.RECORDER_STOPPED)
    spans = (Span(at(0), at(10)), Span(at(25), at(40)))
    start = account_for_absence(Known("c", spans, last, at(39), (down, stopped)), at(50))
    assert start.changes == (GapClosed("c", at(10), at(20)), GapClosed("c", at(20), at(25)))
    assert start.open_gap == last
