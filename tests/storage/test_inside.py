import pytest

from storage.inside import BUILT_IN, Inside, Measure, read_inside


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("centre", BUILT_IN),
        ("foot", Inside(Measure.FOOT)),
        ("overlap 0.5", Inside(Measure.OVERLAP, 0.5)),
        ("overlap .25", Inside(Measure.OVERLAP, 0.25)),
        ("overlap 1", Inside(Measure.OVERLAP, 1)),
    ],
)
def test_who_is_inside_is_read_and_written_the_same(text: str, inside: Inside) -> None:
    assert read_inside(text) == inside
    assert read_inside(str(inside)) == inside


@pytest.mark.parametrize(
    "text", ["", "head", "overlap", "overlap 0", "overlap 0.0", "overlap 1.5", "overlap -0.5", "Foot"]
)
def test_what_is_none_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"overlap 0\.5"):
        read_inside(text)
