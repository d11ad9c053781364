"""What goes over the relay's Unix socket: a request line, then messages of kind, length and body."""

import json
import struct
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import cast, get_args

from ingest.video.frames import Codec, EncodedFrame, StreamInfo, StreamName, from_us, to_us

HEADER = struct.Struct(">BI")
MAX_BODY = 32 * 1024 * 1024
MAX_REQUEST = 4096
_FRAME = struct.Struct(">qqq??")
_INFO, _FRAME_KIND, _REFUSAL = 1, 2, 3


class RelayError(Exception):
    """The recorder's relay did not deliver the camera's packets."""


class RelayUnavailable(RelayError):
    """The recorder is not running or has ended; try again later."""


class UnknownCamera(RelayError):
    """The recorder does not record a camera of this name (now)."""


@dataclass(frozen=True, slots=True)
class Request:
    camera_id: str
    stream: StreamName = "main"
    keyframes_only: bool = False
    rare_s: float = 0.0
    """Of keyframes alone: groups of pictures that last longer than so many seconds come whole; 0: none."""


def encode_request(request: Request) -> bytes:
    return json.dumps(asdict(request)).encode() + b"\n"


def decode_request(line: bytes) -> Request:
    """Raises ValueError when the line is no request."""
    fields = json.loads(line)
    if not isinstance(fields, dict) or not isinstance(fields.get("camera_id"), str):
        raise ValueError("no camera named")
    if fields.get("stream", "main") not in get_args(StreamName):
        raise ValueError("stream must be main or sub")
    rare_s = fields.get("rare_s", 0.0)
    if not isinstance(rare_s, int | float) or not rare_s >= 0:
        raise ValueError("rare_s must be seconds")
    return Request(fields["camera_id"], fields.get("stream", "main"), bool(fields.get("keyframes_only")), rare_s)


def encode_message(item: StreamInfo | EncodedFrame) -> bytes:
    body = _info_body(item) if isinstance(item, StreamInfo) else _frame_body(item)
    return HEADER.pack(_INFO if isinstance(item, StreamInfo) else _FRAME_KIND, len(body)) + body


def encode_refusal(reason: str) -> bytes:
    body = reason.encode()
    return HEADER.pack(_REFUSAL, len(body)) + body


def body_length(header: bytes) -> tuple[int, int]:
    """Kind and length of the body that follows. Raises RelayError when it cannot be a message."""
    kind, length = HEADER.unpack(header)
    if kind not in (_INFO, _FRAME_KIND, _REFUSAL) or length > MAX_BODY:
        raise RelayError(f"message of kind {kind} and {length} bytes")
    return kind, length


def decode_body(kind: int, body: bytes) -> StreamInfo | EncodedFrame:
    """Raises UnknownCamera when the relay has refused, RelayError when the body is malformed."""
    if kind == _REFUSAL:
        raise UnknownCamera(body.decode(errors="replace"))
    try:
        return _read_info(body) if kind == _INFO else _read_frame(body)
    except (ValueError, KeyError, TypeError, OverflowError, struct.error) as error:
        raise RelayError(f"malformed message: {error}") from error


def _info_body(info: StreamInfo) -> bytes:
    fields = {
        "codec": info.codec,
        "width": info.width,
        "height": info.height,
        "extradata": info.extradata.hex(),
        "time_base": [info.time_base.numerator, info.time_base.denominator],
        "instead": info.instead,
    }
    return json.dumps(fields).encode()


def _read_info(body: bytes) -> StreamInfo:
    fields = json.loads(body)
    if fields["codec"] not in get_args(Codec):
        raise ValueError(f"codec {fields['codec']}")
    numerator, denominator = fields["time_base"]
    return StreamInfo(
        cast(Codec, fields["codec"]),
        fields["width"],
        fields["height"],
        bytes.fromhex(fields["extradata"]),
        Fraction(numerator, denominator),
        fields["instead"] is True,
    )


def _frame_body(frame: EncodedFrame) -> bytes:
    return _FRAME.pack(frame.pts, frame.dts, to_us(frame.wall), frame.keyframe, frame.after_loss) + frame.data


def _read_frame(body: bytes) -> EncodedFrame:
    pts, dts, wall_us, keyframe, after_loss = _FRAME.unpack_from(body)
    return EncodedFrame(body[_FRAME.size :], pts, dts, from_us(wall_us), keyframe, after_loss)
