"""Changes of what limits and points rest on: one proposes, another decides; no word is ever rewritten."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import SQLModel

from storage.models.columns import JsonObject, column, enum_column, json_column


class ProposalState(StrEnum):
    """proposed -> approved or returned (by another person), or proposed -> withdrawn (by who proposed it)"""

    PROPOSED = "proposed"
    APPROVED = "approved"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class Proposal(SQLModel):
    """What every kind of change has in common."""

    id: int | None = column("", default=None, primary_key=True)
    reason: str = column("why")
    proposed_by: int = column("", foreign_key="user_account.id")
    proposed_at: datetime = column("")
    state: ProposalState = enum_column(ProposalState, "", default=ProposalState.PROPOSED)
    decided_by: int | None = column("never who proposed it, but where it was withdrawn", default=None,
                                    foreign_key="user_account.id")  # fmt: skip
    decided_at: datetime | None = column("", default=None)
    answer: str = column("why it was sent back", default="")


class CatalogueChange(Proposal, table=True):
    """A version of an item's entry in the catalogue of this site; in force once approved, from its date on."""

    __tablename__ = "catalogue_change"
    __table_args__ = (Index("catalogue_change_code", "code", "source_id", "valid_from"),)
    code: str = column("of the item, as in the rows of cases")
    name: str = column("of the item in Chinese, to be looked for", default="")
    name_en: str = column("", default="")
    source_id: str | None = column(
        "for whose cases it holds; empty: for those of every source", default=None, foreign_key="source.id"
    )
    number: int | None = column("1, 2, ... of what was approved for this item and source; else empty", default=None)
    valid_from: datetime = column("")
    ends: bool = column("from then on nothing is said here: what the source says holds again", default=False)
    content: JsonObject = json_column("the entry, as web.catalogue_entry reads it; empty where it ends")


class FormulaChange(Proposal, table=True):
    """A version of the formula of the evaluation; approved it becomes an `EvaluationFormula`."""

    __tablename__ = "formula_change"
    version: str = column("")
    effective: date = column("")
    content: JsonObject = json_column("as correlation.evaluation.formula reads it")
