"""What can be wrong in the simulated city."""

from enum import StrEnum


class Fault(StrEnum):
    """Of one case. What each is to lead to stands in the truth."""

    OVERDUE = "overdue"  # the whole was late
    LAST_RESULT_OVERDUE = "last_result_overdue"  # of two before it was closed the first was in time, the last was not
    HOURS_OVERDUE = "hours_overdue"  # its limits are hours, and they had passed: by a minute, a day, or the legal one
    DEEMED_OVERDUE = "deemed_overdue"  # in time since the acceptance, but that came too late to count
    LINK_LATE = "link_late"  # one link was late, the whole was not
    HANDED_OVER_LATE = "handed_over_late"
    PAUSED_AT_LIMIT = "paused_at_limit"
    LINK_SKIPPED = "link_skipped"
    LINK_REORDERED = "link_reordered"
    FEE_UNLISTED = "fee_unlisted"
    REFUSED_WITHOUT_REASON = "refused_without_reason"
    DATA_MISSING = "data_missing"
    OPERATOR_MISSING = "operator_missing"  # of the review
    RESULT_MISSING = "result_missing"  # a step tells that it was decided, and there is no record of the result
    DELIVERY_MISSING = "delivery_missing"
    COUNTER_MISSING = "counter_missing"  # of the receipt
    NOTICE_MISSING = "notice_missing"  # of a suspension
    FEE_MISSING = "fee_missing"  # the item costs something, and nothing was charged
    BACK_DATED = "back_dated"
    ENTERED_IN_BATCH = "entered_in_batch"


class DataFault(StrEnum):
    """Of what a platform sends. None of it says anything of how a case was handled."""

    ROW_REFUSED = "row_refused"
    ROWS_REPEATED = "rows_repeated"  # sent again, unchanged
    ROW_LATE = "row_late"  # told one working day late, which is soon enough
    BATCH_REPEATED = "batch_repeated"  # the same number with the same body
    NUMBER_REUSED = "number_reused"  # the same number with another body
    BATCH_LATE = "batch_late"  # overtaken by others
    BATCH_LOST = "batch_lost"  # its number never comes; its rows come with a later one
    ROWS_DROPPED = "rows_dropped"  # the platform counts them and never sends them
