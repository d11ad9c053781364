"""Parameter sets tell size and configuration, and malformed ones raise."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.video.annexb import annexb, join_units, length_prefixed, split_units
from ingest.video.frames import Codec
from ingest.video.parameter_sets import BadParameterSets, ParameterSets
from tests.ingest.video.encoded import packets

Units = st.lists(st.binary(min_size=1, max_size=40).map(lambda raw: raw.replace(b"\x00", b"\x01")), max_size=8)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("width", [192, 240, 1284])
def test_the_size_is_that_of_the_picture(codec: Codec, width: int) -> None:
    sets = ParameterSets.find(codec, packets(3, codec=codec, width=width)[0].data)
    assert sets is not None
    assert (sets.picture().width, sets.picture().height) == (width, 96)
    assert ParameterSets.find(codec, sets.extradata) == sets


def test_a_missing_kind_is_no_set() -> None:
    sets = ParameterSets.find("h264", packets(3)[0].data)
    assert sets is not None
    assert ParameterSets.find("h264", join_units(sets.units[:1])) is None


@given(st.sampled_from([b"\x67", b"\x42\x01"]), st.binary(max_size=80))
def test_any_bytes_give_a_size_or_an_error(head: bytes, body: bytes) -> None:
    codec: Codec = "h264" if head == b"\x67" else "hevc"
    with contextlib.suppress(BadParameterSets):
        picture = ParameterSets(codec, (head + body,)).picture()
        assert 0 < picture.width <= 16384
        assert 0 < picture.height <= 16384


@given(Units)
def test_start_codes_and_lengths_say_the_same(units: list[bytes]) -> None:
    assert split_units(join_units(units)) == units
    assert annexb(length_prefixed(join_units(units))) == join_units(units)


@given(st.binary(max_size=60))
def test_lengths_that_lead_astray_raise(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert sum(len(unit) for unit in split_units(annexb(data))) <= len(data)
