"""What the browser is told in words beside the pictures; `web/ui/live/messages.ts` reads it."""

import json
from datetime import datetime

from web.live.fmp4 import TIMESCALE
from web.live.packaging import LiveFrame, LiveStart, Offline


def start_message(start: LiveStart) -> str:
    """Parameters of the init segment that follows; `codecs` is empty when there is none to follow."""
    codecs = start.sets.codec_string if start.sets else ""
    return json.dumps({"type": "start", "codecs": codecs, "width": start.width, "height": start.height})


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
