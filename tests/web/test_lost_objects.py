"""One object that the store has lost, or cannot read, is a gap in what is played and exported, and named as such."""

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from ingest.video.readable import ASKED_AGAIN
from storage.models import Location, PrivacyMask, Segment
from storage.objects import StoreError
from tests.ingest.video.encoded import START, numbers_in
from tests.ingest.video.test_clip import at
from tests.ingest.video.test_masked_clip import THIRD
from tests.ingest.video.test_recovery import Damaged
from tests.sample import CAMERA
from tests.web.conftest import Clock, SignedIn
from tests.web.test_hls import PLAYLIST, addresses, lines_of
from tests.web.test_media import footage, span
from web.services import Services

__all__ = ["footage"]
WHOLE = span(at(0), at(200))
LONG = span(START, START + timedelta(minutes=6))
LOST = [*range(50), *range(100, 200)]
"""The numbers of the frames that are left without the second of four segments."""
Breaks = Callable[[Damaged, Segment], None]


@pytest.fixture
def store(footage: Services) -> Damaged:
    """All of the footage, and nothing is left in the spool."""
    damaged = Damaged(footage.store.root)  # type: ignore[attr-defined]  # a folder's
    shutil.move(footage.footage.spool, damaged.root)
    footage.footage.store = damaged
    with footage.database.transaction() as session:
        for row in session.exec(select(Segment)):
            row.location = Location.STORED
    return damaged


@pytest.fixture
def second(footage: Services) -> Segment:
    return nth(footage, 2)


def nth(footage: Services, number: int) -> Segment:
    with footage.database.transaction() as session:
        row = session.exec(select(Segment).order_by(col(Segment.start)).offset(number - 1)).first()
        assert row
        session.expunge(row)
    return row


@pytest.fixture
def inspector(footage: Services, signed_in: SignedIn) -> TestClient:
    return signed_in("inspector")


def refuse(store: Damaged, segment: Segment) -> None:
    store.broken = segment.key


def lose(store: Damaged, segment: Segment) -> None:
    (store.root / segment.key).unlink()


def cut(store: Damaged, segment: Segment) -> None:
    path = store.root / segment.key
    path.write_bytes(path.read_bytes()[: segment.size // 2])


def blank(store: Damaged, segment: Segment) -> None:
    (store.root / segment.key).write_bytes(bytes(segment.size))


def comment(video: bytes) -> dict[str, list[list[str]]]:
    text = video[video.index(b'{"camera"') :].decode("latin-1")
    told: dict[str, list[list[str]]] = json.JSONDecoder().raw_decode(text)[0]
    return told


@pytest.mark.parametrize("damage", [refuse, lose, cut, blank])
def test_a_clip_goes_on_over_one_and_names_it(
    inspector: TestClient, store: Damaged, second: Segment, damage: Breaks
) -> None:
    damage(store, second)
    answer = inspector.get("/media/clip.mp4", params=WHOLE)
    assert (answer.status_code, numbers_in(answer.content)) == (200, LOST)
    hole = [[at(50).isoformat(), at(100).isoformat()]]
    told = comment(answer.content)
    assert (told["unreadable"], told["missing"]) == (hole, hole)


def test_of_what_is_whole_nothing_is_said(inspector: TestClient, store: Damaged) -> None:
    assert "unreadable" not in comment(inspector.get("/media/clip.mp4", params=WHOLE).content)


@pytest.mark.parametrize("damage", [refuse, lose, cut])
def test_a_long_clip_that_broke_off_goes_on_over_it_when_it_is_asked_for_again(
    inspector: TestClient, footage: Services, store: Damaged, damage: Breaks
) -> None:
    damage(store, nth(footage, 3))
    with pytest.raises(StoreError):
        inspector.get("/media/clip.mp4", params=LONG)
    answer = inspector.get("/media/clip.mp4", params=LONG)
    assert (answer.status_code, numbers_in(answer.content)) == (200, [*range(100), *range(150, 200)])
    assert comment(answer.content)["unreadable"] == [[at(100).isoformat(), at(150).isoformat()]]


def test_what_is_whole_again_is_played_again_a_minute_later(
    inspector: TestClient, store: Damaged, second: Segment, clock: Clock
) -> None:
    store.broken = second.key
    assert numbers_in(inspector.get("/media/clip.mp4", params=WHOLE).content) == LOST
    clock.forward(ASKED_AGAIN)
    assert numbers_in(inspector.get("/media/clip.mp4", params=WHOLE).content) == LOST
    store.broken = ""
    assert numbers_in(inspector.get("/media/clip.mp4", params=WHOLE).content) == LOST
    clock.forward(ASKED_AGAIN)
    assert numbers_in(inspector.get("/media/clip.mp4", params=WHOLE).content) == list(range(200))


def test_where_all_of_it_is_lost_that_is_said_and_not_to_try_again(
    inspector: TestClient, store: Damaged, second: Segment
) -> None:
    store.broken = second.key
    for answer in (
        inspector.get("/media/clip.mp4", params=span(at(60), at(65))),
        inspector.get("/media/still.jpg", params={"camera": CAMERA, "at": at(61).isoformat()}),
    ):
        assert answer.status_code == 404
        assert answer.json()["detail"].startswith("It was recorded, but the store has lost it or cannot read it.")
        assert second.key not in answer.text


def test_while_the_whole_store_is_away_nothing_is_taken_for_lost(
    inspector: TestClient, store: Damaged, second: Segment
) -> None:
    store.is_away = True
    for path, asked in (
        ("/media/clip.mp4", WHOLE),
        ("/media/still.jpg", {"camera": CAMERA, "at": at(61).isoformat()}),
    ):
        assert inspector.get(path, params=asked).status_code == 503
    store.is_away = False
    assert numbers_in(inspector.get("/media/clip.mp4", params=WHOLE).content) == list(range(200))


def test_a_playlist_leaves_out_what_could_not_be_read(inspector: TestClient, store: Damaged, second: Segment) -> None:
    store.broken = second.key
    lines = lines_of(inspector, at(0), at(200))
    assert "#EXT-X-DISCONTINUITY" not in lines
    assert [inspector.get(address).status_code for address in addresses(lines)] == [200, 404, 200, 200]
    again = lines_of(inspector, at(0), at(200))
    assert [inspector.get(address).status_code for address in addresses(again)] == [200] * 3
    assert again.count("#EXT-X-DISCONTINUITY") == 1
    only = {"from": at(60).isoformat(), "to": at(65).isoformat()}
    assert inspector.get(PLAYLIST, params=only).status_code == 404


def test_a_playlist_that_grows_keeps_what_it_has_listed_and_says_that_it_cannot_be_had(
    inspector: TestClient, store: Damaged, second: Segment, clock: Clock
) -> None:
    clock.now = at(200)
    store.broken = second.key
    lines = lines_of(inspector, at(0), None)
    assert "#EXT-X-GAP" not in lines
    assert {inspector.get(address).status_code for address in addresses(lines)} == {200, 404}
    again = lines_of(inspector, at(0), None)
    assert [line for line in again if line != "#EXT-X-GAP"] == lines
    gaps = [address for address in addresses(again) if f"/{second.sequence}.mp4" in address]
    assert again.count("#EXT-X-GAP") == len(gaps) > 0
    store.is_away = True
    assert lines_of(inspector, at(0), None) == again, "without a word to the store"


def test_the_page_of_a_span_lists_what_was_found_to_be_lost(
    inspector: TestClient, store: Damaged, second: Segment, clock: Clock
) -> None:
    clock.now = at(200) + timedelta(hours=1)
    asked = {"hall": "cc", "camera": CAMERA, "from": at(0).isoformat(), "to": at(200).isoformat()}
    store.broken = second.key
    assert missing_on_page(inspector, asked) == []
    inspector.get("/media/clip.mp4", params=WHOLE)
    assert missing_on_page(inspector, asked) == [("unreadable", at(50), at(100))]
    assert "Lost in the store, or unreadable there" in inspector.get("/span", params=asked | {"lang": "en"}).text


def missing_on_page(client: TestClient, asked: dict[str, str]) -> list[tuple[str, datetime, datetime]]:
    (camera,) = client.get("/span.json", params=asked).json()["result"]["cameras"]
    moments = datetime.fromisoformat
    return [(hole["cause"], moments(hole["start"]), moments(hole["end"])) for hole in camera["missing"]]


@pytest.fixture
def masked(footage: Services) -> None:
    with footage.database.transaction() as session:
        session.add(PrivacyMask(camera_id=CAMERA, polygon=THIRD, reason="door", valid_from=START))


@pytest.mark.usefixtures("masked")
def test_a_masked_clip_that_is_played_is_made_without_what_is_lost(
    inspector: TestClient, footage: Services, store: Damaged
) -> None:
    """The first time, too: it is complete before any of it is sent."""
    store.broken = nth(footage, 3).key
    answer = inspector.get("/media/clip.mp4", params=LONG)
    assert (answer.status_code, answer.headers["x-privacy-masks"]) == (200, "filled")
    assert comment(answer.content)["unreadable"] == [[at(100).isoformat(), at(150).isoformat()]]
    store.is_away = True
    assert inspector.get("/media/clip.mp4", params=LONG | {"from": at(1).isoformat()}).status_code == 503


@pytest.mark.usefixtures("masked")
def test_a_masked_download_that_broke_off_goes_on_over_it_when_it_is_asked_for_again(
    inspector: TestClient, footage: Services, store: Damaged
) -> None:
    store.broken = nth(footage, 3).key
    asked = LONG | {"download": "1"}
    with pytest.raises(StoreError):
        inspector.get("/media/clip.mp4", params=asked)
    assert comment(inspector.get("/media/clip.mp4", params=asked).content)["unreadable"]


def test_the_preview_of_zones_says_that_the_newest_picture_is_lost(
    footage: Services, store: Damaged, signed_in: SignedIn, clock: Clock
) -> None:
    clock.now = at(200)
    admin, address = signed_in("admin"), f"/api/v1/cameras/{CAMERA}/preview"
    store.broken, store.is_away = nth(footage, 4).key, True
    assert admin.post(address, json={}).status_code == 503
    store.is_away = False
    lost = admin.post(address, json={})
    assert (lost.status_code, lost.json()["detail"][:43]) == (404, "It was recorded, but the store has lost it ")


def test_a_player_is_told_which_wall_times_a_clip_runs_through(
    inspector: TestClient, store: Damaged, second: Segment
) -> None:
    assert inspector.get("/media/clip.json", params=WHOLE).json() == {"pieces": [[stamp(0), stamp(200)]]}
    store.broken = second.key
    inspector.get("/media/clip.mp4", params=WHOLE)
    lacking = [[stamp(0), stamp(50)], [stamp(100), stamp(200)]]
    assert inspector.get("/media/clip.json", params=WHOLE).json() == {"pieces": lacking}


def stamp(number: int) -> str:
    return at(number).isoformat().replace("+00:00", "Z")
