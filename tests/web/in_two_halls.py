"""Of each kind of thing that belongs to a hall one in `cc` and one in `nh`: 1 is of hall `cc`, 2 of hall `nh`."""

from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, SQLModel

from storage.models import (
    Batch,
    CallBack,
    CatalogueChange,
    Closure,
    Complaint,
    Cover,
    CoverKind,
    Deletion,
    EnteredFigure,
    EvaluationState,
    Finding,
    FindingKind,
    FootageKind,
    Hold,
    KeptContact,
    Rating,
    Reanalysis,
    Sample,
    SampleState,
    Source,
    SupervisionOrder,
    TimeCorrection,
    UnitKind,
    ZoneRole,
)
from tests.web.carded import a_card
from tests.web.conftest import NOON
from tests.web.evaluated import an_evaluation
from web.catalogue_entry import EMPTY

_HOUR = timedelta(hours=1)


def in_two_halls(session: Session) -> None:
    """Beside what a morning has: cases, steps, absences and alerts."""
    session.add(Source(id="nh-platform", hall_id="nh"))
    session.flush()
    for hall, camera, number in (("cc", "cc-cam-1", 1), ("nh", "nh-cam-1", 2)):
        for thing in _of_hall(hall, camera, number):
            session.add(thing)
            session.flush()
    an_evaluation(session, NOON, ("tax", "civil"), state=EvaluationState.DRAFT)


def _of_hall(hall: str, camera: str, number: int) -> tuple[SQLModel, ...]:
    source, counter, end = f"{hall}-platform", f"{hall}-1", NOON + _HOUR
    place = {"cc": "禅城", "nh": "南海"}[hall]  # also in what people say: a list may leave out the name of a hall
    told: dict[str, Any] = {"source_id": source, "reference": "r", "first_received_at": NOON, "received_at": NOON}
    opened: dict[str, Any] = {"opened_at": NOON, "known_at": NOON}
    return (
        Batch(source_id=source, received_at=NOON, name="steps.csv"),
        a_card(number),
        SupervisionOrder(
            case_id=number,
            department_id="tax",
            text=f"{place}催办",
            issued_by=1,
            issued_at=NOON,
            first_days=1,
            first_due_by=end,
            due_by=end,
        ),
        Rating(level=1, comment=place, rated=NOON, counter_id=counter, **told),
        CallBack(rating_id=number, hall_id=hall, department_id="tax", **opened, due_by=end, rated_due_by=end),
        Complaint(reference=f"T{number}", received_at=NOON, hall_id=hall, text=f"在{place}等了两小时", agreed_to="1"),
        Closure(hall_id=hall, day=date(2026, 6, 1), reason=f"{place}台风", noted_at=NOON),
        Cover(counter_id=counter, kind=CoverKind.LEAVE, who=f"{place}李敏", start=NOON, noted_by=1, noted_at=NOON),
        KeptContact(counter_id=counter, name=f"{place}张三", phone="1", valid_from=NOON),
        EnteredFigure(
            month="2026-02",
            kind=UnitKind.HALL,
            key=hall,
            name=place,
            hall_id=hall,
            indicator="openness",
            value=2.0,
            maximum=3.0,
            reason=f"{place}抽查",
            entered_at=NOON,
            entered_by="admin",
        ),
        Hold(camera_id=camera, start=NOON, end=end, reason=f"{place}投诉", owner_id=1, set_at=NOON),
        Sample(
            about=f"absence:{number}",
            absence_id=number,
            camera_id=camera,
            counter_id=counter,
            zone=ZoneRole.STAFF,
            polygon=[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]],
            someone_there=True,
            start=NOON - _HOUR,
            end=NOON,
            state=SampleState.KEPT,
            marked_by=1,
            marked_at=NOON,
            hold_id=number,
        ),
        Finding(kind=FindingKind.STEP_WHILE_UNSTAFFED, step_id=number, counter_id=counter, found_at=NOON),
        Deletion(
            camera_id=camera,
            start=NOON - _HOUR,
            end=NOON,
            key=f"{camera}/1.mp4",
            sha256="00" * 32,
            size=5,
            kind=FootageKind.PLAIN,
            days=30,
            ordered_at=NOON,
        ),
        Reanalysis(counter_id=counter, start=NOON - _HOUR, end=NOON, asked_by=place, asked_at=NOON),
        TimeCorrection(
            camera_id=camera,
            start=NOON,
            end=end,
            shift_us=1,
            error_us=1,
            reason=f"{place}校时",
            made_by="admin",
            made_at=NOON,
            key=f"corrections/{number}.json",
        ),
        CatalogueChange(
            code="FOOD",
            source_id=source,
            valid_from=NOON,
            content=EMPTY | {"name": "食品经营许可"},
            reason="提速",
            proposed_by=5,
            proposed_at=NOON,
        ),
    )
