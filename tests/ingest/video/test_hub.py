"""Fan-out: who joins gets the GOP, who is slow loses frames, and nobody else notices."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ingest.video.frames import EncodedFrame, StreamInfo
from ingest.video.hub import Hub, Item, Media, StreamEnd, TakerQueue
from tests.ingest.video.encoded import START, TIME_BASE

INFO = StreamInfo("h264", 64, 64, b"x", TIME_BASE)


def frame(number: int, keyframe: bool = False, size: int = 10) -> EncodedFrame:
    return EncodedFrame(bytes(size), number, number, START, keyframe)


def test_who_joins_gets_the_parameters_and_the_current_gop_first() -> None:
    hub, got = Hub(), list[Item]()
    items: list[Media] = [INFO, frame(0, True), frame(1), frame(2, True), frame(3)]
    for item in items:
        hub.publish(item)
    hub.subscribe(got.append)
    assert got == [INFO, *items[3:]]
    hub.publish(frame(4))
    assert got[-1] == frame(4)


def test_after_a_disconnection_no_old_picture_is_taken_for_live() -> None:
    hub, got = Hub(), list[Item]()
    hub.publish(INFO)
    hub.publish(frame(0, True))
    hub.disconnected()
    hub.subscribe(got.append)
    assert got == []


def test_who_leaves_gets_nothing_more() -> None:
    hub, got = Hub(), list[Item]()
    leave = hub.subscribe(got.append)
    leave()
    hub.publish(INFO)
    assert got == []
    assert hub.subscribers == 0


def test_a_full_queue_is_emptied_and_goes_on_with_the_next_keyframe() -> None:
    queue = TakerQueue(frames=3)
    for item in (INFO, frame(0, True), frame(1), frame(2), frame(3), frame(4, True), frame(5)):
        queue.offer(item)
    assert drain(queue) == [INFO, frame(4, True), frame(5)]
    assert queue.dropped == 1


Items = st.lists(st.sampled_from(["info", "key", "delta", "take"]), max_size=200)


@given(Items, st.integers(1, 20), st.integers(10, 200))
def test_what_is_taken_can_always_be_decoded_and_never_exceeds_the_bound(
    kinds: list[str], most: int, size: int
) -> None:
    queue, taken, sent = TakerQueue(frames=most, size=size), list[Item](), list[Item]()
    for number, kind in enumerate(kinds):
        if kind == "take":
            item = queue.take()
            taken += [item] if item is not None else []
        else:
            sent.append(replace(INFO, width=number + 1) if kind == "info" else frame(number, kind == "key"))
            queue.offer(sent[-1])
        assert len(queue) <= most + 1
    assert is_decodable(taken + drain(queue), sent)


def is_decodable(taken: list[Item], sent: list[Item]) -> bool:
    """Every frame that is no keyframe follows directly on the one that was sent before it."""
    for number, item in enumerate(taken):
        if isinstance(item, EncodedFrame) and not item.keyframe:
            before = sent[sent.index(item) - 1]
            if number == 0 or taken[number - 1] != before or isinstance(before, StreamInfo):
                return False
    return True


def drain(queue: TakerQueue) -> list[Item]:
    items: list[Item] = []
    while (item := queue.take()) is not None:
        items.append(item)
    return items


def test_who_takes_a_stream_that_ends_is_told_and_who_joins_later_too() -> None:
    hub, got = Hub(), list[Item]()
    hub.publish(INFO)
    hub.subscribe(got.append)
    hub.end()
    assert got == [INFO, StreamEnd()]
    late: list[Item] = []
    leave = hub.subscribe(late.append)
    leave()
    assert late == [StreamEnd()]
    assert hub.subscribers == 0


def test_the_end_of_the_stream_is_told_to_the_slowest_too() -> None:
    queue = TakerQueue(frames=2)
    for item in (INFO, frame(0, True), frame(1), frame(2), StreamEnd()):
        queue.offer(item)
    assert drain(queue) == [StreamEnd()]


def test_only_who_watches_live_makes_a_stream_hurry() -> None:
    hub, got = Hub(), list[Item]()
    leave_samples = hub.subscribe(got.append, live=False)
    assert not hub.is_watched
    leave = hub.subscribe(lambda item: None)
    assert hub.is_watched
    leave()
    assert (hub.is_watched, hub.subscribers) == (False, 1)
    leave_samples()
