"""The words people read for codes that are plain text. English here; Chinese in the catalogue."""

from collections.abc import Mapping

from web.i18n import gettext_marker as _

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
    "unreadable": _("Lost in the store, or unreadable there"),
}
"""Why a span is missing, beside the causes of gaps."""

UNKNOWN_WORDS: Mapping[str, str] = {
    "no_view": _("No camera looks at this counter."),
    "camera_off": _("Its camera is switched off."),
    "no_zone": _("Its view has no staff zone."),
    "masked": _("A privacy mask hides its staff zone."),
    "behind_somebody": _("Somebody stands before its staff zone, so whoever is behind cannot be seen."),
    "perhaps_somebody": _("Somebody may be in its staff zone: the detector is not sure enough to say either."),
    "view_changed": _("What its camera showed then was something else."),
    "time_corrected": _("The time of the footage was corrected; it is looked at again."),
    "no_footage": _("There is no footage of this time."),
    "not_watched": _("The watcher has not looked at it."),
    "recorder_silent": _("The recorder does not run, or brings no pictures."),
    "gap": _("Nobody looked at it for longer than usual."),
    "detector_failing": _("The detector fails on its camera's pictures."),
    "damaged": _("Parts of its camera's pictures were lost on the way."),
    "watcher_down": _("The watcher does not run, so nobody knows."),
    "clock_set_back": _("The server's clock was set back, so nobody knows of which time what was seen is."),
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
    "decided": _("a supervisor has decided on what follows"),
    "as_decided": _("the decision reaches no further"),
    "divided": _("what follows is disputed by itself"),
    "withdrawn": _("taken back later"),
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
    "unreadable": _("Watching unreadable files"),
    "quarantine": _("Deleting unreadable files that are due"),
    "abandoned": _("Clearing the store of what was cut off"),
    "masked_clips": _("Forgetting masked clips that were played"),
    "corrections": _("Storing corrections of time"),
    "calendar": _("Counting recorded seconds for the calendar"),
    "evaluation": _("Working out the evaluation of a month"),
    "reports": _("Making reports of what was published"),
    "sources": _("Noticing silent sources and missing batches"),
    "dispute_time": _("Counting the days in which an absence can be disputed"),
    "call_backs": _("Opening calls back after bad ratings"),
    "due_dates": _("Counting deadlines of orders and calls back"),
    "explanation_dates": _("Counting deadlines of explanations"),
    "decision_dates": _("Counting deadlines of decisions on disputes"),
    "complaints": _("Erasing settled complaints"),
    "drop_bucket": _("Fetching files from the drop bucket"),
    "inbox": _("Importing files from the inbox"),
    "pull": _("Reading a platform's database"),
    "upload": _("Uploading footage"),
    "changed_files": _("Keeping footage as it was recorded, until it is uploaded"),
    "journal": _("Writing down what is recorded"),
    "syncing": _("Putting footage on the disk while it is recorded"),
    "settler": _("Putting footage on the disk for good"),
    "spool_files": _("Handling files of the spool"),
    "spool_room": _("Counting the files of the spool"),
    "spool_disk": _("Measuring the disk of the spool"),
    "supervision": _("Looking after cameras and spool"),
    "pictures": _("Watching the pictures of a camera"),
    "looking": _("Looking at pictures with the detector"),
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
    "closed": _("Off duty"),
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
    "contact_ended": _("The contact person is ended: nobody is told by this address any more."),
    "acknowledged": _("The alert is acknowledged."),
    "imported": _("The file has been read."),
    "held": _("The footage is held: it will not be deleted until the hold is lifted."),
    "held_already": _("You hold this footage already, for the same reason; nothing was added."),
    "held_part": _("What there is in this span is held. Only a part of it has footage: see the list of holds."),
    "held_nothing": _("There is no footage in this span: nothing to hold. If some turns up later, it is held."),
    "held_ahead": _("What will be recorded in this span is held."),
    "lifted": _("The hold is lifted."),
    "deletion_resumed": _("Footage whose keeping time is over is deleted again."),
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
    "published": _("Published. The report follows within a minute."),
    "drafted": _("Kept as a draft. It holds once somebody else has approved it."),
    "approved": _("Approved: it holds from its date on."),
    "sent_back": _("Sent back with the reason."),
    "withdrawn": _("The draft is withdrawn."),
    "corrected": _("The time of the footage is corrected; what was seen in it is looked at again."),
    "taken_back": _("The correction is taken back; what was seen in the footage is looked at again."),
}
