"""What the kernel says of its clock."""

import ctypes
import platform
import struct

import pytest

from storage.clock_discipline import is_synchronised

_STATUS_AT, _UNSYNCHRONISED = 40, 0x40


@pytest.mark.skipif(
    (platform.system(), struct.calcsize("P")) != ("Linux", 8), reason="struct timex is laid out otherwise here"
)
def test_it_is_what_the_status_bits_say() -> None:
    timex = ctypes.create_string_buffer(512)
    if ctypes.CDLL(None).ntp_adjtime(timex) < 0:
        assert is_synchronised() is None
        return
    (status,) = struct.unpack_from("i", timex, _STATUS_AT)
    assert is_synchronised() == (not status & _UNSYNCHRONISED)
