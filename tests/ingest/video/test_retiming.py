"""A camera that numbers its pictures by another rate than it delivers is recorded at the rate of life."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from ingest.video.clock import with_stated_error
from ingest.video.connection import NOTHING_LEARNED, Connection, Learned
from ingest.video.doubts import doubt_of, doubted
from ingest.video.fragmented import Recording
from ingest.video.segmenter import Gop, OpenSegment, starts_new_segment
from ingest.video.source import SourcePacket
from storage.models import ClockSource
from tests.ingest.video.encoded import TIME_BASE, packets

GOP = 25
EPOCH = 1_700_000_000_000_000
FIVE_SECONDS = 5_000_000


def taken(
    count: int,
    rate: float,
    *,
    reports: bool = False,
    jitter_us: int = 10_000,
    b_frames: int = 0,
    usual: Learned = NOTHING_LEARNED,
    gop: int = GOP,
) -> list[Gop]:
    """Of a camera that declares 25 pictures a second and delivers `rate` times as many."""
    connection, chance = Connection("h264", b"", TIME_BASE, usual), random.Random(1)
    some, made = packets(count, gop=gop, b_frames=b_frames), list[Gop]()
    reported: int | None = None
    for number, packet in enumerate(some):
        arrival = EPOCH + round(number * 40_000 / rate) + 20_000 + chance.randrange(jitter_us)
        media = packet.pts * 100 // 9
        if reports and number % round(125 * rate) == 0:
            reported = EPOCH + round(number * 40_000 / rate) - media
        report = None if reported is None else reported + media
        told = 1 + number // round(125 * rate)
        made += connection.take(replace(packet, arrival_us=arrival, report_us=report, reports=told)).gops
    return [*made, *connection.finish()]


def stated_us(made: list[Gop]) -> list[int]:
    """Of each, what the row of its segment says: how far its times may be off."""
    segments: list[list[Gop]] = []
    current: OpenSegment | None = None
    for gop in made:
        if starts_new_segment(current, gop, 10):
            segments.append([])
            error_us = with_stated_error(gop.evidence).error_us
            current = OpenSegment(gop.info, gop.wall_us, gop.end_us, gop.source, gop.offset_us, error_us)
        segments[-1].append(gop)
        assert current is not None
        current = replace(current, end_us=gop.end_us)
    return [bound for segment in segments for bound in [_row_error_us(segment)] * len(segment)]


def _row_error_us(segment: list[Gop]) -> int:
    first = segment[0]
    recording = Recording("c", 1, first.wall_us, first.source, first.offset_us, with_stated_error(first.evidence))
    doubts = [doubt for gop in segment if (doubt := doubt_of(gop, recording))]
    return doubted(recording, doubts).evidence.error_us


def errors_ms(made: list[Gop], rate: float) -> list[float]:
    """Of every picture: its number tells when it was taken."""
    found, number = [], 0
    for gop in made:
        at_us = gop.wall_us
        for duration in gop.durations:
            found.append((at_us - EPOCH - number * 40_000 / rate) / 1000)
            at_us += duration * 100 // 9
            number += 1
    return found


@pytest.mark.parametrize("reports", [False, True])
@pytest.mark.parametrize("rate", [21 / 25, 15 / 25, 24 / 25])
def test_a_declared_25_that_delivers_less_lasts_as_long_as_what_it_shows(rate: float, reports: bool) -> None:
    found = sorted(map(abs, errors_ms(taken(GOP * 60, rate, reports=reports), rate)))
    assert found[len(found) * 99 // 100] <= 500
    assert found[len(found) // 2] <= 200


def test_one_whose_pictures_come_unevenly_is_noticed_when_no_delay_explains_it_any_more() -> None:
    found = list(map(abs, errors_ms(taken(GOP * 60, 21 / 25, jitter_us=200_000), 21 / 25)))
    assert max(found) > 1_000
    assert max(found[GOP * 10 :]) <= 500


def test_one_whose_pictures_come_unevenly_is_noticed_as_soon_as_its_reports_say_the_same() -> None:
    found = list(map(abs, errors_ms(taken(GOP * 60, 21 / 25, jitter_us=200_000, reports=True), 21 / 25)))
    assert max(found) < 1_200
    assert max(found[GOP * 6 :]) <= 300


def test_a_reconnection_starts_with_the_rate_that_was_learned() -> None:
    learned = Learned(rate_error_ppm=190_476)
    found = list(map(abs, errors_ms(taken(GOP * 20, 21 / 25, jitter_us=200_000, usual=learned), 21 / 25)))
    assert max(found) <= 300


@pytest.mark.parametrize("late_us", [35_000, 100_000, 200_000])
@pytest.mark.parametrize("seed", range(4))
def test_a_rate_learned_from_a_late_beginning_is_refined_though_pictures_come_unevenly_then(
    late_us: int, seed: int
) -> None:
    """On a machine that is busy with connecting the first pictures are late, so that the rise after them looks less."""
    connection, chance, made = Connection("h264", b"", TIME_BASE), random.Random(seed), list[Gop]()
    for number, packet in enumerate(packets(GOP * 26, gop=GOP)):
        late = late_us if number < 3 else chance.randrange(10_000 if number < GOP * 3 else 90_000)
        arrival = EPOCH + round(number * 40_000 * 25 / 21) + 20_000 + late
        made += connection.take(replace(packet, arrival_us=arrival, report_us=None)).gops
    found = list(map(abs, errors_ms(made, 21 / 25)))
    assert max(found[GOP * 10 :]) <= 400


@pytest.mark.parametrize("reports", [False, True])
@pytest.mark.parametrize("late_us", [0, 25_000, 50_000])
def test_what_is_left_of_a_miscount_is_made_up_for_within_a_quarter_of_a_minute(late_us: int, reports: bool) -> None:
    connection, made = Connection("h264", b"", TIME_BASE), list[Gop]()
    for number, packet in enumerate(packets(GOP * 40, gop=GOP)):
        arrival = EPOCH + round(number * 40_000 * 25 / 21) + 20_000 + (late_us if number < 3 else 0)
        # The last report came a second before the first picture, and what lies between is reckoned by the wrong rate.
        report = EPOCH - 160_000 + number * 40_000 if reports else None
        made += connection.take(replace(packet, arrival_us=arrival, report_us=report)).gops
    found = list(map(abs, errors_ms(made, 21 / 25)))
    assert max(found[21 * 15 :]) <= 60


@pytest.mark.parametrize("learned_ppm", [150_000, 170_000, 185_000, 195_000, 210_000, 230_000])
@pytest.mark.parametrize("jitter_us", [20_000, 150_000, 300_000])
def test_the_bound_holds_though_a_rate_was_not_learned_rightly(learned_ppm: int, jitter_us: int) -> None:
    made = taken(GOP * 40, 21 / 25, jitter_us=jitter_us, usual=Learned(rate_error_ppm=learned_ppm))
    found = iter(errors_ms(made, 21 / 25))
    for gop, bound_us in zip(made, stated_us(made), strict=True):
        assert max(abs(next(found)) for _ in gop.frames) * 1_000 <= bound_us
    assert max(gop.evidence.error_us for gop in made[2:]) < 1_000_000


@pytest.mark.parametrize("rate", [21 / 25, 24 / 25])
@pytest.mark.parametrize("jitter_us", [10_000, 150_000, 300_000])
@pytest.mark.parametrize("reports", [False, True])
@pytest.mark.parametrize("gop", [GOP, 3 * GOP, 12 * GOP, 60 * GOP])
def test_the_bound_holds_though_a_rate_was_not_learned_yet(
    rate: float, jitter_us: int, reports: bool, gop: int
) -> None:
    made = taken(GOP * 60, rate, jitter_us=jitter_us, reports=reports, gop=gop)
    found = iter(errors_ms(made, rate))
    for part, bound_us in zip(made, stated_us(made), strict=True):
        assert max(abs(next(found)) for _ in part.frames) * 1_000 <= bound_us
    if gop == GOP:
        assert sorted(part.evidence.error_us for part in made)[len(made) // 2] < 800_000


def test_a_queue_that_comes_again_and_again_is_not_taken_each_time_for_what_is_left_of_a_miscount() -> None:
    """By a camera that counts 25 where it delivers 21 and whose rate has been learned."""
    connection, chance, made, last = Connection("h264", b"", TIME_BASE), random.Random(2), list[Gop](), 0
    some = packets(GOP * 125, gop=GOP)
    for number, packet in enumerate(some):
        at_s = number / 21
        queued = min((at_s % 30 - 15) / 5, 1) * 350_000 if 15 <= at_s % 30 < 23 else 0
        arrival = max(last, EPOCH + round(at_s * 1_000_000) + 20_000 + chance.randrange(60_000) + round(queued))
        made += connection.take(replace(packet, arrival_us=arrival, report_us=None)).gops
        last = arrival
    found = list(map(abs, errors_ms(made, 21 / 25)))
    assert sum(error > 500 for error in found[21 * 60 :]) < len(found) // 100


@pytest.mark.parametrize("noise_us", [0, 9])
def test_reports_that_say_exactly_the_same_each_time_vouch_for_media_time_too(noise_us: int) -> None:
    """While a queue grows evenly, which else looks like a camera that counts wrongly."""
    connection, made = Connection("h264", b"", TIME_BASE), list[Gop]()
    for number, packet in enumerate(packets(GOP * 60, gop=GOP)):
        at_us, report = number * 40_000, number // 125
        queued = (at_us - 30_000_000) * 350 // 4_000 if 30_000_000 <= at_us < 34_000_000 else 0
        noise = (-1) ** report * noise_us
        taken_us = EPOCH + at_us
        arrived = replace(packet, arrival_us=taken_us + 20_000 + queued, report_us=taken_us + noise, reports=report + 1)
        made += connection.take(arrived).gops
    assert {duration for gop in made for duration in gop.durations} == {3_600}


def test_one_that_counts_rightly_again_is_noticed_though_its_pictures_come_unevenly() -> None:
    learned = Learned(rate_error_ppm=190_476)
    made = taken(GOP * 60, 1, jitter_us=100_000, usual=learned)
    assert {duration for gop in made[25:-1] for duration in gop.durations} <= set(range(3_550, 3_650))


def test_pictures_that_come_ever_earlier_while_a_backlog_is_worked_off_change_no_rate() -> None:
    connection, made = Connection("h264", b"", TIME_BASE), list[Gop]()
    for number, packet in enumerate(packets(GOP * 60, gop=GOP)):
        waits = max(0, 2_000_000 - (number - GOP * 10) * 8_000) if number >= GOP * 10 else 0
        arrival = EPOCH + number * 40_000 + 20_000 + waits + number * 37 % 11 * 9_000
        made += connection.take(replace(packet, arrival_us=arrival, report_us=None)).gops
    assert {duration for gop in made[1:] for duration in gop.durations} == {3_600}


@pytest.mark.parametrize(("seconds", "handed_on"), [(12, False), (60, True)])
def test_a_rate_is_handed_on_when_it_stood_long_enough(seconds: int, handed_on: bool) -> None:
    connection = Connection("h264", b"", TIME_BASE)
    for number, packet in enumerate(packets(GOP * seconds, gop=GOP)):
        connection.take(replace(packet, arrival_us=EPOCH + number * 40_000 * 25 // 21, report_us=None))
    assert (connection.learned.rate_error_ppm > 150_000) is handed_on
    assert connection.learned.rate_error_ppm > 150_000 or connection.learned.rate_error_ppm == 0


@pytest.mark.parametrize("reports", [False, True])
@pytest.mark.parametrize("seconds", [3, 5])
def test_a_delay_that_grows_and_shrinks_again_is_no_rate(seconds: int, reports: bool) -> None:
    """On a busy network or machine: each picture waits longer, the large ones most, until all that has waited comes."""
    connection, made = Connection("h264", b"", TIME_BASE), list[Gop]()
    some = packets(GOP * 40, gop=GOP)
    for number, packet in enumerate(some):
        taken_us = EPOCH + number * 40_000
        since = number - GOP * 3
        grown = since * 16_000 if 0 <= since < seconds * 25 else 0
        late = 20_000 + grown + (80_000 if packet.keyframe and grown else 0)
        report_us = (taken_us + (number // 125) * 5 if reports else None) if number else None
        made += connection.take(replace(packet, arrival_us=taken_us + late, report_us=report_us)).gops
    offsets = [gop.wall_us - EPOCH - number * 1_000_000 for number, gop in enumerate(made)]
    assert all(0 <= offset <= 20_000 for offset in offsets)


def test_one_that_delivers_more_is_noticed_too() -> None:
    found = list(map(abs, errors_ms(taken(GOP * 60, 30 / 25), 30 / 25)))
    assert max(found[len(found) // 2 :]) <= 200


@pytest.mark.parametrize(("reports", "b_frames"), [(False, 0), (True, 0), (False, 2)])
def test_one_that_delivers_what_it_declares_is_left_alone(reports: bool, b_frames: int) -> None:
    made = taken(GOP * 30, 1, reports=reports, jitter_us=90_000, b_frames=b_frames)
    assert {duration for gop in made[1:-1] for duration in gop.durations} == {3_600}
    assert not any(gop.stepped for gop in made)


@pytest.mark.parametrize(("rate", "b_frames"), [(21 / 25, 2), (1.5, 3), (2.0, 3)])
def test_times_of_decoding_go_on_where_the_rate_is_corrected(rate: float, b_frames: int) -> None:
    made = taken(GOP * 20, rate, b_frames=b_frames)
    assert all(duration > 0 for gop in made for duration in gop.durations)
    assert all(before.wall_us < after.wall_us for before, after in pairwise(made))


def test_a_stall_of_the_network_and_its_backlog_change_no_rate() -> None:
    connection, made = Connection("h264", b"", TIME_BASE), list[Gop]()
    for number, packet in enumerate(packets(GOP * 30, gop=GOP)):
        taken_us = EPOCH + number * 40_000
        arrival = max(taken_us + 20_000, EPOCH + 13_500_000) if number >= GOP * 10 else taken_us + 20_000
        made += connection.take(replace(packet, arrival_us=arrival, report_us=None)).gops
    assert all(gop.wall_us == EPOCH + number * 1_000_000 + 20_000 for number, gop in enumerate(made))


def test_a_rebooted_camera_is_right_at_once_by_what_its_reports_usually_say() -> None:
    def connected(usual: Learned, first_ticks: int, reported: bool) -> tuple[Connection, list[Gop]]:
        connection, made = Connection("h264", b"", TIME_BASE, usual), list[Gop]()
        for number, packet in enumerate(packets(GOP * 3, gop=GOP)):
            at = EPOCH + number * 40_000
            moved: SourcePacket = replace(packet, pts=packet.pts + first_ticks, dts=packet.dts + first_ticks)
            report_us = at if reported else None
            made += connection.take(replace(moved, arrival_us=at + 150_000, report_us=report_us)).gops
        return connection, made

    before, _ = connected(NOTHING_LEARNED, 0, reported=True)
    _, made = connected(before.learned, 4_000_000_000, reported=False)
    assert [gop.wall_us for gop in made] == [EPOCH, EPOCH + 1_000_000]
    assert {gop.source for gop in made} == {ClockSource.ARRIVAL}
