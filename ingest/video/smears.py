"""Pictures before which packets were lost on the way, in a time too short to be a gap.

What rests on them may be smeared, up to the next keyframe, and a smear can look like what was there before. So a
fragment says how many there are, and everybody who shows it can.
"""

import struct

from ingest.video.boxes import extension, read_extension

_ID = bytes.fromhex("3f6a91d25c0e47b8b1f4c2087a5d9e63")
_BODY = struct.Struct(">I")


def written(pictures: int) -> bytes:
    """A box that stands at the end of a `moof`; nothing where nothing was lost."""
    return extension(_ID, _BODY.pack(pictures)) if pictures else b""


def read(data: bytes) -> int:
    """From a `moof`, its header included. Raises BadBox."""
    body = read_extension(data, _ID, _BODY.size)
    return int(_BODY.unpack(body)[0]) if body is not None else 0
