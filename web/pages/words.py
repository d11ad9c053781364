"""The words people read for the codes that the tables hold. English here; Chinese in the catalogue."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from correlation.deadlines.clocks import Basis
from correlation.deadlines.conduct import Evidence
from correlation.deadlines.derivation import Skipped
from correlation.deadlines.work_calendar import DayState
from correlation.evaluation.formula import Indicator
from correlation.evaluation.scoring import NoTotal
from storage.models import (
    AbsenceStanding,
    AlertKind,
    AlertState,
    Audience,
    CallBackState,
    CardAct,
    CardCause,
    CardKind,
    CardState,
    ClockName,
    ClockSource,
    ComplaintState,
    CoverKind,
    CustomerState,
    DeliveryState,
    DisputeAct,
    DisputeGround,
    DisputeState,
    EvaluationState,
    EventKind,
    FaultKind,
    FindingKind,
    FootageKind,
    GapCause,
    MarkKind,
    News,
    OrderAct,
    OrderState,
    Outcome,
    ProposalState,
    RecordKind,
    Role,
    SampleState,
    StaffState,
    Standing,
    StepKind,
    StoreVerdict,
    SuspensionReason,
    UnitKind,
)
from web.camera_state import CameraState
from web.catalogue_shelf import Origin
from web.counter_open import CounterState
from web.i18n import gettext_marker as _
from web.offers import Aspect
from web.pages.case_progress import StageState
from web.pages.code_words import HOLE_WORDS, UNKNOWN_WORDS

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
    (FaultKind.BLURRED, _("Picture blurred")),
    (FaultKind.OVEREXPOSED, _("Picture over-exposed")),
    (FaultKind.MOVED, _("Camera moved")),
    (FaultKind.CLOCK_WRONG, _("Camera clock wrong")),
    (FaultKind.SUB_STREAM, _("Sub-stream fails")),
    (CameraState.NO_SIGNAL, _("No signal")),
    (CameraState.FROZEN, _("Picture frozen")),
    (CameraState.DARK, _("Picture dark")),
    (CameraState.OVEREXPOSED, _("Picture over-exposed")),
    (CameraState.OBSTRUCTED, _("View obstructed")),
    (CameraState.BLURRED, _("Picture blurred")),
    (CameraState.MOVED, _("Camera moved")),
    (CameraState.UNKNOWN, _("Unknown")),
    (CameraState.CLOCK_WRONG, _("Camera clock wrong")),
    (CameraState.SUB_STREAM, _("Sub-stream fails")),
    (CameraState.OK, _("In order")),
    (CameraState.OFF, _("Switched off")),
    (Audience.ALERTS, _("Whoever watches over the counters")),
    (Audience.CONTACT, _("Contact person of a department")),
    (Audience.HEAD, _("Head of a department")),
    (Audience.SUPERVISOR, _("Supervisor of a hall")),
    (Audience.DISTRICT, _("Supervision centre of a district")),
    (EventKind.ABSENCE, _("Absence")),
    (EventKind.TOO_FEW, _("Too few staff")),
    (EventKind.UNATTENDED, _("Customer unattended")),
    (EventKind.QUEUE, _("Long queue")),
    (EventKind.NEVER_STAFFED, _("Not staffed at opening")),
    (EventKind.LEFT_EARLY, _("Left early")),
    (EventKind.CROWD, _("Crowd in the staff zone")),
    (AlertKind.ABSENCE, _("Absence")),
    (AlertKind.UNATTENDED, _("Customer unattended")),
    (AlertKind.QUEUE, _("Long queue")),
    (AlertKind.NEVER_STAFFED, _("Not staffed at opening")),
    (AlertKind.LEFT_EARLY, _("Left early")),
    (AlertKind.CROWD, _("Crowd in the staff zone")),
    (AlertKind.CAMERA_FAULT, _("Camera fault")),
    (AlertKind.NODE_SILENT, _("Process silent")),
    (AlertKind.SPOOL_FILLING, _("Waiting footage near its limit")),
    (AlertKind.JOB_FAILING, _("A job keeps failing")),
    (AlertKind.HALL_AFFECTED, _("Many counters of a hall at once")),
    (AlertKind.STORE_UNSAFE, _("Store failed its self-test")),
    (AlertKind.BATCHES_MISSING, _("Batches are missing")),
    (AlertKind.SOURCE_SILENT, _("Source is silent")),
    (ComplaintState.RECEIVED, _("Not settled")),
    (ComplaintState.SETTLED, _("Settled")),
    (DayState.WORKDAY, _("Working day")),
    (DayState.MAKE_UP, _("Make-up working day")),
    (DayState.WEEKEND, _("Weekend")),
    (DayState.HOLIDAY, _("Holiday")),
    (DayState.CLOSED, _("Closed here")),
    (ProposalState.PROPOSED, _("Waits for approval")),
    (ProposalState.APPROVED, _("Approved")),
    (ProposalState.RETURNED, _("Sent back")),
    (ProposalState.WITHDRAWN, _("Withdrawn")),
    (Origin.HERE, _("approved here for this source")),
    (Origin.HERE_FOR_ALL, _("approved here for every source")),
    (Origin.SOURCE, _("told by the source")),
    (Origin.DECLARED, _("declared")),
    (SampleState.CLAIMED, _("Claimed, not decided")),
    (SampleState.KEPT, _("Kept as a sample")),
    (SampleState.TAKEN_BACK, _("Taken back")),
    (CallBackState.OPEN, _("To be called back")),
    (CallBackState.DONE, _("Called back")),
    (CallBackState.LIFTED, _("Rating corrected")),
    (Aspect.LEGAL_LIMIT, _("Legal limit")),
    (Aspect.PROMISED_LIMIT, _("Promised limit")),
    (Aspect.LINKS, _("Links")),
    (Aspect.FEES, _("Fees")),
    (Aspect.MATERIALS, _("Materials")),
    (Aspect.CONDITIONS, _("Conditions")),
    (CounterState.OPEN, _("Serving")),
    (CounterState.PAUSED, _("Paused")),
    (CounterState.CLOSED, _("Hall closed")),
    (CounterState.UNKNOWN, _("Unknown")),
    (CoverKind.LEAVE, _("Registered leave")),
    (CoverKind.COVER, _("A colleague covers")),
    (AlertState.RAISED, _("Raised")),
    (AlertState.ACKNOWLEDGED, _("Acknowledged")),
    (AlertState.RESOLVED, _("Resolved")),
    (AlertState.WITHDRAWN, _("Withdrawn")),
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
    (GapCause.RECORDER_STALLED, _("Recorder did not run for a while")),
    (GapCause.DISK_FULL, _("Disk full")),
    (GapCause.DISK_ERROR, _("Disk cannot be written")),
    (GapCause.CAMERA_DISABLED, _("Camera is switched off")),
    (GapCause.RECONFIGURED, _("Camera was given another address")),
    (GapCause.EXPIRED, _("Deleted when its keeping time was over")),
    (GapCause.CORRECTED, _("Was recorded at another time, as a correction says")),
    (GapCause.UNKNOWN, _("Cause unknown")),
    (FootageKind.PLAIN, _("Any footage")),
    (FootageKind.EVENT, _("Footage with an event")),
    (StoreVerdict.LOCK_HELD, _("A locked object withstood its deletion.")),
    (StoreVerdict.LOCK_BROKEN, _("A locked object could be deleted.")),
    (StoreVerdict.NO_LOCK, _("Written, read back and compared. This store cannot lock objects.")),
    (StoreVerdict.FAILED, _("It could not be written or read back.")),
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
    (Standing.WAITING, _("Not accepted yet")),
    (Standing.OPEN, _("In time")),
    (Standing.DUE_SOON, _("Due soon")),
    (Standing.STOPPED, _("Suspended")),
    (Standing.YELLOW, _("Past the promised limit")),
    (Standing.RED, _("Past the last deadline")),
    (Standing.DONE, _("Done in time")),
    (Standing.DONE_LATE, _("Done late")),
    (CardKind.REMINDER, _("Reminder")),
    (CardKind.YELLOW, _("Yellow card")),
    (CardKind.RED, _("Red card")),
    (CardCause.DUE_SOON, _("The limit passes soon")),
    (CardCause.PAST_PROMISED, _("The promised limit has passed")),
    (CardCause.PAST_LEGAL, _("The legal limit has passed")),
    (CardCause.NOT_CORRECTED, _("The correction deadline has passed")),
    (CardCause.LINK_LATE, _("A single link was late")),
    (CardCause.HANDED_OVER_LATE, _("The result was handed over late")),
    (CardCause.LINK_SKIPPED, _("A link of the item was skipped")),
    (CardCause.LINK_REORDERED, _("A link was done after a later one")),
    (CardCause.FEE_UNLISTED, _("A fee was charged that the item does not list")),
    (CardCause.REFUSED_WITHOUT_REASON, _("Refused without a reason")),
    (CardCause.DATA_MISSING, _("Closed, and how it was decided was not reported")),
    (CardCause.PAUSED_AT_LIMIT, _("Suspended just before the limit")),
    (CardCause.ENTERED_IN_BATCH, _("Entered together with many other cases, long after")),
    (CardCause.BACK_DATED, _("Entered long after the time it states")),
    (Evidence.HAPPENED, _("Happened")),
    (Evidence.KNOWN, _("Reported")),
    (Evidence.LATER_LINK, _("Done before")),
    (Evidence.CHARGED, _("Charged")),
    (Evidence.LISTED, _("Listed")),
    (Evidence.REASON, _("Reason")),
    (Evidence.LAST_MOMENT, _("Limit passes without it")),
    (Evidence.HEARD_BEFORE, _("Earlier report of the platform, without it")),
    (Evidence.ENTERED, _("Entered into the platform")),
    (Evidence.CASES, _("Cases at once")),
    (Evidence.WORKING_DAYS, _("Working days in between")),
    (Evidence.RECORD, _("What was entered")),
    (Evidence.SAID_BEFORE, _("Said before to have happened")),
    (RecordKind.SUSPENSION, _("Suspension")),
    (RecordKind.EXTENSION, _("Extension")),
    (RecordKind.RESULT, _("Result")),
    (RecordKind.DELIVERY, _("Delivery")),
    (CardState.RAISED, _("Not answered")),
    (CardState.EXPLAINED, _("Explained")),
    (CardState.UPHELD, _("Upheld")),
    (CardState.APPEALED, _("Under appeal")),
    (CardState.CONFIRMED, _("Confirmed on appeal")),
    (CardState.CORRECTED, _("Said to be corrected")),
    (CardState.CLOSED, _("Card closed")),
    (CardState.WITHDRAWN, _("Withdrawn")),
    (CardAct.EXPLAIN, _("Explain")),
    (CardAct.UPHOLD, _("Uphold")),
    (CardAct.WITHDRAW, _("Withdraw")),
    (CardAct.APPEAL, _("Appeal")),
    (CardAct.REJECT_APPEAL, _("Reject the appeal")),
    (CardAct.GRANT_APPEAL, _("Grant the appeal")),
    (CardAct.CORRECT, _("Report as corrected")),
    (CardAct.CLOSE, _("Close the card")),
    (News.RAISED, _("Card raised")),
    (News.LIFTED, _("Withdrawn: what it rests on has changed")),
    (News.ESCALATED, _("Passed on: nobody had answered")),
    (News.UPHOLD, _("Upheld")),
    (News.WITHDRAW, _("Withdrawn by a supervisor")),
    (News.REJECT_APPEAL, _("Appeal rejected")),
    (News.GRANT_APPEAL, _("Appeal granted")),
    (News.CLOSE, _("Closed by a supervisor")),
    (News.ISSUED, _("Order issued")),
    (News.OPENED, _("Call back opened")),
    (News.OVERDUE, _("Order overdue")),
    (News.ANSWER, _("Order answered")),
    (News.RETURN, _("Order returned")),
    (News.DISPUTED, _("Absence disputed")),
    (News.UNDECIDED, _("Decision overdue")),
    (OrderState.ISSUED, _("Waits for an answer")),
    (OrderState.ANSWERED, _("Answered")),
    (OrderState.RETURNED, _("Returned: the answer is not enough")),
    (OrderState.CLOSED, _("Order closed")),
    (OrderState.WITHDRAWN, _("Withdrawn")),
    (OrderAct.ANSWER, _("Answer")),
    (OrderAct.RETURN, _("Return")),
    (OrderAct.CLOSE, _("Close the order")),
    (OrderAct.WITHDRAW, _("Withdraw")),
    (ClockName.LEGAL, _("Legal limit")),
    (ClockName.PROMISED, _("Promised limit")),
    (ClockName.DELIVERY, _("Handing over")),
    (ClockName.LINK, _("Limit of a link")),
    (ClockName.CONDUCT, _("How the case was handled")),
    (Basis.ACCEPTED, _("Accepted")),
    (Basis.DEEMED, _("Counts as accepted: nothing was told within five working days")),
    (Basis.DECIDED, _("Decided")),
    (Basis.LINK, _("The link before was done")),
    (Basis.REPORTED, _("As the platform reckons it")),
    (Skipped.FIRST_DAY, _("First day, not counted")),
    (Skipped.WEEKEND, _("Weekend")),
    (Skipped.HOLIDAY, _("Public holiday")),
    (Skipped.CLOSED, _("Hall closed on this day")),
    (Skipped.SUSPENDED, _("Suspended")),
    (SuspensionReason.HEARING, _("Hearing")),
    (SuspensionReason.TENDER, _("Tender")),
    (SuspensionReason.AUCTION, _("Auction")),
    (SuspensionReason.INSPECTION, _("Inspection")),
    (SuspensionReason.TESTING, _("Testing")),
    (SuspensionReason.QUARANTINE, _("Quarantine")),
    (SuspensionReason.APPRAISAL, _("Appraisal")),
    (SuspensionReason.EXPERT_REVIEW, _("Expert review")),
    (SuspensionReason.SUPPLEMENT, _("Supplement")),
    (StageState.DONE, _("Done")),
    (StageState.UNDER_WAY, _("In progress")),
    (StageState.NEXT, _("Next")),
    (StageState.TO_COME, _("To come")),
    (StageState.NOT_REPORTED, _("Not reported")),
    (DisputeState.DISPUTED, _("Under dispute")),
    (DisputeState.UPHELD, _("Upheld")),
    (DisputeState.WITHDRAWN, _("Withdrawn")),
    (DisputeAct.DISPUTE, _("Dispute")),
    (DisputeAct.UPHOLD, _("Uphold")),
    (DisputeAct.WITHDRAW, _("Withdraw")),
    (DisputeGround.WAS_THERE, _("Somebody was at the counter")),
    (DisputeGround.COVERED, _("A colleague covered, or leave was granted")),
    (DisputeGround.ON_DUTY, _("At work elsewhere")),
    (DisputeGround.NOT_OPEN, _("The counter was not to be staffed then")),
    (DisputeGround.CAMERA_WRONG, _("The camera shows another place or time")),
    (DisputeGround.OTHER, _("Another reason")),
    (AbsenceStanding.OPEN, _("May still be disputed")),
    (AbsenceStanding.STANDS, _("Stands undisputed")),
    (AbsenceStanding.DISPUTED, _("Under dispute")),
    (AbsenceStanding.UPHELD, _("Upheld")),
    (AbsenceStanding.WITHDRAWN, _("Withdrawn")),
    (UnitKind.DEPARTMENT, _("Department")),
    (UnitKind.DISTRICT, _("District")),
    (UnitKind.HALL, _("Hall")),
    (UnitKind.GROUP, _("Operator group")),
    (UnitKind.COUNTER, _("Counter")),
    (EvaluationState.DRAFT, _("Draft")),
    (EvaluationState.PUBLISHED, _("Published")),
    (Indicator.ON_TIME, _("On time")),
    (Indicator.EARLY, _("Early")),
    (Indicator.SATISFACTION, _("Satisfaction")),
    (Indicator.CARDS, _("Cards")),
    (Indicator.ABSENCE, _("Absence")),
    (Indicator.DATA_QUALITY, _("Data quality")),
    (NoTotal.NO_CASES, _("No case to count")),
    (NoTotal.TOO_LITTLE, _("Too little is known")),
    (MarkKind.LATE_CASE, _("Late cases")),
    (MarkKind.CARD, _("Cards")),
    (MarkKind.NOT_EARLY, _("Cases that were not early")),
    (MarkKind.BAD_RATING, _("Bad ratings")),
    (MarkKind.ABSENCE, _("Absences")),
    (MarkKind.STEP_TOLD_LATE, _("Steps told late")),
    (MarkKind.FIELDS_MISSING, _("Fields missing")),
    (Role.SUPERVISOR, _("Supervisor")),
    (Role.INSPECTOR, _("Inspector")),
    (Role.INVESTIGATOR, _("Investigator")),
    (Role.DEPARTMENT, _("Department")),
    (Role.ADMIN, _("Administrator")),
)

# Codes that are no enum. The same code may mean different things in different columns, so each kind has its own table.


def word(member: StrEnum | None) -> str:
    """The English words for a member of an enum."""
    # Members of different enums with the same value are equal, so the type has to be part of the key.
    return "" if member is None else _BY_MEMBER.get((type(member), member.value), member.value)


def reason_word(reason: str) -> str:
    """Why a day does not count: a statutory reason, else what a person wrote of a closure."""
    return _REASONS.get(reason, reason)


def record_word(kind: str) -> str:
    """What a platform has told of."""
    return _RECORDS.get(kind, kind)


def hole_word(cause: str) -> str:
    """Why a span of footage is missing."""
    return _HOLES.get(cause, cause)


def unknown_word(reason: str) -> str:
    """Why a counter's state is unknown."""
    return _UNKNOWN.get(reason, reason)


def cause_word(cause: str) -> str:
    """Why a card was raised."""
    return _CAUSES.get(cause, cause)


def event_word(kind: str) -> str:
    """What was found at a counter."""
    return _EVENTS.get(kind, kind)


def step_word(name: str) -> str:
    """A step's own name, or the words for its kind where it has none."""
    return _STEPS.get(name, name)


_BY_MEMBER = {(type(member), member.value): words for member, words in ENUM_WORDS}


def _of(kind: type[StrEnum]) -> Mapping[str, str]:
    return {member.value: words for member, words in ENUM_WORDS if isinstance(member, kind)}


_HOLES = {**_of(GapCause), **HOLE_WORDS}
_UNKNOWN = {**_of(FaultKind), **UNKNOWN_WORDS}
_STEPS = _of(StepKind)
_EVENTS = _of(EventKind)
_REASONS = _of(SuspensionReason)
_CAUSES = _of(CardCause)
_RECORDS = _of(RecordKind)
