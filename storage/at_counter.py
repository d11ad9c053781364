"""Which steps are done at a counter, as the exchange standard says: others name none, and lack nothing."""

from sqlalchemy import ColumnElement, and_, func

from storage.bulk import table_of
from storage.models import Case, Step

BY_COUNTER = ("counter", "窗口")
"""How a channel reads that leads to a counter; in Latin letters of either case."""


def is_at_counter() -> ColumnElement[bool]:
    """Of steps joined with their cases: the first step of a case that came by a counter.

    Where the others are done (an office behind, at home, by post) the standard leaves to the platform.
    """
    steps, cases = table_of(Step).c, table_of(Case).c
    return and_(steps.start == cases.opened_at, func.lower(cases.channel).in_(BY_COUNTER))
