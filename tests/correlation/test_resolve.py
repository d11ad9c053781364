"""The decision what footage shows a moment, on any coverage that there can be."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from correlation.resolve import Moment, Seen, moment, resolve
from storage.footage import Coverage, Missing
from storage.intervals import Span, intersect, merge, subtract, total
from storage.models import Outcome

NINE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def asked(start: float, end: float) -> Moment:
    return moment(at(start), at(end), timedelta(seconds=5), timedelta(seconds=10), timedelta(hours=2))


def coverage(
    *covered: tuple[float, float], whole: tuple[float, float] = (-1000, 1000), cause: str = "disk_full"
) -> Coverage:
    spans = merge(Span(at(start), at(end)) for start, end in covered)
    holes = subtract([Span(at(whole[0]), at(whole[1]))], spans)
    return Coverage(tuple(spans), tuple(Missing(hole.start, hole.end, cause) for hole in holes))


seconds = st.integers(-900, 900)
spans = st.tuples(seconds, seconds).map(lambda pair: (min(pair), max(pair)))
coverages = st.lists(spans, max_size=6).map(lambda found: coverage(*found))
moments = st.tuples(st.integers(-500, 500), st.integers(0, 300)).map(lambda m: asked(m[0], m[0] + m[1]))
edges = st.one_of(st.none(), seconds.map(at))


@st.composite
def views(draw: st.DrawFn) -> Seen:
    since, until = draw(edges), draw(edges)
    if since and until and until < since:
        since, until = until, since
    return Seen(draw(st.sampled_from(["a", "b", "c"])), since, until)


@given(moments, st.lists(views(), max_size=4), st.tuples(coverages, coverages, coverages))
def test_what_is_shown_and_what_is_missing_are_together_the_clip(
    wanted: Moment, found: list[Seen], recorded: tuple[Coverage, Coverage, Coverage]
) -> None:
    there = dict(zip("abc", recorded, strict=True))
    result = resolve(wanted, found, there)
    if result.camera_id is None:
        assert result.outcome is Outcome.UNMAPPED
        assert not any(view.within(wanted.clip) for view in found)
        return
    missing = [Span(part.start, part.end) for part in result.missing]
    valid = merge(span for v in found if v.camera_id == result.camera_id and (span := v.within(wanted.clip)))
    shown = intersect(there[result.camera_id].covered, valid)
    assert subtract([wanted.clip], missing) == shown
    assert total(missing) == sum((span.duration for span in missing), timedelta(0)), "no moment is missing twice"
    assert (result.outcome is Outcome.CLIP) == (not missing)
    assert (result.outcome is Outcome.NONE) == (not shown)


@given(moments, coverages, coverages)
def test_the_camera_that_shows_most_of_the_step_is_chosen(wanted: Moment, left: Coverage, right: Coverage) -> None:
    result = resolve(wanted, [Seen("a"), Seen("b")], {"a": left, "b": right})
    of_heart = {name: total(intersect(c.covered, [wanted.heart])) for name, c in (("a", left), ("b", right))}
    assert result.camera_id is not None
    assert of_heart[result.camera_id] == max(of_heart.values())


def test_two_validities_of_one_camera_show_together_the_whole_clip() -> None:
    redrawn = at(50)
    found = [Seen("a", None, redrawn), Seen("a", redrawn, None)]
    result = resolve(asked(40, 60), found, {"a": coverage((0, 100))})
    assert (result.outcome, result.missing) == (Outcome.CLIP, ())


def test_a_view_that_ended_in_the_middle_leaves_the_rest_missing_as_no_view() -> None:
    result = resolve(asked(40, 60), [Seen("a", None, at(50))], {"a": coverage((0, 100))})
    assert result.outcome is Outcome.PARTIAL
    assert result.missing == (Missing(at(50), at(70), "no_view"),)


def test_what_the_recorder_has_not_reached_yet_is_not_called_a_gap() -> None:
    result = resolve(asked(40, 60), [Seen("a")], {"a": coverage((0, 50), cause="not_yet")})
    assert (result.outcome, result.reason) == (Outcome.PARTIAL, "not_yet")


def test_an_instant_at_the_edge_of_footage_prefers_the_camera_that_shows_it() -> None:
    found = {"a": coverage((-100, 99)), "b": coverage((99, 104))}
    assert resolve(asked(100, 100), [Seen("a"), Seen("b")], found).camera_id == "b"
