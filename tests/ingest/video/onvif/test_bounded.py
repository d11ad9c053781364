"""How deep an answer may nest, however it comes in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.video.onvif.bounded import MAX_DEPTH, Nesting


def borne(*chunks: bytes) -> bool:
    nesting = Nesting()
    return all(nesting.bears(chunk) for chunk in chunks)


def nested(depth: int) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


@given(st.integers(1, 3 * MAX_DEPTH), st.integers(1, 40))
def test_only_what_is_nested_too_deep_is_refused(depth: int, size: int) -> None:
    document = nested(depth)
    pieces = [document[start : start + size] for start in range(0, len(document), size)]
    assert borne(*pieces) == (depth <= MAX_DEPTH)


def test_many_elements_beside_each_other_are_no_nesting() -> None:
    assert borne(b"<a>" + b"<b/>" * 10_000 + b"</a>")


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_what_is_no_document_is_left_to_the_reader(chunks: list[bytes]) -> None:
    assert borne(*(chunk.replace(b"!", b"?") for chunk in chunks)), "no declaration can be in it, and little depth"


def test_a_declaration_of_entities_is_refused_before_they_are_used() -> None:
    assert not borne(b'<!DOCTYPE a [<!ENTITY b "c', b'">]>', b"<a>&b;</a>")
    assert not borne(b'<!DOCTYPE a SYSTEM "http://192.0.2.1/x.dtd"><a/>')
