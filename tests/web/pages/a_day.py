"""A morning at two halls, as the recorder, the watcher, the platform and the clerk would have written it."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from ingest.approvals.problems import EXAMPLE_TIME
from storage.fragments import Fragment, pack_fragments
from storage.models import (
    Absence,
    AbsenceRule,
    Alert,
    AlertKind,
    AlertState,
    Batch,
    Camera,
    CameraFault,
    CameraStatus,
    Case,
    ClockSource,
    Counter,
    CustomerState,
    Delivery,
    DeliveryState,
    Department,
    District,
    FaultKind,
    Finding,
    FindingKind,
    FootageLink,
    Gap,
    GapCause,
    Hall,
    Item,
    Location,
    Node,
    OpeningHours,
    Outcome,
    Presence,
    RecordKind,
    RecordRevision,
    RejectedRow,
    Role,
    Scope,
    Segment,
    Source,
    StaffState,
    Step,
    StepKind,
    User,
    View,
)
from storage.sayings import Saying
from tests.sample import CAMERA, HALL, a_hall
from tests.web.evaluated import an_evaluation
from web import passwords

NOW = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)
"""10:40 in the hall."""
OPENED = NOW - timedelta(minutes=100)
OTHER_HALL = "nh"
OTHER_COUNTER = "nh-1"
PASSWORD = "correct horse battery"

S, U, N = StaffState.STAFFED, StaffState.UNSTAFFED, StaffState.UNKNOWN
WAITING, NONE, UNSEEN = CustomerState.WAITING, CustomerState.NONE, CustomerState.UNKNOWN


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def a_day(session: Session) -> None:
    a_hall(session)
    _more_places(session)
    _users(session)
    _presence(session)
    _absences_and_alerts(session)
    _footage(session)
    _approvals(session)
    _cases(session)
    _operations(session)
    last_month, names = NOW.replace(day=5), ("housing", "social")
    first = an_evaluation(session, last_month, names, month="2026-10")
    an_evaluation(session, last_month, names, month="2026-10", number=2, replaces_id=first, erratum="补报了 3 件评价")
    session.flush()


def _more_places(session: Session) -> None:
    session.add_all(
        Counter(id=f"cc-{n}", hall_id=HALL, number=str(n), name=name, name_en=name_en)
        for n, name, name_en in [
            (3, "不动产登记", "Real estate registry"),
            (4, "社会保险", "Social insurance"),
            (10, "综合受理", "General intake"),
        ]
    )
    session.add(
        Camera(
            id="cc-cam-2", hall_id=HALL, name="3–4号窗口", url="rtsp://10.0.0.12/main", sub_url="rtsp://10.0.0.12/sub"
        )
    )
    session.add(District(id="nanhai", name="南海区", name_en="Nanhai"))
    session.flush()
    session.add(Hall(id=OTHER_HALL, district_id="nanhai", name="南海行政服务中心", name_en="Nanhai Service Centre"))
    session.flush()
    session.add(Counter(id=OTHER_COUNTER, hall_id=OTHER_HALL, number="1", name="南海1号", name_en="Nanhai one"))
    session.add(Camera(id="nh-cam-1", hall_id=OTHER_HALL, name="南海1号窗口", url="rtsp://10.1.0.11/main"))
    session.flush()
    zone = [[0.05, 0.1], [0.48, 0.1], [0.48, 0.62], [0.05, 0.62]]
    front = [[0.05, 0.66], [0.48, 0.66], [0.48, 0.98], [0.05, 0.98]]
    session.add_all(
        View(camera_id=camera, counter_id=counter, staff_zone=zone, customer_zone=front)
        for camera, counter in [("cc-cam-2", "cc-3"), ("cc-cam-2", "cc-4"), ("nh-cam-1", OTHER_COUNTER)]
    )
    session.add_all(
        OpeningHours(hall_id=HALL, weekday=day, opens=opens, closes=closes)
        for day in range(5)
        for opens, closes in (("09:00", "12:00"), ("13:30", "17:00"))
    )
    session.add(
        AbsenceRule(hall_id=HALL, threshold_s=240, waiting_threshold_s=60, version=2, valid_from=ago(60 * 24 * 30))
    )
    session.flush()


def _users(session: Session) -> None:
    session.add(Department(id="housing", name="住房和城乡建设局", name_en="Housing and Construction Bureau"))
    session.add(
        Department(id="social", name="人力资源和社会保障局", name_en="Human Resources and Social Security Bureau")
    )
    session.flush()
    for role in Role:
        user = User(
            name=role.value,
            display_name={"supervisor": "何敏", "inspector": "梁伟", "admin": "管理员"}.get(role.value, ""),
            password_hash=_password_hash(),
            role=role,
            department_id="housing" if role is Role.DEPARTMENT else None,
            created_at=ago(60 * 24 * 40),
        )
        session.add(user)
        session.flush()
        assert user.id is not None
        if role is not Role.ADMIN:
            session.add(Scope(user_id=user.id, hall_id=HALL))
    session.flush()


_HASHES: list[str] = []


def _password_hash() -> str:
    """Made once: a good hash is slow on purpose."""
    if not _HASHES:
        _HASHES.append(passwords.hash_password(PASSWORD))
    return _HASHES[0]


def _presence(session: Session) -> None:
    days: dict[str, list[tuple[float, StaffState, CustomerState, str]]] = {
        "cc-1": [
            (100, S, NONE, ""),
            (80, S, WAITING, ""),
            (62, U, NONE, ""),
            (54, S, WAITING, ""),
            (31, S, NONE, ""),
            (22, S, WAITING, ""),
        ],
        "cc-2": [(100, S, NONE, ""), (47, U, NONE, ""), (44, S, WAITING, ""), (9, U, WAITING, "")],
        "cc-3": [(100, S, WAITING, ""), (70, N, UNSEEN, "no_signal"), (66, S, NONE, ""), (35, N, UNSEEN, "dark")],
        "cc-4": [(100, S, WAITING, ""), (35, N, UNSEEN, "dark")],
        OTHER_COUNTER: [(310, S, NONE, ""), (300, U, NONE, "")],
    }
    for counter, spans in days.items():
        ends = [start for start, *_ in spans[1:]] + [None]
        for (start, staff, customer, reason), end in zip(spans, ends, strict=True):
            session.add(
                Presence(
                    counter_id=counter,
                    start=ago(start),
                    end=None if end is None else ago(end),
                    staff=staff,
                    customer=customer,
                    confidence=0.0 if staff is N else 0.94,
                    reason=reason,
                    source="ssd 1",
                )
            )
    session.flush()


def _absences_and_alerts(session: Session) -> None:
    past = Absence(
        counter_id="cc-1",
        start=ago(62),
        end=ago(54),
        ended_by="returned",
        threshold_s=240,
        rule_id=1,
        rule_version=2,
        evidence={
            "due": ago(58).isoformat(),
            "spans": [
                {
                    "from": ago(62).isoformat(),
                    "to": ago(57).isoformat(),
                    "staff": "unstaffed",
                    "staff_count": 0,
                    "staff_most": 0,
                    "customer": "none",
                    "customer_count": 0,
                    "confidence": 0.91,
                },
                {
                    "from": ago(57).isoformat(),
                    "to": ago(54).isoformat(),
                    "staff": "unstaffed",
                    "staff_count": 0,
                    "staff_most": 0,
                    "customer": "none",
                    "customer_count": 0,
                    "confidence": 0.874,
                },
            ],
        },
    )
    now = Absence(counter_id="cc-2", start=ago(9), threshold_s=60, customer_waiting=True, rule_id=1, rule_version=2)
    other = Absence(counter_id=OTHER_COUNTER, start=ago(300), threshold_s=300)
    fault = CameraFault(camera_id="cc-cam-2", kind=FaultKind.DARK, start=ago(35))
    session.add_all([past, now, other])
    session.add(fault)
    session.flush()
    first = Alert(
        kind=AlertKind.ABSENCE,
        state=AlertState.RESOLVED,
        hall_id=HALL,
        counter_id="cc-1",
        absence_id=past.id,
        raised_at=ago(58),
        acknowledged_at=ago(56),
        acknowledged_by=1,
        resolved_at=ago(54),
    )
    second = Alert(kind=AlertKind.ABSENCE, hall_id=HALL, counter_id="cc-2", absence_id=now.id, raised_at=ago(8))
    third = Alert(kind=AlertKind.CAMERA_FAULT, hall_id=HALL, camera_id="cc-cam-2", fault_id=fault.id, raised_at=ago(34))
    fourth = Alert(
        kind=AlertKind.ABSENCE, hall_id=OTHER_HALL, counter_id=OTHER_COUNTER, absence_id=other.id, raised_at=ago(295)
    )
    session.add_all([first, second, third, fourth])
    session.flush()
    assert second.id is not None
    assert third.id is not None
    session.add(
        Delivery(
            alert_id=second.id,
            channel="duty-mail",
            state=DeliveryState.SENT,
            attempts=1,
            next_try=ago(8),
            sent_at=ago(8),
        )
    )
    session.add(
        Delivery(
            alert_id=third.id,
            channel="duty-mail",
            state=DeliveryState.FAILED,
            attempts=5,
            next_try=ago(1),
            last_error="refused_or_unreachable",
        )
    )
    session.add_all(
        [
            FootageLink(
                absence_id=past.id,
                outcome=Outcome.CLIP,
                camera_id=CAMERA,
                start=ago(62.5),
                end=ago(53.5),
                settled=True,
                computed_at=ago(50),
            ),
            FootageLink(
                absence_id=now.id,
                outcome=Outcome.PARTIAL,
                camera_id=CAMERA,
                start=ago(9.5),
                end=NOW,
                computed_at=NOW,
                missing=[{"start": "2026-11-23T02:33:00Z", "end": "2026-11-23T02:33:20Z", "cause": "packets_lost"}],
            ),
        ]
    )


def _footage(session: Session) -> None:
    for camera, first in ((CAMERA, 100), ("nh-cam-1", 60)):
        for n in range(first * 6):
            start = ago(first) + timedelta(seconds=10 * n)
            if camera == CAMERA and ago(7) <= start < ago(6):
                continue
            session.add(
                Segment(
                    camera_id=camera,
                    sequence=n,
                    start=start,
                    end=start + timedelta(seconds=10),
                    size=1_250_000,
                    sha256="0" * 64,
                    key=f"{camera}/{n}.mp4",
                    location=Location.STORED if n % 7 else Location.SPOOL,
                    codec="h264",
                    width=1280,
                    height=720,
                    init_size=800,
                    fragments=pack_fragments([Fragment(0, 10_000_000, 800, 1_249_200)]),
                    clock_source=ClockSource.SENDER_REPORT,
                    clock_offset_us=38_000,
                )
            )
    session.add(Gap(camera_id=CAMERA, start=ago(7), end=ago(6), cause=GapCause.PACKETS_LOST, detail="412 packets"))
    session.add(
        Gap(camera_id="cc-cam-2", start=ago(35), cause=GapCause.CAMERA_UNREACHABLE, detail="connection timed out")
    )
    session.add(
        CameraStatus(
            camera_id=CAMERA,
            connected=True,
            since=ago(100),
            last_frame=NOW,
            fps=24.9,
            bitrate=1_020_000,
            clock_source=ClockSource.SENDER_REPORT,
            clock_offset_us=38_000,
            audio_problem="opus audio is not recorded; set the camera's audio to AAC or G.711",
            sub_error="Server returned 404 Not Found",
            updated=NOW,
        )
    )
    session.add(
        CameraStatus(
            camera_id="cc-cam-2",
            connected=False,
            since=ago(35),
            last_frame=ago(35),
            reconnects=12,
            smears=40,
            error="connection timed out",
            error_since=ago(34),
            updated=NOW,
        )
    )


def _approvals(session: Session) -> None:
    session.add(
        Item(
            code="fs-0412",
            name="商品房预售许可",
            name_en="Presale permit",
            department_id="housing",
            promised_days=7,
            legal_days=20,
        )
    )
    session.add(Source(id="cc-platform", name="禅城审批平台", hall_id=HALL, key_hash="0" * 64))
    session.flush()
    batch = Batch(
        source_id="cc-platform", sequence=41, received_at=ago(20), rows=14, accepted=12, duplicates=1, rejected=1
    )
    session.add(batch)
    session.flush()
    assert batch.id is not None
    said = Saying("%(value)s is not a time", value="2026-13-01 09:00")
    remedy = Saying("write it as ISO 8601 with a zone, such as %(example)s", example=EXAMPLE_TIME)
    session.add(
        RejectedRow(
            batch_id=batch.id,
            line=9,
            field="start",
            problem=str(said),
            remedy=str(remedy),
            sayings={"problem": said.as_json(), "remedy": remedy.as_json()},
            raw='{"case": "2026-009"}',
        )
    )


def _cases(session: Session) -> None:
    for n in range(1, 61):
        own = n <= 3
        case = Case(
            source_id="cc-platform",
            number=f"CC-2026-{n:05}",
            item_code="fs-0412" if own else "fs-0777",
            item_name="商品房预售许可" if own else "个体工商户设立登记",
            department_id="housing" if own else "social",
            department_name="住房和城乡建设局" if own else "人社局",
            hall_id=HALL if n != 60 else OTHER_HALL,
            applicant=f"申请人{n}号",
            channel="counter" if n % 4 else "internet",
            opened_at=ago(20 + 7 * n),
            closed_at=ago(4 * n) if n % 3 == 0 else None,
            due_at=NOW + timedelta(days=5 - n % 9),
        )
        session.add(case)
        session.flush()
        assert case.id is not None
        _steps(session, case.id, n)


def _steps(session: Session, case_id: int, n: int) -> None:
    outcomes = [
        (StepKind.RECEIVE, "收件", "cc-1", 20, Outcome.CLIP, "", CAMERA),
        (StepKind.ACCEPT, "受理", "cc-1", 14, Outcome.PARTIAL, "", CAMERA),
        (StepKind.REVIEW, "审核", None, 12, Outcome.UNMAPPED, "no_counter", None),
        (StepKind.DECIDE, "决定", "cc-10", 10, Outcome.NONE, "no_view", None),
        (StepKind.CLOSE, "办结", "cc-2", 8, Outcome.CLIP, "", CAMERA),
    ]
    for order, (kind, name, counter, back, outcome, reason, camera) in enumerate(outcomes):
        start = ago(back + 7 * n)
        step = Step(
            case_id=case_id,
            source_id="cc-platform",
            reference=f"{n}-{order}",
            kind=kind,
            name=name,
            operator="陈静" if order % 2 else "黄志强",
            counter_ref=counter or "99",
            counter_id=counter,
            start=start,
            end=start + timedelta(minutes=2),
            first_received_at=start + timedelta(minutes=5),
            received_at=start + timedelta(minutes=5),
        )
        session.add(step)
        session.flush()
        assert step.id is not None
        session.add(_as_told(step, n))
        missing = [
            {
                "start": start.isoformat(),
                "end": (start + timedelta(seconds=15)).isoformat(),
                "cause": "camera_unreachable",
            }
        ]
        session.add(
            FootageLink(
                step_id=step.id,
                outcome=outcome,
                reason=reason,
                camera_id=camera,
                start=start - timedelta(seconds=30),
                end=step.end + timedelta(seconds=30),
                settled=True,
                computed_at=NOW,
                missing=missing if outcome is Outcome.PARTIAL else [],
            )
        )
        if kind is StepKind.CLOSE and n == 1:
            session.add(
                Finding(
                    kind=FindingKind.STEP_WHILE_UNSTAFFED,
                    step_id=step.id,
                    counter_id="cc-2",
                    found_at=ago(5),
                    evidence={
                        "margin_s": 60.0,
                        "window": {"start": ago(16).isoformat(), "end": ago(12).isoformat()},
                        "presence": [{"start": ago(16).isoformat(), "end": ago(12).isoformat(), "staff": "unstaffed"}],
                        "clock_offset_s": 0.34,
                        "revision": 2,
                    },
                )
            )
    session.flush()


def _as_told(step: Step, n: int) -> RecordRevision:
    item = {"item": "fs-0412" if n <= 3 else "fs-0777"}
    times = {"start": step.start.isoformat(), "end": step.end.isoformat()}
    row = {"record": "step", "case": f"CC-2026-{n:05}", "step": step.reference, "kind": step.kind.value}
    assert step.id is not None
    return RecordRevision(
        record=RecordKind.STEP,
        record_id=step.id,
        revision=1,
        batch_id=1,
        row=row | times | item,
        received_at=step.received_at,
    )


def _operations(session: Session) -> None:
    session.add(Node(name="recorder-1", role="recorder", started_at=ago(180), heartbeat=NOW, detail={"cameras": 2}))
    session.add(Node(name="watcher", role="watcher", started_at=ago(180), heartbeat=NOW, detail={}))
