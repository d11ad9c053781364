"""Why a device could not be read, in words for people; nothing of what it answered is repeated."""

from enum import StrEnum

from storage.sayings import Saying


class Trouble(StrEnum):
    BAD_ADDRESS = "bad_address"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    NOT_ONVIF = "not_onvif"
    REFUSED = "refused"  # the user name or the password
    CLOCK_OFF = "clock_off"  # refused, and its clock is so wrong that this may be the reason
    NO_VIDEO = "no_video"  # nothing that can be recorded


class OnvifProblem(Exception):
    """Says what is wrong and what to do."""

    def __init__(self, trouble: Trouble, said: Saying) -> None:
        super().__init__(said)
        self.trouble = trouble
        self.said = said


def silent() -> OnvifProblem:
    return OnvifProblem(
        Trouble.SILENT,
        Saying("It did not answer in time: check the address, the network and the camera's power."),
    )


def unreachable() -> OnvifProblem:
    return OnvifProblem(
        Trouble.UNREACHABLE,
        Saying(
            "There is no connection to it: check the address and the port (often 80, 8000, 8080 or 8899), "
            "and that ONVIF is switched on in the camera's own settings."
        ),
    )


def not_onvif() -> OnvifProblem:
    return OnvifProblem(
        Trouble.NOT_ONVIF,
        Saying(
            "What answers there does not speak ONVIF: check the port, and switch ONVIF on in the camera's own settings."
        ),
    )


def no_video() -> OnvifProblem:
    return OnvifProblem(
        Trouble.NO_VIDEO,
        Saying("It offers no stream in H.264 or H.265: set one of its profiles to H.264 in the camera's own settings."),
    )


def refused(offset_s: float | None) -> OnvifProblem:
    """`offset_s` is how far its clock is ahead: passwords are proven with the time, so that can be the reason."""
    if offset_s is not None and abs(offset_s) > _CLOCK_OFF_S:
        said = Saying(
            "It refuses the user name or password. Its clock differs from this server's by %(seconds)s s, which can "
            "be the reason: let it take its time from an NTP server, and try again.",
            seconds=round(abs(offset_s)),
        )
        return OnvifProblem(Trouble.CLOCK_OFF, said)
    return OnvifProblem(
        Trouble.REFUSED,
        Saying("It refuses the user name or password. Some cameras have users of their own for ONVIF."),
    )


_CLOCK_OFF_S = 5.0
"""What ONVIF devices usually allow between the time in a digest and their own."""
