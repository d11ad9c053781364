"""What becomes of packets on their way, without a network."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ingest.simulator.disturbance import Disturbance, Way

PACKETS = [bytes([number]) for number in range(200)]
shares = st.floats(0, 1)


def ordered(packets: Sequence[bytes]) -> bool:
    return list(packets) == sorted(packets)


@given(shares, st.integers())
def test_what_is_not_lost_arrives_in_order(loss: float, seed: int) -> None:
    arrived = list(Way(Disturbance(loss=loss), seed).arriving(PACKETS))
    assert ordered(arrived)
    assert set(arrived) <= set(PACKETS)
    assert loss not in (0, 1) or len(arrived) == len(PACKETS) * (1 - loss)


@given(shares, st.integers())
def test_what_is_overtaken_is_late_by_a_few_and_never_twice(share: float, seed: int) -> None:
    disturbance = Disturbance(reordering=share)
    way = Way(disturbance, seed)
    sent = list(way.in_any_order(PACKETS))
    disturbance.reordering = 0
    rest = [bytes([255])] * 10
    sent += [packet for packet in way.in_any_order(rest) if packet not in rest]
    assert sorted(sent) == PACKETS
    assert share > 0 or ordered(sent)


def test_noise_comes_where_it_is_asked_for_only() -> None:
    assert {Way(Disturbance(), 1).noise() for _ in range(100)} == {b""}
    assert all(Way(Disturbance(noise=1), seed).noise() for seed in range(100))


def test_a_tenth_is_lost_of_many() -> None:
    arrived = list(Way(Disturbance(loss=0.1), 1).arriving(PACKETS * 50))
    assert 0.88 < len(arrived) / 10_000 < 0.92
