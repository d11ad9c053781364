"""The records of a case as platforms report them: its steps and all that happens beside them."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from ingest.approvals.fields import Digits, Flag, LongText, Moment, Name, NoDay, NoMoment, Text, Yuan, about, word
from ingest.approvals.row import Row
from storage.models import Decision, RecordKind, StepKind, SuspensionReason

RECORD = about("what the row tells of")
CASE = about("number of the case, as the platform numbers it")
ID = about("the platform's own id of this record, unique among its records of this kind")
STEPS_COUNTER = about(
    "the counter: alias, id or number; empty: none. Expected of the first step of a case that came by a counter"
)
OPERATOR = about("who did it")
COUNTER = about("the counter: alias, id or number; empty: none")
NOTICE = about("number of the written notice to the applicant")

CaseNumber = Annotated[Name, Field(description=CASE, examples=["2026-001"])]
RecordId = Annotated[Name, Field(description=ID, examples=["R-5512"])]


class StepRow(Row):
    """One step of one case."""

    model_config = ConfigDict(title="step")
    kind_of_record: ClassVar = RecordKind.STEP
    named_by: ClassVar = ("step",)
    happened: ClassVar = ("start", "end", "entered")
    span: ClassVar = ("start", "end")

    record: Literal["step"] = Field(default="step", description=RECORD)
    case: CaseNumber
    step: Name = Field(
        description=about("the platform's own id of the step, unique in its source"), examples=["S-88121"]
    )
    kind: Annotated[StepKind, word(StepKind)] = Field(description=about("what the step does"), examples=["accept"])
    name: Text = Field(default="", description=about("the activity as people read it"), examples=["受理"])
    operator: Text = Field(default="", description=OPERATOR, examples=["李敏"])
    counter: Text = Field(default="", description=STEPS_COUNTER, examples=["3"])
    start: Moment = Field(
        description=about("when it began, ISO 8601 with a zone, platform clock"), examples=["2026-03-02T09:14:05+08:00"]
    )
    end: NoMoment = Field(
        default=None,
        description=about("when it ended; empty: a point in time, or still open"),
        examples=["2026-03-02T09:21:40+08:00"],
    )
    item: Text = Field(default="", description=about("code of the item"), examples=["JZ-0103"])
    item_name: Text = Field(default="", description=about("name of the item"), examples=["食品经营许可"])
    department: Text = Field(
        default="", description=about("id or name of the responsible department"), examples=["market"]
    )
    applicant: Text = Field(default="", description=about("personal data; only roles that handle cases see it"))
    channel: Text = Field(default="", description=about("counter, internet, post, ..."), examples=["counter"])
    due: NoMoment = Field(
        default=None,
        description=about("the promised limit as the platform reckons it"),
        examples=["2026-03-16T18:00:00+08:00"],
    )
    closed: NoMoment = Field(
        default=None,
        description=about("when the case was closed, for platforms that report no step of the kind close"),
        examples=["2026-03-10T16:02:11+08:00"],
    )
    entered: NoMoment = Field(
        default=None,
        description=about("when the step was first entered into the platform; empty: not known"),
        examples=["2026-03-02T09:21:43+08:00"],
    )
    joint: Flag = Field(
        default=False, description=about("several departments handle the case jointly"), examples=[False]
    )


class SuspensionRow(Row):
    """A span of a case that does not count against its limit."""

    model_config = ConfigDict(title="suspension")
    kind_of_record: ClassVar = RecordKind.SUSPENSION
    happened: ClassVar = ("start",)
    span: ClassVar = ("start", "end")

    record: Literal["suspension"] = Field(description=RECORD)
    id: RecordId
    case: CaseNumber
    reason: Annotated[SuspensionReason, word(SuspensionReason)] = Field(
        description=about("the statutory reason, or supplement"), examples=["supplement"]
    )
    notice_number: Text = Field(default="", description=NOTICE, examples=["补正〔2026〕17号"])
    notice_date: NoDay = Field(default=None, description=about("date of the written notice"), examples=["2026-03-03"])
    start: Moment = Field(description=about("from when on the clock stands"), examples=["2026-03-03T10:00:00+08:00"])
    end: NoMoment = Field(
        default=None, description=about("until when; empty: it still lasts"), examples=["2026-03-09T09:30:00+08:00"]
    )


class ExtensionRow(Row):
    """More time for a case, approved by the unit's head."""

    model_config = ConfigDict(title="extension")
    kind_of_record: ClassVar = RecordKind.EXTENSION
    happened: ClassVar = ("approved",)

    record: Literal["extension"] = Field(description=RECORD)
    id: RecordId
    case: CaseNumber
    days: Annotated[int, Digits] = Field(
        ge=1, le=1_000, description=about("working days added to the limit"), examples=[10]
    )
    approved: Moment = Field(description=about("when it was approved"), examples=["2026-03-27T15:00:00+08:00"])
    approved_by: Text = Field(default="", description=about("who approved it"), examples=["陈局长"])
    reason: Text = Field(default="", description=about("why"), examples=["案情复杂"])
    notice_number: Text = Field(default="", description=NOTICE, examples=["延期〔2026〕3号"])


class FeeRow(Row):
    """Money that was charged for a case."""

    model_config = ConfigDict(title="fee")
    kind_of_record: ClassVar = RecordKind.FEE
    happened: ClassVar = ("charged",)

    record: Literal["fee"] = Field(description=RECORD)
    id: RecordId
    case: CaseNumber
    code: Text = Field(default="", description=about("code of the fee in the item's catalogue entry"), examples=["F1"])
    name: Text = Field(default="", description=about("name of the fee"), examples=["工本费"])
    amount: Yuan = Field(description=about("yuan, with at most two decimals"), examples=["10.00"])
    charged: Moment = Field(description=about("when"), examples=["2026-03-02T09:20:00+08:00"])
    receipt: Text = Field(default="", description=about("number of the receipt"), examples=["0044127"])


class ResultRow(Row):
    """What was decided on a case."""

    model_config = ConfigDict(title="result")
    kind_of_record: ClassVar = RecordKind.RESULT
    happened: ClassVar = ("decided",)

    record: Literal["result"] = Field(description=RECORD)
    id: RecordId
    case: CaseNumber
    decision: Annotated[Decision, word(Decision)] = Field(
        description=about("granted, refused, or withdrawn by the applicant"), examples=["granted"]
    )
    reason: LongText = Field(default="", description=about("why it was refused"), examples=[""])
    document: Text = Field(
        default="", description=about("number of the licence or of the written refusal"), examples=["JY144060400"]
    )
    decided: Moment = Field(description=about("when"), examples=["2026-03-10T16:00:00+08:00"])


class DeliveryRow(Row):
    """The result reached the applicant."""

    model_config = ConfigDict(title="delivery")
    kind_of_record: ClassVar = RecordKind.DELIVERY
    happened: ClassVar = ("delivered",)

    record: Literal["delivery"] = Field(description=RECORD)
    id: RecordId
    case: CaseNumber
    way: Text = Field(default="", description=about("counter, post, internet, ..."), examples=["post"])
    document: Text = Field(default="", description=about("number of what was delivered"), examples=["JY144060400"])
    tracking: Text = Field(default="", description=about("number of the parcel"), examples=["EA123456789CN"])
    delivered: Moment = Field(description=about("when"), examples=["2026-03-12T11:05:00+08:00"])


class RatingRow(Row):
    """What a customer thinks of the service."""

    model_config = ConfigDict(title="rating")
    kind_of_record: ClassVar = RecordKind.RATING
    happened: ClassVar = ("rated",)

    record: Literal["rating"] = Field(description=RECORD)
    id: RecordId
    case: Text = Field(
        default="",
        description=about("number of the case; empty: not of one case"),
        examples=["2026-001"],
    )
    level: Annotated[int, Digits] = Field(
        ge=1,
        le=5,
        description=about("5 very satisfied, 4 satisfied, 3 fairly satisfied, 2 dissatisfied, 1 very dissatisfied"),
        examples=[5],
    )
    comment: LongText = Field(default="", description=about("in the customer's words"), examples=["很快"])
    operator: Text = Field(default="", description=about("who is rated"), examples=["李敏"])
    counter: Text = Field(default="", description=COUNTER, examples=["3"])
    rated: Moment = Field(description=about("when"), examples=["2026-03-02T09:22:10+08:00"])
