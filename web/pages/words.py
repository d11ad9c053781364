"""The words people read for the codes that the tables hold. English here; Chinese in the catalogue."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from storage.models import (
    AlertKind,
    AlertState,
    ClockSource,
    CustomerState,
    DeliveryState,
    FaultKind,
    FindingKind,
    GapCause,
    Outcome,
    Role,
    StaffState,
    StepKind,
)
from web.i18n import gettext_marker as _
from web.pages.case_progress import StageState

ENUM_WORDS: Sequence[tuple[StrEnum, str]] = (
    (StaffState.STAFFED, _("Staffed")),
    (StaffState.UNSTAFFED, _("Unstaffed")),
    (StaffState.UNKNOWN, _("Unknown")),
    (CustomerState.WAITING, _("Customer waiting")),
    (CustomerState.NONE, _("No customer")),
    (CustomerState.UNKNOWN, _("Unknown")),
    (FaultKind.NO_SIGNAL, _("No signal")),
    (FaultKind.DARK, _("Picture dark")),
    (FaultKind.FROZEN, _("Picture frozen")),
    (FaultKind.OBSTRUCTED, _("View obstructed")),
    (FaultKind.CLOCK_WRONG, _("Camera clock wrong")),
    (AlertKind.ABSENCE, _("Absence")),
    (AlertKind.CAMERA_FAULT, _("Camera fault")),
    (AlertKind.NODE_SILENT, _("Process silent")),
    (AlertState.RAISED, _("Raised")),
    (AlertState.ACKNOWLEDGED, _("Acknowledged")),
    (AlertState.RESOLVED, _("Resolved")),
    (DeliveryState.PENDING, _("Waiting to be sent")),
    (DeliveryState.SENT, _("Sent")),
    (DeliveryState.FAILED, _("Given up")),
    (GapCause.CAMERA_UNREACHABLE, _("Camera unreachable")),
    (GapCause.CAMERA_STALLED, _("Camera sends nothing")),
    (GapCause.STREAM_ENDED, _("Stream ended")),
    (GapCause.STREAM_UNSUPPORTED, _("Stream format not supported")),
    (GapCause.PACKETS_LOST, _("Packets lost")),
    (GapCause.RECORDER_STOPPED, _("Recorder was stopped")),
    (GapCause.RECORDER_CRASHED, _("Recorder crashed")),
    (GapCause.DISK_FULL, _("Disk full")),
    (GapCause.CAMERA_DISABLED, _("Camera is switched off")),
    (GapCause.RECONFIGURED, _("Camera was given another address")),
    (GapCause.UNKNOWN, _("Cause unknown")),
    (ClockSource.SENDER_REPORT, _("Camera clock")),
    (ClockSource.ARRIVAL, _("Time of arrival")),
    (Outcome.CLIP, _("Clip")),
    (Outcome.PARTIAL, _("Partial clip")),
    (Outcome.NONE, _("No clip")),
    (Outcome.UNMAPPED, _("Place unknown")),
    (FindingKind.STEP_WHILE_UNSTAFFED, _("Step entered while nobody was at the counter")),
    (FindingKind.STEP_OUT_OF_ORDER, _("Step stamped before one that has to come first")),
    (StepKind.RECEIVE, _("Receive")),
    (StepKind.ACCEPT, _("Accept")),
    (StepKind.REVIEW, _("Review")),
    (StepKind.DECIDE, _("Decide")),
    (StepKind.CLOSE, _("Close")),
    (StepKind.DELIVER, _("Deliver")),
    (StepKind.OTHER, _("Other step")),
    (StageState.DONE, _("Done")),
    (StageState.UNDER_WAY, _("In progress")),
    (StageState.NEXT, _("Next")),
    (StageState.TO_COME, _("To come")),
    (StageState.NOT_REPORTED, _("Not reported")),
    (Role.SUPERVISOR, _("Supervisor")),
    (Role.INSPECTOR, _("Inspector")),
    (Role.INVESTIGATOR, _("Investigator")),
    (Role.DEPARTMENT, _("Department")),
    (Role.ADMIN, _("Administrator")),
)

CODE_WORDS: Mapping[str, str] = {
    # why a step or absence has no footage
    "no_counter": _("The platform named no counter that is known here."),
    "no_view": _("No camera looks at this counter."),
    "not_recorded": _("Nothing had been recorded there at that time."),
    "gap": _("The recording has a gap there."),
    "not_yet": _("The recording of this moment has not arrived yet."),
    "not_begun": _("Not recorded yet at that time"),
    "unlinked": _("The footage is being looked up."),
    "expired": _("The footage has passed its retention date."),
    "not_watched": _("The watcher has not looked at it yet."),
    "watcher_down": _("The watcher does not run, so nobody knows."),
    "catching_up": _("The watcher is still looking at what was recorded while it was away."),
    # how an absence ended
    "returned": _("somebody came back"),
    "closed": _("the hall closed"),
    "unknown": _("the camera could no longer see"),
    "": _("still away"),
    # processes
    "recorder": _("Recorder"),
    "watcher": _("Watcher"),
    "web": _("Web pages"),
    "clerk": _("Clerk"),
    # why a message was not delivered
    "refused_or_unreachable": _("the service refused the message or could not be reached."),
    "address_not_readable": _("its address cannot be read with this secret.key; enter it again."),
    "address_not_understood": _("the channel's address is not one that Apprise understands."),
    "too_late": _("it was too old to be news when it could have been sent."),
    "too_often": _("it was tried too often."),
    "no_channel": _("the configuration has no such channel any more."),
    # channels
    "counter": _("At the counter"),
    "internet": _("Internet"),
    "post": _("Post"),
}

BAR_WORDS: Mapping[str, str] = {
    "staffed": _("Staffed"),
    "unstaffed": _("Unstaffed"),
    "unknown": _("Unknown"),
    "waiting": _("Customer waiting"),
    "absence": _("Absence"),
    "step": _("Step"),
    "footage": _("Recorded"),
    "gap": _("Gap"),
    "finding": _("Step with a finding"),
}

DONE_WORDS: Mapping[str, str] = {
    "saved": _("Saved."),
    "removed": _("Removed."),
    "acknowledged": _("The alert is acknowledged."),
    "imported": _("The file has been read."),
}


def cause_word(cause: str) -> str:
    """Why footage is missing; `unknown` means something else where an absence ends."""
    return _GAPS.get(cause) or word(cause)


def word(code: StrEnum | str | None) -> str:
    """The English words for a code; a code from outside that nobody knows is shown as it is."""
    if code is None:
        return ""
    if isinstance(code, StrEnum):
        return _BY_MEMBER.get((type(code), code.value), code.value)
    return _BY_CODE.get(code, code)


# Members of different enums with the same value are equal, so the type has to be part of the key.
_BY_MEMBER = {(type(member), member.value): words for member, words in ENUM_WORDS}
_GAPS = {member.value: words for member, words in ENUM_WORDS if isinstance(member, GapCause)}
_FAULTS = {member.value: words for member, words in ENUM_WORDS if isinstance(member, FaultKind)}
_BY_CODE: Mapping[str, str] = {**_GAPS, **_FAULTS, **DONE_WORDS, **CODE_WORDS}
