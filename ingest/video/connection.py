"""From packets to frames with wall time, for those who watch, and to whole GOPs, for the recording."""

from dataclasses import dataclass, replace
from fractions import Fraction

from ingest.video.clock import CameraClock
from ingest.video.frames import Codec, EncodedFrame, StreamInfo, first_shown, from_us
from ingest.video.holes import LOST_US, Hole, Holes
from ingest.video.lasting import Lasting
from ingest.video.parameter_sets import ParameterSets
from ingest.video.retiming import Retiming, stretched
from ingest.video.segmenter import (
    MAX_GOP_US,
    MAX_PART_BYTES,
    MAX_TANGLED_US,
    MIN_PART_US,
    Gop,
    decoded_before_shown,
    durations_of,
    is_part_full,
    lasting_of,
    shown_first,
)
from ingest.video.source import SourceFailure, SourcePacket
from storage.models import GapCause

USUAL_INTERVAL_S = Fraction(1, 25)
MAX_BACKWARD_S = 1
PROVEN_RATE_S = 20
"""What is learned of a camera's media time is handed on when it stood so long: a wrong one is noticed by then."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What holds for a camera beyond one connection."""

    lead_us: int = 0
    """By how much its reports lead the least delayed arrival."""
    rate_error_ppm: int = 0
    """By how much a second of its media time is longer than a second."""
    pause_ms: int = 0
    """For how long it usually lets one wait for the next picture, of a camera whose pictures come seldom; else 0."""


NOTHING_LEARNED = Learned()


@dataclass(slots=True)
class Taken:
    """What one packet led to, in the order in which it has to be passed on."""

    gops: tuple[Gop, ...] = ()
    info: StreamInfo | None = None
    """Set when the parameters are new."""
    frame: EncodedFrame | None = None
    rate_error_ppm: int = 0
    """Set when from here on another rate than the camera's own is believed: by how much that is wrong."""


class Connection:
    """From the opening of a stream to its end. `usual` is what the connection before has learned of the camera."""

    def __init__(self, codec: Codec, extradata: bytes, time_base: Fraction, usual: Learned = NOTHING_LEARNED) -> None:
        self.clock = CameraClock(usual.lead_us, has_learned_rate=bool(usual.rate_error_ppm))
        self._codec, self._time_base = codec, time_base
        self._sets = ParameterSets.find(codec, extradata)
        self._info: StreamInfo | None = None
        # Plain integers: this is done for every packet of every camera.
        self._us_per, self._ticks_per = 1_000_000 * time_base.numerator, time_base.denominator
        self._max_backward = int(MAX_BACKWARD_S / time_base)
        self._usual = int(USUAL_INTERVAL_S / time_base)
        self._holes = Holes(time_base.denominator)
        self._came: SourcePacket | None = None
        self._last_dts: int | None = None
        self._keyframe_us: int | None = None
        self._frames: list[EncodedFrame] = []
        self._size = 0
        self._in_gop = False
        self._hole: GapCause | None = None
        self._smears = 0
        self._retiming = Retiming(usual.rate_error_ppm, int(PROVEN_RATE_S / time_base))

    @property
    def learned(self) -> Learned:
        """To hand to the next connection, with the pauses that the source knows."""
        return Learned(self.clock.lead_us, self._retiming.proven_ppm(self._last_dts or 0))

    def take(self, packet: SourcePacket) -> Taken:
        """Raises SourceFailure when the timestamps make no sense, BadParameterSets when the pictures cannot be told."""
        if self._retiming.is_active:
            packet = self._retiming.applied(packet)
        monotonic_us = packet.arrival_us - packet.server.ahead_us
        self._heed_keyframes(packet.keyframe, monotonic_us)
        media_us = self._us(packet.pts)
        # Before the clock hears of it: after a leap of the timestamps it is no longer that of the frames before.
        gops = self._end_gop_at_hole(packet)
        packet = self._decoded_later(packet)
        # After a leap one counts though its arrival is reckoned: whole groups may follow before one that was seen.
        if packet.seen or packet.leapt or self._info is None:
            report_us, server = packet.report_us, packet.server
            self.clock.observe(media_us, monotonic_us, report_us, server, packet.reports, packet.seen)
        rate_error_ppm = self.clock.rate_error_ppm if self._may_retime(packet) else 0
        if rate_error_ppm:
            if not packet.keyframe:
                gops += self._flush(len(self._frames), packet)
            self._retiming.change(rate_error_ppm, packet)
            self._frames = [stretched(frame, rate_error_ppm, packet) for frame in self._frames]
            packet = stretched(packet, rate_error_ppm, packet)
            self._last_dts = packet.dts
            self.clock.media_rate_changed(media_us, monotonic_us)
        gops += self._end_gop_before(packet)
        info = self._learn(packet) if packet.keyframe else None
        if self._info is None or not (packet.keyframe or self._in_gop):
            return Taken(gops, rate_error_ppm=rate_error_ppm)
        self._in_gop = True
        wall = from_us(self.clock.wall_us(media_us))
        frame = EncodedFrame(packet.data, packet.pts, packet.dts, wall, packet.keyframe, packet.after_loss)
        self._frames.append(frame)
        self._size += len(packet.data)
        self._smears += packet.after_loss and not packet.keyframe
        return Taken(gops, info, frame, rate_error_ppm)

    def finish(self) -> tuple[Gop, ...]:
        """The frames since the last keyframe, when the connection has ended."""
        return self._flush(len(self._frames), None)

    def _may_retime(self, packet: SourcePacket) -> bool:
        """At keyframes, and between them in a GOP that is so long that parts of it are written."""
        return packet.keyframe or (bool(self._frames) and not self._frames[0].keyframe)

    def _heed_keyframes(self, is_keyframe: bool, now_us: int) -> None:
        if is_keyframe or self._keyframe_us is None:
            self._keyframe_us = now_us
        elif now_us - self._keyframe_us > MAX_GOP_US:
            seconds = MAX_GOP_US // 1_000_000
            detail = f"the camera has sent no keyframe for {seconds} seconds: set its keyframe interval to one second"
            raise SourceFailure(GapCause.STREAM_ENDED, detail)

    def _end_gop_at_hole(self, packet: SourcePacket) -> tuple[Gop, ...]:
        before, self._came = self._came, packet
        if before is not None and packet.dts - before.dts < -self._max_backward:
            raise SourceFailure(GapCause.STREAM_ENDED, "the camera's timestamps went back")
        hole = self._holes.before(packet.pts, packet.after_loss)
        if hole is Hole.NONE or before is None:
            return ()
        goes_on = hole is Hole.PAUSE and self._in_gop and not (packet.keyframe or self._may_have_leapt(before, packet))
        gops = self._flush(len(self._frames), packet if goes_on else None, is_before_hole=True)
        if self._in_gop or self._hole is None:
            self._hole = GapCause.PACKETS_LOST if packet.after_loss else GapCause.CAMERA_STALLED
        self._in_gop = goes_on
        # Decoding times are those of some pictures before, which lie before the hole.
        self._last_dts = packet.pts - self._usual
        return gops

    def _may_have_leapt(self, before: SourcePacket, packet: SourcePacket) -> bool:
        """The timestamps, by more than arrival tells: then the time steps, which it may do at a keyframe alone.

        What a report says is forgotten after a leap.
        """
        pause_us = self._us(packet.dts - before.dts)
        came_us, before_us = (each.arrival_us - each.server.ahead_us for each in (packet, before))
        is_forgotten = before.report_us is not None and packet.report_us is None
        return pause_us > LOST_US and (is_forgotten or pause_us - (came_us - before_us) > LOST_US)

    def _decoded_later(self, packet: SourcePacket) -> SourcePacket:
        """Than the one before: what is known of the order of the pictures, and of their rate, may change."""
        if self._last_dts is not None:
            if packet.dts <= self._last_dts:
                packet = replace(packet, dts=self._last_dts + 1)
            else:
                self._usual = packet.dts - self._last_dts
        self._last_dts = packet.dts
        return packet

    def _end_gop_before(self, packet: SourcePacket) -> tuple[Gop, ...]:
        count = len(self._frames) if packet.keyframe else self._part_before(packet.dts)
        return self._flush(count, packet) if count else ()

    def _part_before(self, dts: int) -> int:
        """How many of the frames must be written though no keyframe has come when the next one is decoded at `dts`."""
        if not self._frames or not is_part_full(self._span_us(dts), self._size):
            return 0
        if self._span_us(dts) >= MAX_TANGLED_US or self._size >= MAX_PART_BYTES:
            return len(self._frames)
        count = shown_first(self._frames, dts)
        return count if self._span_us(self._dts_after(count, dts)) >= MIN_PART_US else 0

    def _dts_after(self, count: int, dts: int) -> int:
        return self._frames[count].dts if count < len(self._frames) else dts

    def _span_us(self, dts: int) -> int:
        return self._us(dts - self._frames[0].dts)

    def _flush(self, count: int, following: SourcePacket | None, *, is_before_hole: bool = False) -> tuple[Gop, ...]:
        """The first `count` frames. `following`: what comes after all there are; None if nothing goes on with them.

        `is_before_hole`: the last one is shown no longer than usual, though media time goes on up to the following.
        """
        frames, left = decoded_before_shown(tuple(self._frames[:count])), self._frames[count:]
        if not frames or self._info is None:
            return ()
        later: tuple[EncodedFrame | SourcePacket, ...] = (*left, following) if following else ()
        durations = durations_of(frames, later[0].dts if later else None, self._usual)
        lasting = lasting_of(frames, durations, () if is_before_hole else later)
        if later and is_before_hole:
            until = max(frame.pts for frame in frames) + self._usual
            lasting = Lasting(until - first_shown(frames), continued=True)
        # A new segment can only begin at a keyframe.
        reading = self.clock.read(self._us(first_shown(frames)), may_step=frames[0].keyframe)
        gop = Gop(
            self._info,
            frames,
            durations,
            lasting,
            reading.wall_us,
            reading.source,
            reading.offset_us,
            reading.stepped,
            self._hole,
            reading.evidence,
            smears=self._smears,
        )
        self._frames, self._size = left, sum(len(frame.data) for frame in left)
        self._smears, self._hole = 0, None
        return (gop,)

    def _learn(self, keyframe: SourcePacket) -> StreamInfo | None:
        """The stream's parameters if this keyframe is the first or brings others than before."""
        sets = ParameterSets.find(self._codec, keyframe.data)
        is_new = sets is not None and (self._sets is None or not set(sets.units) <= set(self._sets.units))
        if is_new:
            self._sets = sets
        if self._sets is None or (self._info is not None and not is_new):
            return None
        picture = self._sets.picture()
        self._info = StreamInfo(self._codec, picture.width, picture.height, self._sets.extradata, self._time_base)
        return self._info

    def _us(self, ticks: int) -> int:
        return ticks * self._us_per // self._ticks_per
