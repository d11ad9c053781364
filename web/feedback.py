"""What people's words about an absence mean for the labelled samples."""

from datetime import datetime

from sqlmodel import Session, select

from analytics.samples import About, Answer, NoPicture, mark, of_absence, sample_of, take_back
from storage.models import Absence, Alert, DisputeAct, DisputeGround, SampleState


def follow_dispute(
    session: Session, absence: Absence, act: DisputeAct, ground: DisputeGround | None, by: int, now: datetime
) -> None:
    """Who says “I was there” claims that the picture was read wrongly; the decision keeps that claim or drops it.

    Of any other ground the picture may have been read rightly, so nothing is learned from it.
    """
    alert_id = session.exec(select(Alert.id).where(Alert.absence_id == absence.id)).first()
    about = of_absence(absence, now, alert_id)
    if act is DisputeAct.DISPUTE and ground is DisputeGround.WAS_THERE:
        _claim(session, about, by, now)
    claimed = sample_of(session, about.key)
    if claimed is None or claimed.state is not SampleState.CLAIMED:
        return
    if act is DisputeAct.WITHDRAW:
        mark(session, about, Answer(someone_there=True), by, now)
    elif act is DisputeAct.UPHOLD:
        take_back(session, claimed, by, now)


def _claim(session: Session, about: About, by: int, now: datetime) -> None:
    try:
        mark(session, about, Answer(someone_there=True), by, now, SampleState.CLAIMED)
    except NoPicture:
        return  # an absence of another time's zones, say: it can be disputed all the same
