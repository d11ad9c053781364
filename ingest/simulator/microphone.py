"""A microphone that hears a beep at each full second: enough to see whether sound and pictures belong together."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from ingest.simulator.mounts import Mount
from ingest.simulator.rtp import microseconds
from ingest.simulator.running import Running
from ingest.simulator.sound import PCMA, PCMU, SoundStream, SoundUnit, aac_payload, aac_stream

SoundCodec = Literal["aac", "pcmu", "pcma"]

BEEP_S = 0.1
_TONE_HZ, _LOUD = 1_000, 12_000
_FRAME_SECONDS = 0.02
_ENCODERS = {"aac": ("aac", "fltp", 16_000), "pcmu": ("pcm_mulaw", "s16", 8_000), "pcma": ("pcm_alaw", "s16", 8_000)}


def beeps(start: datetime, first: int, count: int, hz: int) -> NDArray[np.int16]:
    """`count` samples from the one numbered `first` on, of a sound that begins at `start`."""
    since_us = microseconds(start) % 1_000_000
    times = (since_us / 1e6 + (first + np.arange(count)) / hz) % 1.0
    tone = np.sin(2 * np.pi * _TONE_HZ * times) * _LOUD
    return np.where(times < BEEP_S, tone, 0).astype(np.int16)


class SoundEncoder:
    """Frames of a sound that begins at `start`."""

    def __init__(self, codec: SoundCodec, start: datetime) -> None:
        name, layout, self._hz = _ENCODERS[codec]
        context = av.CodecContext.create(name, "w")
        assert isinstance(context, AudioCodecContext)
        context.sample_rate, context.format, context.layout = self._hz, layout, "mono"
        context.open()
        self._context, self._codec, self._start, self._format = context, codec, start, layout
        self._count = 0

    @property
    def stream(self) -> SoundStream:
        if self._codec == "aac":
            return aac_stream(self._hz, 1, bytes(self._context.extradata or b""))
        return PCMU if self._codec == "pcmu" else PCMA

    @property
    def frame_seconds(self) -> float:
        return self._samples / self._hz

    @property
    def _samples(self) -> int:
        return self._context.frame_size or round(self._hz * _FRAME_SECONDS)

    def next(self) -> Iterator[SoundUnit]:
        for packet in self._context.encode(self._frame()):
            data = bytes(packet)
            wall = self._start + timedelta(seconds=(packet.pts or 0) / self._hz)
            yield SoundUnit(aac_payload(data) if self._codec == "aac" else data, wall)

    def _frame(self) -> av.AudioFrame:
        heard = beeps(self._start, self._count, self._samples, self._hz)[np.newaxis, :]
        if self._format == "fltp":
            frame = av.AudioFrame.from_ndarray(heard.astype(np.float32) / 32_768, format="fltp", layout="mono")
        else:
            frame = av.AudioFrame.from_ndarray(heard, format="s16", layout="mono")
        frame.sample_rate, frame.pts = self._hz, self._count
        self._count += self._samples
        return frame


class ClockMicrophone(Running):
    """Feeds a mount in its own thread; to be made before anybody asks the mount for its description."""

    def __init__(self, mount: Mount, codec: SoundCodec) -> None:
        self._mount = mount
        self._encoder = SoundEncoder(codec, datetime.now(UTC))
        mount.sound = self._encoder.stream
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"microphone{mount.path}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        """A frame is sent when it is over."""
        due = time.monotonic() + self._encoder.frame_seconds
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            for unit in self._encoder.next():
                self._mount.feed_sound(unit)
            due += self._encoder.frame_seconds
