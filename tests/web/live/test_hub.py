import asyncio
from collections.abc import AsyncGenerator

from ingest.video.frames import EncodedFrame, StreamInfo, StreamName
from ingest.video.relay import UnknownCamera
from tests.web.live.camera import Scene, filmed
from web.live.hub import LiveHub, Viewing
from web.live.packaging import LiveFrame, LiveItem, LiveStart, Offline

PICTURES = filmed(Scene(), 25)


class Recorded:
    """A relay that sends a film and then waits, and counts who subscribes."""

    def __init__(self, film: list[StreamInfo | EncodedFrame] = PICTURES) -> None:
        self._film = film
        self.subscriptions = 0
        self.open = 0

    async def __call__(self, camera_id: str, stream: StreamName) -> AsyncGenerator[StreamInfo | EncodedFrame]:
        if camera_id != "known":
            raise UnknownCamera(camera_id)
        self.subscriptions += 1
        self.open += 1
        try:
            for item in self._film:
                yield item
            await asyncio.Event().wait()
        finally:
            self.open -= 1


async def next_frames(viewing: Viewing, count: int) -> list[LiveItem]:
    items: list[LiveItem] = []
    while sum(isinstance(item, LiveFrame) for item in items) < count:
        items += await viewing.get()
    return items


async def test_all_viewers_of_a_stream_share_one_subscription() -> None:
    relay = Recorded()
    hub = LiveHub(relay)
    async with hub.watch("known", "sub") as one, hub.watch("known", "sub") as other:
        assert await next_frames(one, 25) == await next_frames(other, 25)
    assert relay.subscriptions == 1
    await hub.close()


async def test_who_joins_late_begins_at_the_last_keyframe() -> None:
    hub = LiveHub(Recorded())
    async with hub.watch("known", "sub") as early:
        await next_frames(early, 25)
        async with hub.watch("known", "sub") as late:
            start, *frames = await late.get()
    assert isinstance(start, LiveStart)
    assert len(frames) == 5
    assert isinstance(frames[0], LiveFrame)
    assert frames[0].keyframe
    await hub.close()


async def test_the_subscription_ends_some_time_after_the_last_viewer() -> None:
    relay = Recorded()
    hub = LiveHub(relay, linger_s=0.05)
    async with hub.watch("known", "sub") as viewing:
        await viewing.get()
    assert relay.open == 1
    async with asyncio.timeout(5):
        while hub.streams or relay.open:
            await asyncio.sleep(0.01)


async def test_a_viewer_who_comes_back_in_time_finds_the_subscription_open() -> None:
    relay = Recorded()
    hub = LiveHub(relay, linger_s=30)
    for _ in range(3):
        async with hub.watch("known", "sub") as viewing:
            await viewing.get()
    assert relay.subscriptions == 1
    await hub.close()
    assert relay.open == 0


async def test_a_camera_that_is_not_recorded_is_told_as_such() -> None:
    hub = LiveHub(Recorded())
    async with hub.watch("unknown", "main") as viewing:
        assert await viewing.get() == [Offline.NOT_RECORDED]
    await hub.close()


def frame(size: int, *, keyframe: bool) -> LiveFrame:
    data = bytes(size)
    info = PICTURES[1]
    assert isinstance(info, EncodedFrame)
    return LiveFrame(data, data, 0, 0, info.wall, keyframe)


async def test_a_slow_viewer_is_set_forward_to_a_keyframe_and_keeps_word_of_new_parameters() -> None:
    viewing = Viewing(limit_bytes=1000)
    viewing.put(Offline.RECORDER_DOWN)
    viewing.put(frame(600, keyframe=True))
    viewing.put(frame(600, keyframe=False))
    viewing.put(frame(100, keyframe=False))
    fresh = frame(50, keyframe=True)
    viewing.put(fresh)
    assert await viewing.get() == [Offline.RECORDER_DOWN, fresh]
    assert viewing.skips == 1


async def test_a_viewer_never_begins_between_keyframes() -> None:
    viewing = Viewing()
    viewing.put(frame(10, keyframe=False))
    first = frame(10, keyframe=True)
    viewing.put(first)
    assert await viewing.get() == [first]
