"""What the browser is told in words beside the pictures; `web/ui/live/mse.ts` reads it."""

import json
from datetime import datetime

from web.live.codecs import codec_string
from web.live.packaging import LiveFrame, LiveStart, Offline
from web.live.timeline import TIMESCALE


def start_message(start: LiveStart) -> str:
    """Parameters of the MP4 header that follows; the browser decides whether it can play `codecs`."""
    size = {"width": start.width, "height": start.height}
    return json.dumps({"type": "start", "codecs": codec_string(start.sets), **size, "instead": start.instead})


def clock_message(frame: LiveFrame, now: datetime) -> str:
    """Which wall time a media time is, and the server's clock, so that a viewer's wrong clock does no harm."""
    media_s = frame.present / TIMESCALE
    return json.dumps(
        {"type": "clock", "media_s": media_s, "wall_ms": _epoch_ms(frame.wall), "now_ms": _epoch_ms(now)},
    )


def offline_message(reason: Offline) -> str:
    return json.dumps({"type": "offline", "reason": reason.value})


def _epoch_ms(moment: datetime) -> float:
    return round(moment.timestamp() * 1000, 3)
