"""Footage over HTTP: exact, by ranges, within one's scope, and written down in the access log."""

import shutil
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlmodel import select

from analytics.people import Image, Person
from storage.folder_store import FolderStore
from storage.models import Absence, AccessEntry, Case, FootageLink, Outcome, Segment, Step, StepKind, View
from tests.ingest.video.encoded import START, gops, numbers_in, packets
from tests.ingest.video.test_clip import at, recorded
from tests.sample import CAMERA, a_segment
from tests.web.conftest import Clock, SignedIn
from web.footage_moments import FootageMoments
from web.one_detector import OneDetector
from web.previews import Previews
from web.recent_looks import ONE_LOOK
from web.services import Services


@pytest.fixture
def footage(services: Services, tmp_path: Path) -> Services:
    """200 numbered frames of `cc-cam-1` in eight seconds from START on."""
    rows = recorded(tmp_path / "spool", gops(packets(200)))
    with services.database.transaction() as session:
        session.add_all(Segment(**row.model_dump()) for row in rows)
    return services


def span(first: datetime, last: datetime, camera: str = CAMERA) -> dict[str, str]:
    return {"camera": camera, "from": first.isoformat(), "to": last.isoformat()}


@pytest.fixture
def inspector(footage: Services, signed_in: SignedIn) -> TestClient:
    return signed_in("inspector")


def test_a_clip_has_exactly_the_frames_of_its_span(inspector: TestClient) -> None:
    answer = inspector.get("/media/clip.mp4", params=span(at(60), at(65)))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "video/mp4"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert numbers_in(answer.content) == [60, 61, 62, 63, 64]


def test_a_time_that_no_calendar_has_is_told(inspector: TestClient) -> None:
    asked = {"camera": CAMERA, "from": "0001-01-01T00:00:00+14:00", "to": "0001-01-01T00:00:10+14:00"}
    answer = inspector.get("/media/clip.mp4", params=asked)
    assert (answer.status_code, "out of range" in answer.text) == (422, True)


def test_a_clip_is_fetched_in_ranges(inspector: TestClient) -> None:
    asked = span(at(60), at(65))
    whole = inspector.get("/media/clip.mp4", params=asked)
    size, etag = len(whole.content), whole.headers["etag"]
    parts = [
        inspector.get("/media/clip.mp4", params=asked, headers={"Range": f"bytes={first}-{first + 999}"})
        for first in range(0, size, 1000)
    ]
    assert {part.status_code for part in parts} == {206}
    assert b"".join(part.content for part in parts) == whole.content
    assert parts[0].headers["content-range"] == f"bytes 0-999/{size}"
    tail = inspector.get("/media/clip.mp4", params=asked, headers={"Range": "bytes=-10", "If-Range": etag})
    assert tail.content == whole.content[-10:]
    other = inspector.get("/media/clip.mp4", params=asked, headers={"Range": "bytes=-10", "If-Range": '"old"'})
    assert other.status_code == 200
    beyond = inspector.get("/media/clip.mp4", params=asked, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")


def test_an_unchanged_clip_is_not_sent_again(inspector: TestClient) -> None:
    asked = span(at(60), at(65))
    first = inspector.get("/media/clip.mp4", params=asked)
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    assert inspector.get("/media/clip.mp4", params=asked, headers={"If-None-Match": etag}).status_code == 304


def test_what_a_browser_has_kept_is_not_shown_to_who_signs_in_there_next(
    footage: Services, signed_in: SignedIn, app: FastAPI
) -> None:
    asked = span(at(60), at(65))
    etag = signed_in("inspector").get("/media/clip.mp4", params=asked).headers["etag"]
    kept = {"If-None-Match": etag}
    assert signed_in("department").get("/media/clip.mp4", params=asked, headers=kept).status_code == 404
    assert TestClient(app, follow_redirects=False).get("/media/clip.mp4", params=asked, headers=kept).status_code == 401


def test_a_download_has_a_telling_name_and_needs_the_right(footage: Services, signed_in: SignedIn) -> None:
    asked = span(START, START + timedelta(seconds=4)) | {"download": "1"}
    answer = signed_in("inspector").get("/media/clip.mp4", params=asked)
    assert answer.headers["content-disposition"].startswith('attachment; filename="cc-cam-1_')
    assert answer.headers["content-disposition"].endswith('_4s.mp4"')
    assert signed_in("supervisor").get("/media/clip.mp4", params=asked).status_code == 403


def test_a_still_is_a_jpeg(inspector: TestClient) -> None:
    answer = inspector.get("/media/still.jpg", params={"camera": CAMERA, "at": at(24).isoformat()})
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8")
    assert answer.headers["cache-control"] == "no-store"
    newest = inspector.get("/media/still.jpg", params={"camera": CAMERA})
    assert newest.status_code == 200
    assert newest.headers["cache-control"] == "no-store"
    assert parsedate_to_datetime(newest.headers["last-modified"]) == at(195).replace(microsecond=0)


def test_a_still_is_dated_to_when_it_was_taken(services: Services, signed_in: SignedIn, tmp_path: Path) -> None:
    with services.database.transaction() as session:
        rows = recorded(tmp_path / "spool", gops(packets(4, gop=2, fps=1)))
        session.add_all(Segment(**row.model_dump()) for row in rows)
    asked = {"camera": CAMERA, "at": (START + timedelta(seconds=2.9)).isoformat()}
    told = signed_in("inspector").get("/media/still.jpg", params=asked).headers["last-modified"]
    assert parsedate_to_datetime(told) == START + timedelta(seconds=2)


def test_a_still_says_how_far_its_time_can_be_relied_on(footage: Services, inspector: TestClient) -> None:
    asked = {"camera": CAMERA, "at": at(24).isoformat()}
    assert inspector.get("/media/still.jpg", params=asked).headers["x-clock"] == "trusted"
    with footage.database.transaction() as session:
        for row in session.exec(select(Segment)):
            row.clock_error_us = 2_550_000
    told = inspector.get("/media/still.jpg", params=asked).headers
    assert (told["x-clock"], told["x-clock-error-us"]) == ("untrusted", "2550000")


def test_the_newest_still_is_never_of_a_clock_that_was_ahead(
    footage: Services, inspector: TestClient, clock: Clock
) -> None:
    clock.now = at(200)
    with footage.database.transaction() as session:
        ahead = a_segment(CAMERA, at(200) + timedelta(hours=8))
        ahead.sequence, ahead.key = 900, f"{CAMERA}/900"
        session.add(ahead)
    newest = inspector.get("/media/still.jpg", params={"camera": CAMERA})
    assert parsedate_to_datetime(newest.headers["last-modified"]) == at(195).replace(microsecond=0)


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        (at(300), at(310), 404),
        (at(10), at(10), 422),
        (at(10), at(5), 422),
        (START, START + timedelta(hours=24, seconds=1), 422),
    ],
)
def test_a_span_without_footage_or_sense_is_refused(
    inspector: TestClient, first: datetime, last: datetime, status: int
) -> None:
    assert inspector.get("/media/clip.mp4", params=span(first, last)).status_code == status


def test_a_time_without_a_zone_is_refused(inspector: TestClient) -> None:
    asked = span(at(60), at(65)) | {"from": "2026-03-02T11:00:00"}
    answer = inspector.get("/media/clip.mp4", params=asked)
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == "from"


def test_a_viewer_does_not_learn_where_footage_is_kept(
    inspector: TestClient, footage: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with footage.database.transaction() as session:
        keys = [segment.key for segment in session.exec(select(Segment))]
    for file in (tmp_path / "spool").rglob("*.mp4"):
        file.unlink()
    for answer in (
        inspector.get("/media/clip.mp4", params=span(at(60), at(65))),
        inspector.get("/media/still.jpg", params={"camera": CAMERA, "at": at(24).isoformat()}),
    ):
        assert answer.status_code == 503
        assert answer.json()["detail"].startswith("The footage cannot be read now.")
        assert not [secret for secret in (*keys, str(tmp_path)) if secret in answer.text]
    assert any(key in capsys.readouterr().out for key in keys)


def test_each_look_is_written_down_once(inspector: TestClient, footage: Services) -> None:
    asked = span(START, START + timedelta(seconds=4))
    for first in (0, 500, 1000):
        headers = {"Range": f"bytes={first}-", "Referer": "http://testserver/cases/1"}
        inspector.get("/media/clip.mp4", params=asked, headers=headers)
    inspector.get("/media/clip.mp4", params=asked | {"download": "1", "purpose": "complaint 17"})
    with footage.database.transaction() as session:
        looks = [(e.action, e.subject, e.purpose) for e in session.exec(select(AccessEntry))]
    stamp = START.strftime("%Y-%m-%dT%H:%M:%SZ")
    subject = f"camera:{CAMERA} {stamp}/PT4S"
    assert looks == [("play", subject, "/cases/1"), ("download", subject, "complaint 17")]


@pytest.mark.parametrize("asked_range", ["bytes=1-", "bytes=-1000", "bytes=500-600"])
def test_a_look_that_does_not_begin_at_the_first_byte_is_written_down_too(
    inspector: TestClient, footage: Services, asked_range: str
) -> None:
    for _ in range(2):
        answer = inspector.get("/media/clip.mp4", params=span(at(60), at(65)), headers={"Range": asked_range})
        assert answer.status_code == 206
    assert looks(footage) == ["play"]


def test_a_look_some_minutes_later_is_another_one(inspector: TestClient, footage: Services, clock: Clock) -> None:
    for _ in range(2):
        inspector.get("/media/clip.mp4", params=span(at(60), at(65)))
        clock.forward(ONE_LOOK)
    assert looks(footage) == ["play", "play"]


def test_each_person_who_looks_is_written_down(footage: Services, signed_in: SignedIn) -> None:
    for role in ("inspector", "supervisor"):
        signed_in(role).get("/media/clip.mp4", params=span(at(60), at(65)))
    assert looks(footage) == ["play", "play"]


def looks(services: Services) -> list[str]:
    with services.database.transaction() as session:
        return [entry.action for entry in session.exec(select(AccessEntry))]


def test_a_department_sees_the_clips_of_its_cases_and_of_absences_only(footage: Services, signed_in: SignedIn) -> None:
    department = signed_in("department")
    asked = span(at(60), at(65))
    assert department.get("/media/clip.mp4", params=asked).status_code == 404
    _link_step(footage, "civil")
    assert department.get("/media/clip.mp4", params=asked).status_code == 404
    _link_step(footage, "tax")
    assert department.get("/media/clip.mp4", params=asked).status_code == 200
    assert department.get("/media/clip.mp4", params=span(at(60), at(120))).status_code == 404
    lead = span(at(55), at(58))
    assert department.get("/media/clip.mp4", params=lead).status_code == 200, "what its clip shows before the step"
    assert department.get("/media/still.jpg", params={"camera": CAMERA, "at": at(61).isoformat()}).status_code == 200
    assert department.get("/media/still.jpg", params={"camera": CAMERA, "at": at(90).isoformat()}).status_code == 404


def test_a_supervisor_sees_any_footage_of_the_halls_in_scope_without_looking_for_it_by_span(
    footage: Services, signed_in: SignedIn
) -> None:
    supervisor = signed_in("supervisor")
    assert supervisor.get("/media/clip.mp4", params=span(at(60), at(65))).status_code == 200
    assert supervisor.get("/media/clip.mp4", params=span(at(60), at(65), "nh-cam-1")).status_code == 404
    assert supervisor.get("/span").status_code == 403
    assert looks(footage) == ["play"]


def test_a_department_sees_the_clip_of_an_absence(footage: Services, signed_in: SignedIn) -> None:
    with footage.database.transaction() as session:
        session.add(Absence(id=9, counter_id="cc-1", start=at(60), end=at(65), threshold_s=1))
        session.flush()
        session.add(_link(absence_id=9))
    assert signed_in("department").get("/media/clip.mp4", params=span(at(60), at(65))).status_code == 200


def _link_step(services: Services, department: str) -> None:
    with services.database.transaction() as session:
        case = Case(source_id="cc-platform", number=department, department_id=department, opened_at=START)
        session.add(case)
        session.flush()
        step = Step(
            case_id=case.id or 0,
            source_id="cc-platform",
            reference=f"step-{department}",
            kind=StepKind.ACCEPT,
            counter_id="cc-1",
            start=at(60),
            end=at(65),
            first_received_at=at(65),
            received_at=at(65),
        )
        session.add(step)
        session.flush()
        assert session.exec(select(View).where(View.camera_id == CAMERA, View.counter_id == "cc-1")).first()
        session.add(_link(step_id=step.id))


def _link(step_id: int | None = None, absence_id: int | None = None) -> FootageLink:
    return FootageLink(
        step_id=step_id,
        absence_id=absence_id,
        outcome=Outcome.CLIP,
        camera_id=CAMERA,
        start=at(55),
        end=at(70),
        computed_at=at(70),
    )


class WatchedStore(FolderStore):
    """Notes how many connections to the database its reader holds."""

    def __init__(self, services: Services) -> None:
        super().__init__(services.settings.data_dir / "store")
        self.held: list[int] = []
        self._taken: Counter[int] = Counter()
        pool = services.database.engine.pool
        event.listen(pool, "checkout", lambda *_: self._taken.update([threading.get_ident()]))
        event.listen(pool, "checkin", lambda *_: self._taken.subtract([threading.get_ident()]))

    def read(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        self.held.append(self._taken[threading.get_ident()])
        return super().read(key, offset, length)


def test_nobody_who_waits_for_the_store_holds_a_connection_to_the_database(
    footage: Services, signed_in: SignedIn, app: FastAPI, clock: Clock
) -> None:
    clock.now = at(200)
    app.state.previews = Previews(0.35, OneDetector(Nobody))
    store = footage.footage.store = WatchedStore(footage)
    shutil.move(footage.footage.spool, store.root)
    asked: tuple[tuple[str, dict[str, str]], ...] = (
        ("/media/clip.mp4", span(at(60), at(65))),
        ("/media/clip.mp4", span(START, START + timedelta(minutes=6))),
        ("/media/still.jpg", {"camera": CAMERA}),
        ("/media/still.jpg", {"camera": CAMERA, "at": at(61).isoformat()}),
    )
    inspector = signed_in("inspector")
    for address, params in asked:
        assert inspector.get(address, params=params).status_code == 200
    assert signed_in("admin").post(f"/api/v1/cameras/{CAMERA}/preview", json={}).status_code == 200
    assert FootageMoments(footage.database, footage.footage).picture(CAMERA, at(61)) is not None
    assert len(store.held) >= len(asked) + 2
    assert set(store.held) == {0}


class Nobody:
    """A detector that sees nobody."""

    name = "nobody"

    def detect(self, images: Sequence[Image]) -> list[tuple[Person, ...]]:
        return [() for _ in images]
