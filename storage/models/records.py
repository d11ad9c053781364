"""What platforms report beside steps, as it is in force; each row is one record of the exchange standard.

Records of a case name it by `source_id` + `case_number`, because they may come before its first step.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, UniqueConstraint

from storage.models.approvals import Reported
from storage.models.columns import JsonObject, column, enum_column, json_column


class SuspensionReason(StrEnum):
    """Administrative Licensing Law, art. 45, and the supplement of art. 32."""

    HEARING = "hearing"
    TENDER = "tender"
    AUCTION = "auction"
    INSPECTION = "inspection"
    TESTING = "testing"
    QUARANTINE = "quarantine"
    APPRAISAL = "appraisal"
    EXPERT_REVIEW = "expert_review"
    SUPPLEMENT = "supplement"


class Decision(StrEnum):
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by the applicant


class LimitUnit(StrEnum):
    DAYS = "days"  # working days
    HOURS = "hours"  # working hours


class Suspension(Reported, table=True):
    """A span that does not count against the limit."""

    __table_args__ = (
        UniqueConstraint("source_id", "reference"),
        Index("suspension_case", "source_id", "case_number"),
    )
    case_number: str = column("as the platform numbers it")
    reason: SuspensionReason = enum_column(SuspensionReason, "")
    notice_number: str = column("of the written notice to the applicant; empty: none is reported", default="")
    notice_date: date | None = column("of the written notice, as it is dated", default=None)
    start: datetime = column("platform clock")
    end: datetime | None = column("exclusive, platform clock; empty: it still lasts", default=None)


class Extension(Reported, table=True):
    """More time, approved by the unit's head."""

    __table_args__ = (
        UniqueConstraint("source_id", "reference"),
        Index("extension_case", "source_id", "case_number"),
    )
    case_number: str = column("as the platform numbers it")
    days: int = column("working days added to the limit")
    approved: datetime = column("platform clock")
    approved_by: str = column("", default="")
    reason: str = column("", default="")
    notice_number: str = column("of the written notice to the applicant", default="")


class Fee(Reported, table=True):
    """Money that was charged for a case."""

    __table_args__ = (UniqueConstraint("source_id", "reference"), Index("fee_case", "source_id", "case_number"))
    case_number: str = column("as the platform numbers it")
    code: str = column("of the fee in the item's catalogue entry", default="")
    name: str = column("", default="")
    amount_fen: int = column("hundredths of a yuan")
    charged: datetime = column("platform clock")
    receipt: str = column("number of the receipt", default="")


class CaseResult(Reported, table=True):
    """What was decided on a case."""

    __tablename__ = "case_result"
    __table_args__ = (UniqueConstraint("source_id", "reference"), Index("case_result_case", "source_id", "case_number"))
    case_number: str = column("as the platform numbers it")
    decision: Decision = enum_column(Decision, "")
    reason: str = column("why it was refused", default="")
    document: str = column("number of the licence or of the written refusal", default="")
    decided: datetime = column("platform clock")


class ResultDelivery(Reported, table=True):
    """The result reached the applicant."""

    __tablename__ = "result_delivery"
    __table_args__ = (
        UniqueConstraint("source_id", "reference"),
        Index("result_delivery_case", "source_id", "case_number"),
    )
    case_number: str = column("as the platform numbers it")
    way: str = column("counter, post, internet, ...; as reported", default="")
    document: str = column("number of what was delivered", default="")
    tracking: str = column("number of the parcel", default="")
    delivered: datetime = column("platform clock")


class Rating(Reported, table=True):
    """What a customer thinks of the service."""

    __table_args__ = (UniqueConstraint("source_id", "reference"), Index("rating_case", "source_id", "case_number"))
    case_number: str = column("as the platform numbers it; empty: not of one case", default="")
    case_source_id: str | None = column(
        "the source of that case, for a rating at our own counter page; empty: its own", default=None
    )
    level: int = column("5 = very satisfied .. 1 = very dissatisfied; 1 and 2 are bad ratings", index=True)
    comment: str = column("personal data if the customer wrote any", default="")
    operator: str = column("as reported", default="")
    counter_ref: str = column("counter as reported", default="")
    counter_id: str | None = column("counter found for counter_ref", default=None, foreign_key="counter.id")
    rated: datetime = column("platform clock", index=True)


class ItemVersion(Reported, table=True):
    """One version of one entry of a source's catalogue. In force at a moment: the one with the latest `valid_from`
    that is not after it, unless `valid_to` is."""

    __tablename__ = "item_version"
    __table_args__ = (
        UniqueConstraint("source_id", "reference"),
        Index("item_version_code", "code", "source_id", "valid_from"),
    )
    code: str = column("as in the rows of cases")
    version: str = column("as the platform numbers it")
    valid_from: datetime = column("")
    valid_to: datetime | None = column("exclusive", default=None)
    name: str = column("Chinese")
    name_en: str = column("English", default="")
    department_ref: str = column("department as reported", default="")
    department_id: str | None = column("department found for it", default=None, foreign_key="department.id")
    legal_limit: int | None = column("in limit_unit", default=None)
    promised_limit: int | None = column("in limit_unit", default=None)
    limit_unit: LimitUnit = enum_column(LimitUnit, "", default=LimitUnit.DAYS)
    joint: bool = column("several departments handle it jointly", default=False)
    links: list[JsonObject] = json_column("in their order: {kind, name, limit, unit}", default_factory=list)
    fees: list[JsonObject] = json_column("{code, name, amount, basis}; amount in yuan, as text", default_factory=list)
    materials: list[JsonObject] = json_column("{name, original, copies, required}", default_factory=list)
    conditions: list[str] = json_column("what the applicant has to fulfil", default_factory=list)


class Organisation(Reported, table=True):
    """A unit as its platform knows it. Departments of the site are declared; see `department_id`."""

    __table_args__ = (UniqueConstraint("source_id", "reference"),)
    code: str = column("as in the rows of cases")
    name: str = column("Chinese")
    name_en: str = column("English", default="")
    parent: str = column("code of the unit above it", default="")
    district: str = column("as reported; empty: of the city", default="")
    department_id: str | None = column("the declared department that it is", default=None, foreign_key="department.id")


class Contact(Reported, table=True):
    """The fixed contact person of a department: who is warned. Personal data."""

    __table_args__ = (UniqueConstraint("source_id", "reference"),)
    department_ref: str = column("department as reported", index=True)
    department_id: str | None = column("department found for it", default=None, foreign_key="department.id", index=True)
    name: str = column("personal data")
    phone: str = column("personal data", default="")
    mail: str = column("personal data", default="")
    valid_from: datetime = column("")
    valid_to: datetime | None = column("exclusive", default=None)


class Operator(Reported, table=True):
    """Who worked where: one operator, one counter, from and to."""

    __table_args__ = (UniqueConstraint("source_id", "reference"), Index("operator_name", "source_id", "operator"))
    operator: str = column("as in the rows of steps")
    name: str = column("as people read it, if the account is another", default="")
    department_ref: str = column("department as reported", default="")
    department_id: str | None = column("department found for it", default=None, foreign_key="department.id")
    counter_ref: str = column("counter as reported", default="")
    counter_id: str | None = column("counter found for counter_ref", default=None, foreign_key="counter.id", index=True)
    valid_from: datetime = column("")
    valid_to: datetime | None = column("exclusive", default=None)
