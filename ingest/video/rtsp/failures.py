"""What can go wrong with a camera's stream, in plain words."""

from storage.models import GapCause

_LONGEST = 300


class SourceFailure(Exception):
    """The camera's stream cannot be had or has ended. The text holds no credentials, and is one line to read."""

    def __init__(self, cause: GapCause, detail: str) -> None:
        super().__init__("".join(c if c.isprintable() else "\ufffd" for c in detail[:_LONGEST]))
        self.cause = cause


class HungUp(SourceFailure):
    """The camera has closed the connection."""


class PasswordRefused(SourceFailure):
    """The camera does not take the user name or password: to ask again and again may lock the account."""


def unreachable(detail: str) -> SourceFailure:
    return SourceFailure(GapCause.CAMERA_UNREACHABLE, detail)


def unsupported(detail: str) -> SourceFailure:
    return SourceFailure(GapCause.STREAM_UNSUPPORTED, detail)


def stalled(detail: str) -> SourceFailure:
    return SourceFailure(GapCause.CAMERA_STALLED, detail)


def not_running(for_s: float) -> SourceFailure:
    """The camera is not to blame: nobody took what it sent."""
    detail = f"the recorder did not run for {for_s:.0f} s: the machine slept, was stopped, or its disk did not answer"
    return SourceFailure(GapCause.RECORDER_STALLED, detail)


def ended(detail: str) -> SourceFailure:
    return SourceFailure(GapCause.STREAM_ENDED, detail)


def hung_up(detail: str) -> SourceFailure:
    return HungUp(GapCause.STREAM_ENDED, detail)


def refused(detail: str) -> SourceFailure:
    return PasswordRefused(GapCause.CAMERA_UNREACHABLE, detail)
