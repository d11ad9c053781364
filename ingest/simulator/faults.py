"""What can go wrong on request."""

import re
from dataclasses import dataclass
from enum import StrEnum

from ingest.simulator.lens import Lens


class FaultKind(StrEnum):
    LEAVE_EARLY = "leave_early"
    UNATTENDED = "unattended"
    QUEUE = "queue"
    CROWD = "crowd"
    BACKDATE_STEP = "backdate_step"
    LOSE_CAMERA = "lose_camera"
    CLOCK_OFF = "clock_off"
    COVER_CAMERA = "cover_camera"
    BLUR_CAMERA = "blur_camera"
    OVEREXPOSE_CAMERA = "overexpose_camera"
    DARKEN_CAMERA = "darken_camera"
    TURN_CAMERA = "turn_camera"
    FREEZE_CAMERA = "freeze_camera"


FAULT_HELP = {
    FaultKind.LEAVE_EARLY: "a clerk walks away in the middle of a visit, and the platform still records the step",
    FaultKind.UNATTENDED: "a clerk walks away, and a customer comes and waits until the clerk is back",
    FaultKind.QUEUE: "two more customers come to a visit, and it takes long",
    FaultKind.CROWD: "two colleagues come to a clerk and stay",
    FaultKind.BACKDATE_STEP: "an acceptance is entered late and stamped half an hour early, before its receipt",
    FaultKind.LOSE_CAMERA: "the camera of the counter cuts its connections and refuses new ones for 60 s",
    FaultKind.CLOCK_OFF: "the camera's own clock runs 7 s ahead, as its sender reports tell",
    FaultKind.COVER_CAMERA: "something hangs before the lens of the counter's camera for 60 s",
    FaultKind.BLUR_CAMERA: "the camera is out of focus for 60 s",
    FaultKind.OVEREXPOSE_CAMERA: "light falls into the camera for 60 s, so that its picture is nearly white",
    FaultKind.DARKEN_CAMERA: "the light is off for 60 s",
    FaultKind.TURN_CAMERA: "the camera is knocked aside for 60 s, by a fifth of its picture",
    FaultKind.FREEZE_CAMERA: "the camera sends the same picture for 60 s",
}
LENS_OF = {
    FaultKind.COVER_CAMERA: Lens.COVERED,
    FaultKind.BLUR_CAMERA: Lens.BLURRED,
    FaultKind.OVEREXPOSE_CAMERA: Lens.OVEREXPOSED,
    FaultKind.DARKEN_CAMERA: Lens.DARK,
    FaultKind.TURN_CAMERA: Lens.TURNED,
    FaultKind.FREEZE_CAMERA: Lens.FROZEN,
}
LENS_SECONDS = 60.0
CAMERA_LOST_SECONDS = 60.0
CLOCK_OFF_SECONDS = 7.0
_DEFAULT_AFTER_S = 30.0
_SPELLING = re.compile(r"(?P<kind>[a-z_]+)(:(?P<counter>\d+))?(@(?P<after>\d+(\.\d+)?))?")


@dataclass(frozen=True)
class Fault:
    kind: FaultKind
    counter: int = 1
    """Number of the counter, from 1; a camera fault hits the camera that views it."""
    after_s: float = _DEFAULT_AFTER_S
    """Real seconds after the start from when on it happens."""

    def __str__(self) -> str:
        """As `parse_fault` reads it."""
        return f"{self.kind.value}:{self.counter}@{self.after_s:g}"


def parse_fault(text: str) -> Fault:
    """`kind`, `kind:counter`, `kind@seconds` or `kind:counter@seconds`, e.g. leave_early:2@45.

    Raises ValueError with a message for the user.
    """
    found = _SPELLING.fullmatch(text.strip())
    if not found or found["kind"] not in {kind.value for kind in FaultKind}:
        known = ", ".join(kind.value for kind in FaultKind)
        raise ValueError(
            f"{text!r} is no fault; write KIND, KIND:COUNTER or KIND:COUNTER@SECONDS with KIND one of {known}"
        )
    after = float(found["after"]) if found["after"] else _DEFAULT_AFTER_S
    return Fault(FaultKind(found["kind"]), int(found["counter"] or 1), after)
