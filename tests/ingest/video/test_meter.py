"""What is told of a stream that fails: why it failed last, and since when it is that."""

from datetime import UTC, datetime, timedelta

from ingest.video.meter import Meter

BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def test_the_newest_failure_is_told_since_it_first_came_in_a_row() -> None:
    meter = Meter()
    meter.connected(at(0))
    assert meter.failed("the camera ended the stream", at(10))
    assert meter.failed("Connection refused", at(12))
    assert not meter.failed("Connection refused", at(20)), "the same again is no news"
    health = meter.read(at(21))
    assert (health.error, health.error_since) == ("Connection refused", at(12))
    assert (health.connected, health.since) == (False, at(10)), "it has been away since its stream ended"
    meter.failed("401 Unauthorized", at(30))
    assert meter.read(at(31)).error_since == at(30)
