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
    (MarkKind.BAD_RATING, _("Bad ratings")),
    (MarkKind.ABSENCE, _("Absences")),
    (Role.SUPERVISOR, _("Supervisor")),
    (Role.INSPECTOR, _("Inspector")),
    (Role.INVESTIGATOR, _("Investigator")),
    (Role.DEPARTMENT, _("Department")),
    (Role.ADMIN, _("Administrator")),
)

# Codes that are no enum. The same code may mean different things in different columns, so each kind has its own table.

FOOTAGE_WORDS: Mapping[str, str] = {
    "no_counter": _("The step names no counter."),
    "unknown_counter": _("The platform named no counter that is known here."),
    "no_view": _("No camera looks at this counter."),
    "not_recorded": _("Nothing had been recorded there at that time."),
    "gap": _("The recording has a gap there."),
    "not_yet": _("The recording of this moment has not arrived yet."),
    "expired": _("The footage was deleted when its keeping time was over."),
    "too_long": _("The step goes on for longer than a clip may."),
}
"""Why a step or an absence has no footage or not all of it: whole sentences."""

HOLE_WORDS: Mapping[str, str] = {
    "not_yet": _("Not arrived yet"),
    "not_begun": _("Not recorded yet at that time"),
    "no_view": _("No camera looked at the counter"),
}
"""Why a span is missing, beside the causes of gaps."""

UNKNOWN_WORDS: Mapping[str, str] = {
    "no_view": _("No camera looks at this counter."),
    "camera_off": _("Its camera is switched off."),
    "no_zone": _("Its view has no staff zone."),
    "masked": _("A privacy mask hides its staff zone."),
    "view_changed": _("What its camera showed then was something else."),
    "time_corrected": _("The time of the footage was corrected; it is looked at again."),
    "no_footage": _("There is no footage of this time."),
    "not_watched": _("The watcher has not looked at it yet."),
    "watcher_down": _("The watcher does not run, so nobody knows."),
    "catching_up": _("The watcher is still looking at what was recorded while it was away."),
}
"""Why a counter's state is unknown, beside the faults of cameras."""

INSIDE_WORDS: Mapping[str, str] = {
    "centre": _("The centre of the visible body is inside"),
    "foot": _("The middle of its lower edge is inside"),
    "overlap 0.25": _("A quarter of the visible body is inside"),
    "overlap 0.5": _("Half of the visible body is inside"),
    "overlap 0.75": _("Three quarters of the visible body are inside"),
}
"""Who counts as inside a zone; any other share is shown as it is written."""

ENDED_WORDS: Mapping[str, str] = {
    "returned": _("somebody came back"),
    "enough": _("there were enough staff again"),
    "gone": _("no customer waited any longer"),
    "fewer": _("there were no longer so many people"),
    "changed": _("by the rule, the hours or the views that were changed, it is none"),
    "closed": _("the hall closed"),
    "covered": _("leave was registered, or somebody covered"),
    "off_duty": _("by the roster nobody was to be there any more"),
    "unknown": _("it became unknown whether somebody was there"),
    "withdrawn": _("taken back: the camera showed something else"),
}
"""How an absence or another event ended."""

PROCESS_WORDS: Mapping[str, str] = {
    "recorder": _("Recorder"),
    "watcher": _("Watcher"),
    "web": _("Web pages"),
    "clerk": _("Clerk"),
}

JOB_WORDS: Mapping[str, str] = {
    "link": _("Linking steps with footage"),
    "findings": _("Finding steps while nobody was there"),
    "order": _("Finding steps out of order"),
    "notify": _("Sending messages"),
    "deadlines": _("Reckoning limits"),
    "deadline_ground": _("Looking for cases whose limits have to be reckoned anew"),
    "silence": _("Noticing silent processes"),
    "spool": _("Noticing that the spool fills"),
    "failures": _("Noticing jobs that fail"),
    "store_test": _("Testing the store"),
    "legal_holds": _("Locking held footage in the store"),
    "expiry": _("Deleting what is due"),
    "abandoned": _("Clearing the store of what was cut off"),
    "masked_clips": _("Forgetting masked clips that were played"),
    "corrections": _("Storing corrections of time"),
    "calendar": _("Counting recorded seconds for the calendar"),
    "evaluation": _("Working out the evaluation of a month"),
    "reports": _("Making reports of what was published"),
    "sources": _("Noticing silent sources and missing batches"),
    "dispute_time": _("Counting the days in which an absence can be disputed"),
    "call_backs": _("Opening calls back after bad ratings"),
    "complaints": _("Erasing settled complaints"),
    "drop_bucket": _("Fetching files from the drop bucket"),
    "inbox": _("Importing files from the inbox"),
    "pull": _("Reading a platform's database"),
    "upload": _("Uploading footage"),
    "changed_files": _("Keeping footage as it was recorded, until it is uploaded"),
    "journal": _("Writing down what is recorded"),
    "pictures": _("Watching the pictures of a camera"),
    "events": _("Keeping open pages up to date"),
}
"""What a process does again and again; after a colon may follow for which camera or source."""

UNTOLD_WORDS: Mapping[str, str] = {
    "refused_or_unreachable": _("the service refused the message or could not be reached."),
    "address_not_readable": _("its address cannot be read with this secret.key; enter it again."),
    "address_not_understood": _("the channel's address is not one that Apprise understands."),
    "too_late": _("it was too old to be news when it could have been sent."),
    "too_often": _("it was tried too often."),
    "no_person": _("its address is filled in for each contact person, and there is none to fill it in for."),
    "withdrawn": _("it was taken back before it could be sent."),
    "no_channel": _("the configuration has no such channel any more."),
}
"""Why a message was not delivered."""

CHANNEL_WORDS: Mapping[str, str] = {
    "counter": _("At the counter"),
    "internet": _("Internet"),
    "post": _("Post"),
}

BAR_WORDS: Mapping[str, str] = {
    "staffed": _("Staffed"),
    "unstaffed": _("Unstaffed"),
    "unknown": _("Unknown"),
    "closed": _("Hall closed"),
    "waiting": _("Customer waiting"),
    "absence": _("Absence"),
    "event": _("Another event"),
    "cover": _("Leave or cover"),
    "step": _("Step"),
    "footage": _("Recorded"),
    "gap": _("Gap"),
    "not_recorded": _("Not recorded yet"),
    "finding": _("Step with a finding"),
    "allowed": _("Time allowed"),
    "overdue": _("Past the limit"),
    "suspended": _("Does not count"),
    "reminder": _("Reminder"),
    "yellow": _("Yellow card"),
    "red": _("Red card"),
}

DONE_WORDS: Mapping[str, str] = {
    "saved": _("Saved."),
    "sees_nothing": _("Saved. This user sees nothing yet: choose halls in scope."),
    "removed": _("Removed."),
    "acknowledged": _("The alert is acknowledged."),
    "imported": _("The file has been read."),
    "held": _("The footage is held: it will not be deleted until the hold is lifted."),
    "held_already": _("You hold this footage already, for the same reason; nothing was added."),
    "held_part": _("What there is in this span is held. Only a part of it has footage: see the list of holds."),
    "held_nothing": _("There is no footage in this span: nothing to hold. If some turns up later, it is held."),
    "held_ahead": _("What will be recorded in this span is held."),
    "lifted": _("The hold is lifted."),
    "registered": _("Registered. What was judged in its time is judged anew."),
    "cover_ended": _("Done. What was judged in its time is judged anew."),
    "said": _("Noted in the log of the card."),
    "ordered": _("The order is issued; the unit is told."),
    "answered": _("Noted in the log of the order."),
    "dispute_dispute": _("The absence is disputed; it counts nothing until a supervisor has decided."),
    "dispute_uphold": _("The absence is upheld."),
    "dispute_withdraw": _("The absence is withdrawn; it counts nothing."),
    "settled": _("The complaint is settled."),
    "sample": _("Kept as a labelled sample; its footage is held."),
    "sample_taken_back": _("The sample is taken back; its footage is kept no longer than any other."),
    "called_back": _("Noted: the customer was called back."),
    "closed": _("Noted: the limits of cases are reckoned anew within a minute."),
    "reopened": _("Withdrawn: the day counts from now on."),
    "drafted": _("Kept as a draft. It holds once somebody else has approved it."),
    "approved": _("Approved: it holds from its date on."),
    "sent_back": _("Sent back with the reason."),
    "withdrawn": _("The draft is withdrawn."),
    "corrected": _("The time of the footage is corrected; what was seen in it is looked at again."),
    "taken_back": _("The correction is taken back; what was seen in the footage is looked at again."),
}


def word(member: StrEnum | None) -> str:
    """The English words for a member of an enum."""
    # Members of different enums with the same value are equal, so the type has to be part of the key.
    return "" if member is None else _BY_MEMBER.get((type(member), member.value), member.value)


def reason_word(reason: str) -> str:
    """Why a day does not count: a statutory reason, else what a person wrote of a closure."""
    return _REASONS.get(reason, reason)


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
