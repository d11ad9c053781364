"""What platforms report beside cases: items, organisations, contact persons, operators and their counters."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from ingest.approvals.fields import Digits, Flag, Listed, LongText, Moment, Name, NoMoment, Text, Yuan, about, word
from ingest.approvals.records import COUNTER, RECORD, RecordId
from ingest.approvals.row import Row
from storage.models import LimitUnit, RecordKind, StepKind

FROM = about("from when on it holds")
TO = about("until when, exclusive; empty: it still holds")
DEPARTMENT = about("id or name of the department")

From = Annotated[Moment, Field(description=FROM, examples=["2026-01-01T00:00:00+08:00"])]
Until = Annotated[NoMoment, Field(description=TO, examples=["2027-01-01T00:00:00+08:00"])]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Link(_Part):
    """One link of an item, in its place."""

    kind: Annotated[StepKind, word(StepKind)] = Field(description=about("the kind of its step"))
    name: Text = Field(default="", description=about("as people read it"))
    limit: Annotated[int | None, Digits] = Field(
        ge=0, le=10_000, default=None, description=about("its own limit, in `unit`; empty: none")
    )
    unit: Annotated[LimitUnit, word(LimitUnit)] = Field(
        default=LimitUnit.DAYS, description=about("working days or working hours")
    )


class ListedFee(_Part):
    """A fee that an item may charge."""

    code: Text = Field(default="", description=about("as in rows of the kind fee"))
    name: Name = Field(description=about("as people read it"))
    amount: Yuan = Field(description=about("yuan; 0 where the basis says how it is reckoned"))
    basis: Text = Field(default="", description=about("the rule that allows it"))


class Material(_Part):
    """What an applicant has to bring."""

    name: Name = Field(description=about("as people read it"))
    original: Flag = Field(default=False, description=about("the original is asked for"))
    copies: Annotated[int, Digits] = Field(ge=0, le=100, default=0, description=about("copies asked for"))
    required: Flag = Field(default=True, description=about("not only in some cases"))


def promises_too_long(legal: int | None, promised: int | None) -> bool:
    """Both in the same unit."""
    return legal is not None and promised is not None and promised > legal


class ItemRow(Row):
    """One version of one entry of the catalogue of items."""

    model_config = ConfigDict(title="item")
    kind_of_record: ClassVar = RecordKind.ITEM
    named_by: ClassVar = ("code", "version")
    span: ClassVar = ("valid_from", "valid_to")

    record: Literal["item"] = Field(description=RECORD)
    code: Annotated[Name, Field(description=about("code of the item, as in the rows of cases"), examples=["JZ-0103"])]
    version: Annotated[Name, Field(description=about("number of the version"), examples=["3"])]
    valid_from: From
    valid_to: Until = None
    name: Name = Field(description=about("its name in Chinese"), examples=["食品经营许可"])
    name_en: Text = Field(default="", description=about("its name in English"), examples=["Food business licence"])
    department: Text = Field(default="", description=DEPARTMENT, examples=["market"])
    legal_limit: Annotated[int | None, Digits] = Field(
        ge=0, le=10_000, default=None, description=about("limit by law, in `limit_unit`"), examples=[20]
    )
    promised_limit: Annotated[int | None, Digits] = Field(
        ge=0, le=10_000, default=None, description=about("promised limit, in `limit_unit`"), examples=[10]
    )
    limit_unit: Annotated[LimitUnit, word(LimitUnit)] = Field(
        default=LimitUnit.DAYS, description=about("working days or working hours"), examples=["days"]
    )
    joint: Flag = Field(
        default=False,
        description=about("several departments handle it jointly: the law gives 45 days where no limit by law is said"),
        examples=[False],
    )
    links: Annotated[tuple[Link, ...], Listed] = Field(
        default=(),
        description=about("the links in their order"),
        examples=[[{"kind": "accept", "limit": 1}, {"kind": "review", "limit": 5}, {"kind": "decide", "limit": 3}]],
    )
    fees: Annotated[tuple[ListedFee, ...], Listed] = Field(
        default=(),
        description=about("fees that it may charge"),
        examples=[[{"code": "F1", "name": "工本费", "amount": "10.00"}]],
    )
    materials: Annotated[tuple[Material, ...], Listed] = Field(
        default=(),
        description=about("what the applicant brings"),
        examples=[[{"name": "身份证", "original": True, "copies": 1}]],
    )
    conditions: Annotated[tuple[LongText, ...], Listed] = Field(
        default=(), description=about("what the applicant has to fulfil"), examples=[["有固定经营场所"]]
    )


class OrganisationRow(Row):
    """A unit that examines and approves."""

    model_config = ConfigDict(title="organisation")
    kind_of_record: ClassVar = RecordKind.ORGANISATION
    named_by: ClassVar = ("code",)

    record: Literal["organisation"] = Field(description=RECORD)
    code: Name = Field(description=about("code of the unit, as in the rows of cases"), examples=["market"])
    name: Name = Field(description=about("its name in Chinese"), examples=["市场监督管理局"])
    name_en: Text = Field(default="", description=about("its name in English"), examples=["Market Regulation"])
    parent: Text = Field(default="", description=about("code of the unit above it"), examples=["gov"])
    district: Text = Field(default="", description=about("its district; empty: of the city"), examples=["chancheng"])


class ContactRow(Row):
    """The fixed contact person of a department, who is warned. Personal data."""

    model_config = ConfigDict(title="contact")
    kind_of_record: ClassVar = RecordKind.CONTACT
    span: ClassVar = ("valid_from", "valid_to")

    record: Literal["contact"] = Field(description=RECORD)
    id: RecordId
    department: Name = Field(description=DEPARTMENT, examples=["market"])
    name: Name = Field(description=about("the person; personal data"), examples=["何静"])
    phone: Text = Field(default="", description=about("personal data"), examples=["0757-83330000"])
    mail: Text = Field(default="", description=about("personal data"), examples=["hejing@example.org"])
    valid_from: From
    valid_to: Until = None


class OperatorRow(Row):
    """Who works at which counter, from and to."""

    model_config = ConfigDict(title="operator")
    kind_of_record: ClassVar = RecordKind.OPERATOR
    span: ClassVar = ("valid_from", "valid_to")

    record: Literal["operator"] = Field(description=RECORD)
    id: RecordId
    operator: Name = Field(description=about("as in the rows of steps"), examples=["李敏"])
    name: Text = Field(default="", description=about("the person, if the account has another name"), examples=["李敏"])
    department: Text = Field(default="", description=DEPARTMENT, examples=["market"])
    counter: Text = Field(default="", description=COUNTER, examples=["3"])
    valid_from: From
    valid_to: Until = None
