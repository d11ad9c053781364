"""How long the pictures of a fragment last, where decoding times do not tell, and whether their group goes on.

From a fragment's first picture to what is shown after its last it is as long as from decoding the one to decoding the
next, unless pictures are reordered by more here than there: as where a keyframe of an open group follows. The fragment
then says so itself, so that a row that is made again from the file ends where the recorder's did.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.video.boxes import BadBox, MovieFragment, extension, read_extension

_ID = bytes.fromhex("d7b4a3c95e0f4b6e8a12c93f60e7551d")
_BODY = struct.Struct(">I?")


@dataclass(frozen=True, slots=True)
class Lasting:
    ticks: int
    """From the first picture that is shown to what is shown after all of them."""
    continued: bool = False
    """What is shown after them is of the same group."""


def written(lasting: Lasting, durations: Sequence[int]) -> bytes:
    """A box that stands at the end of a `moof`; nothing where there is nothing to say."""
    if not lasting.continued and lasting.ticks == sum(durations):
        return b""
    return extension(_ID, _BODY.pack(lasting.ticks, lasting.continued))


def read(data: bytes, moof: MovieFragment) -> Lasting:
    """From a `moof`, its header included, and what has been read of it. Raises BadBox."""
    body = read_extension(data, _ID, _BODY.size)
    if body is None:
        return Lasting(moof.duration)
    ticks, continued = _BODY.unpack(body)
    if not ticks:
        raise BadBox("a fragment that lasts no time")
    return Lasting(int(ticks), bool(continued))
