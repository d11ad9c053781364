"""Why a card of conduct was raised, in sentences: what was told when, and the rule with its version and source."""

import re
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from correlation.deadlines.keeping import DeadlineKeeper
from correlation.deadlines.rules import shipped_rules
from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.models import Card, CardCause, ClockName, Item
from tests.correlation.deadlines.cases import at
from tests.correlation.deadlines.platform import step
from tests.web.carded import a_card
from tests.web.conftest import SignedIn
from tests.web.pages.chinese import english_sentences
from web.services import Services

SOURCE = "cc-platform"
_ITEM = {
    "record": "item",
    "code": "JZ-0103",
    "version": "1",
    "name": "食品经营许可",
    "valid_from": "2026-01-01T00:00:00+08:00",
    "promised_limit": 5,
    "links": [{"kind": "accept"}, {"kind": "review"}, {"kind": "decide"}],
    "fees": [{"code": "F1", "name": "工本费", "amount": "10.00"}],
}
_FEE = {
    "record": "fee",
    "id": "K1",
    "case": "2026-001",
    "code": "F9",
    "name": "加急费",
    "amount": "50.00",
    "charged": "2026-03-03T09:00:00+08:00",
}
_REFUSED = {"record": "result", "id": "B1", "case": "2026-001", "decision": "refused"}
_PAUSED = {"record": "suspension", "id": "P1", "case": "2026-001", "reason": "testing"}
_ACCEPTED = step("S1", "accept", "2026-03-02T09:30")
_LATER = "2026-03-09T18:00:00"


def _entered(case: str, **more: str) -> dict[str, Any]:
    start = "2026-03-02T10:00"
    return step(f"A-{case}", "accept", start) | {"case": case, "end": f"{start}:00+08:00", "operator": "李敏", **more}


PUSHED: dict[CardCause, list[tuple[datetime, list[dict[str, Any]]]]] = {
    CardCause.LINK_SKIPPED: [
        (at("2026-03-02"), [_ITEM, _ACCEPTED]),
        (at("2026-03-03"), [step("S3", "decide", "2026-03-03T09:30")]),
    ],
    CardCause.LINK_REORDERED: [
        (at("2026-03-02"), [_ITEM, _ACCEPTED]),
        (
            at("2026-03-03", "18:00"),
            [step(*of) for of in (("S3", "decide", "2026-03-03T09:30"), ("S2", "review", "2026-03-03T11:00"))],
        ),
    ],
    CardCause.FEE_UNLISTED: [(at("2026-03-03"), [_ITEM, _ACCEPTED, _FEE])],
    CardCause.REFUSED_WITHOUT_REASON: [
        (at("2026-03-03"), [_ITEM, _ACCEPTED, _REFUSED | {"decided": "2026-03-03T09:30:00+08:00"}])
    ],
    CardCause.PAUSED_AT_LIMIT: [
        (at("2026-03-02"), [_ITEM, _ACCEPTED]),
        (at("2026-03-09"), [_PAUSED | {"start": "2026-03-09T09:00:00+08:00"}]),
    ],
    CardCause.BACK_DATED: [
        (at("2026-03-03"), [_ITEM, step("S0", "receive", "2026-03-02T09:00")]),
        (at("2026-03-09", "18:00"), [_entered("2026-001", entered=f"{_LATER}+08:00")]),
    ],
    CardCause.ENTERED_IN_BATCH: [
        (at("2026-03-03"), [_ITEM]),
        (at("2026-03-09", "18:00"), [_entered(f"2026-00{n}", entered=f"{_LATER}+08:00") for n in range(1, 7)]),
    ],
}
"""What a platform pushes when, so that there is a card of this cause."""
SAID: dict[CardCause, tuple[str, str]] = {
    CardCause.LINK_SKIPPED: (
        "By the catalogue of the item Review comes before Decide. Decide was done 3 Mar 2026 09:30:00, which was known "
        "3 Mar 2026 10:00:00; nothing was told of Review. It could be told or corrected within 2 working days from "
        "then on; it was not, and the card was raised 6 Mar 2026 00:00:00.",
        "按事项目录，“审核”应先于“决定”。“决定”于 2026-03-03 09:30:00 完成，"
        "于 2026-03-03 10:00:00 得知；“审核”没有报送。"
        "此后 2 个工作日内可以补报或更正；期内没有补报或更正，本牌于 2026-03-06 00:00:00 发出。",
    ),
    CardCause.LINK_REORDERED: (
        "Review comes before Decide. Decide was over before Review began 3 Mar 2026 11:00:00; both were known "
        "3 Mar 2026 18:00:00. It could be told or corrected within 2 working days",
        "“审核”于 2026-03-03 11:00:00 开始时，“决定”已经结束；两者于 2026-03-03 18:00:00 均已得知。",
    ),
    CardCause.FEE_UNLISTED: (
        "F9 was charged 3 Mar 2026 09:00:00, which was known 3 Mar 2026 10:00:00. The catalogue lists other fees for "
        "the item: F1.",
        "2026-03-03 09:00:00 收取了“F9”，于 2026-03-03 10:00:00 得知。事项目录所列的收费是：F1。",
    ),
    CardCause.REFUSED_WITHOUT_REASON: (
        "The application was refused 3 Mar 2026 09:30:00, which was known 3 Mar 2026 10:00:00; neither a reason nor "
        "the document that gives it was told. It could be told or corrected within 2 working days",
        "没有报送理由，也没有报送载明理由的文书。此后 2 个工作日内可以补报或更正；",
    ),
    CardCause.PAUSED_AT_LIMIT: (
        "A suspension began 9 Mar 2026 09:00:00, with this reason: Testing. Without it the promised limit would have "
        "passed 10 Mar 2026 00:00:00. The rule looks at suspensions that begin on the last day in time or up to 1 "
        "working day before",
        "如无此特别程序，承诺时限于 2026-03-10 00:00:00 届满。"
        "规则针对在期限最后一日或之前 1 个工作日内开始的特别程序；",
    ),
    CardCause.BACK_DATED: (
        "This is said to have happened 2 Mar 2026 10:00:00: Accept. It was entered into the platform "
        "9 Mar 2026 18:00:00, 5 working days later, and told 9 Mar 2026 18:00:00. The rule looks at what is entered "
        "more than 1 working day late",
        "报送的发生时间是 2026-03-02 10:00:00：受理。录入平台的时间是 2026-03-09 18:00:00，晚了 5 个工作日；",
    ),
    CardCause.ENTERED_IN_BATCH: (
        "The same operator entered late steps of 6 cases at once. The rule looks at what is entered more than "
        "1 working day late; of 5 cases or more of one operator it is a batch.",
        "同一经办人同时补录了 6 件办件的环节。规则针对迟录超过 1 个工作日的情形；"
        "同一经办人一次达到 5 件的，为批量补录。",
    ),
}


def a_card_of(services: Services, cause: CardCause) -> int:
    """Its id, once the clerk has reckoned what was pushed."""
    with services.database.transaction() as session:
        session.add(Item(code="JZ-0103", name="食品经营许可", legal_days=20, promised_days=5))
    for sequence, (now, rows) in enumerate(PUSHED[cause], start=1):
        report = accept_batch(
            services.database, SOURCE, read_rows(rows), sequence=sequence, name="push", sha256=str(sequence), now=now
        )
        assert report.rejected_rows == 0, report.rejected
    keeper = DeadlineKeeper(services.database, shipped_rules())
    keeper.run_once(at("2026-03-09", "20:00"))
    with services.database.transaction() as session:
        found = session.exec(select(Card.id).where(Card.cause == cause).order_by(Card.id)).first()  # type: ignore[arg-type]
    assert found is not None
    return found


def words(client: TestClient, address: str, language: str) -> str:
    """As a person reads it."""
    page = client.get(address, headers={"Accept-Language": language}).text
    return re.sub(r"(?<=[。；：]) ", "", re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", page))))


@pytest.mark.parametrize("cause", SAID)
def test_a_card_says_in_sentences_what_it_rests_on(signed_in: SignedIn, services: Services, cause: CardCause) -> None:
    card, client = a_card_of(services, cause), signed_in("supervisor")
    english, chinese = SAID[cause]
    source = shipped_rules().cards[-1].sources[cause]
    read = words(client, f"/cards/{card}", "en")
    assert english in read
    assert f"The rule stands in version usual-2026 of the rules for cards and rests on {source}." in read
    assert re.search("he card was raised \\d", read)
    for address in (f"/cards/{card}", "/cards?state=all"):
        read = re.sub(" *计算依据 *", "", words(client, address, "zh-CN"))
        assert chinese in read, address
        assert f"此规则载于黄红牌规则的 usual-2026 版，依据：{source}。" in read
        assert not english_sentences(client.get(address, headers={"Accept-Language": "zh-CN"}).text)
    shown = client.get(f"/cards/{card}.json").json()["card"]["derivation"]["conduct"]
    assert shown == {"grace_days": 2, "pause_days": 1, "back_dated_days": 1, "batch_cases": 5}


_MOMENT = "2026-03-02T02:00:00+00:00"
_TOLD = "2026-03-06T10:00:00+00:00"


@pytest.mark.parametrize(
    ("cause", "evidence", "english", "chinese"),
    [
        (
            CardCause.BACK_DATED,
            {"record": "suspension", "happened": _MOMENT, "said_before": _TOLD, "heard_before": _TOLD, "known": _TOLD},
            "A correction says that this happened 2 Mar 2026 10:00:00: Suspension. Before, it was said to have "
            "happened 6 Mar 2026 18:00:00. The report of the platform of 6 Mar 2026 18:00:00 did not have it; it was "
            "told 6 Mar 2026 18:00:00, 4 working days later.",
            "更正后报送的发生时间是 2026-03-02 10:00:00：特别程序。此前报送的发生时间是 2026-03-06 18:00:00。",
        ),
        (
            CardCause.DATA_MISSING,
            {"lacking": "operator", "happened": _MOMENT, "known": _TOLD},
            "The rules ask platforms to tell this, and it was not told: Operator of the step. What it belongs to "
            "happened 2 Mar 2026 10:00:00, which was known 6 Mar 2026 18:00:00. It could be told or corrected within "
            "2 working days",
            "规则要求报送而没有报送的是：环节的经办人。",
        ),
        (
            CardCause.DATA_MISSING,
            {"lacking": "delivery", "happened": _MOMENT, "known": _TOLD},
            "which was known 6 Mar 2026 18:00:00. The card was raised",
            "本牌于",
        ),
    ],
)
def test_corrections_records_and_what_is_missing_are_said_too(
    signed_in: SignedIn, services: Services, cause: CardCause, evidence: dict[str, str], english: str, chinese: str
) -> None:
    kept: dict[str, Any] = {"clock": "conduct", "link": None, "source": "电子监察通行做法", "rests_on": ""}
    kept |= {"evidence": [*evidence.items(), ("working_days", 4)]}
    kept |= {"law": "行政许可法-2004", "cards": "usual-2026", "calendar": "c1"}
    with services.database.transaction() as session:
        session.add(a_card(1, id=1, cause=cause, clock=ClockName.CONDUCT, about="x", derivation=kept))
    assert english in words(signed_in("supervisor"), "/cards/1", "en")
    assert chinese in words(signed_in("supervisor"), "/cards/1", "zh-CN")


def test_by_a_version_that_is_not_kept_it_says_what_is_known(signed_in: SignedIn, services: Services) -> None:
    card = a_card_of(services, CardCause.FEE_UNLISTED)
    with services.database.transaction() as session:
        found = session.get_one(Card, card)
        found.derivation = {**found.derivation, "cards": "gone-2025"}
    read = words(signed_in("supervisor"), f"/cards/{card}", "en")
    assert "F9 was charged 3 Mar 2026 09:00:00" in read
    assert "The card was raised" in read
    assert "working days from then on" not in read
    assert "version gone-2025" in read
