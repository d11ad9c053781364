"""Whatever is made of a camera's video has its privacy masks filled, but for who may see under them and says why."""

import json
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from pydantic import ValidationError
from sqlmodel import select
from starlette.testclient import WebSocketDenialResponse

from storage.mask_pixels import GREY
from storage.models import AccessEntry, PrivacyMask, Segment, View
from tests.ingest.video.encoded import gops, packets
from tests.ingest.video.test_clip import at, recorded
from tests.ingest.video.test_masked_clip import NEAR, THIRD
from tests.sample import CAMERA
from tests.web.conftest import SignedIn
from web.customer_faces import CustomerFaces
from web.one_detector import OneDetector
from web.services import Services
from web.settings import PrivacySection, WatcherSection

SPAN = {"camera": CAMERA, "from": at(60).isoformat(), "to": at(85).isoformat()}
WHY = {"unmasked": "1", "purpose": "complaint 7"}
MASK = {"camera": CAMERA, "polygon": THIRD, "reason": "the door of the changing room"}


@pytest.fixture
def masked(services: Services, tmp_path: Path) -> Services:
    """200 numbered frames of `cc-cam-1`, whose left third is hidden from frame 50 on."""
    rows = recorded(tmp_path / "spool", gops(packets(200)))
    with services.database.transaction() as session:
        session.add_all(Segment(**row.model_dump()) for row in rows)
        session.add(PrivacyMask(camera_id=CAMERA, polygon=THIRD, reason="door", valid_from=at(50)))
    return services


def actions(services: Services) -> list[tuple[str, str]]:
    with services.database.transaction() as session:
        return [(row.action, row.purpose) for row in session.exec(select(AccessEntry).order_by("id"))]


def lefts(video: bytes) -> list[NDArray[np.uint8]]:
    with av.open(BytesIO(video), "r") as container:
        return [np.asarray(f.to_ndarray(format="yuv420p")[:96, :64], np.uint8) for f in container.decode(video=0)]


def is_hidden(picture: NDArray[np.uint8]) -> bool:
    return bool(np.abs(picture.astype(int) - GREY).max() <= NEAR)


def test_a_clip_is_masked_for_everybody_and_can_be_sought_in(masked: Services, signed_in: SignedIn) -> None:
    for role in ("supervisor", "inspector", "admin"):
        whole = signed_in(role).get("/media/clip.mp4", params=SPAN)
        assert (whole.status_code, whole.headers["x-privacy-masks"]) == (200, "filled")
        assert [is_hidden(left) for left in lefts(whole.content)] == [True] * 25
    part = signed_in("inspector").get("/media/clip.mp4", params=SPAN, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    before = SPAN | {"from": at(10).isoformat(), "to": at(35).isoformat()}
    plain = signed_in("inspector").get("/media/clip.mp4", params=before)
    assert plain.headers["x-privacy-masks"] == "none"
    assert not any(is_hidden(left) for left in lefts(plain.content))
    assert b'"privacy_masks": "none"' in plain.content


def test_a_downloaded_clip_is_masked_as_it_is_sent_and_kept_nowhere(masked: Services, signed_in: SignedIn) -> None:
    answer = signed_in("inspector").get("/media/clip.mp4", params=SPAN | {"download": "1"})
    assert "content-length" not in answer.headers
    assert answer.headers["content-disposition"].startswith('attachment; filename="cc-cam-1_')
    assert [is_hidden(left) for left in lefts(answer.content)] == [True] * 25
    assert b'"privacy_masks": "filled", "masks": [1]' in answer.content
    assert not (masked.settings.data_dir / "masked").exists()


def test_without_masks_takes_the_permission_and_a_purpose(masked: Services, signed_in: SignedIn) -> None:
    for path, params in (("clip.mp4", SPAN), ("still.jpg", {"camera": CAMERA, "at": at(60).isoformat()})):
        for role in ("supervisor", "inspector"):
            assert signed_in(role).get(f"/media/{path}", params=params | WHY).status_code == 403
        silent = signed_in("investigator").get(f"/media/{path}", params=params | {"unmasked": "1", "purpose": " "})
        assert (silent.status_code, silent.json()["fields"][0]["field"]) == (422, "purpose")
    assert actions(masked) == []


def test_who_saw_under_a_mask_and_why_is_written_down(masked: Services, signed_in: SignedIn) -> None:
    browser = signed_in("investigator")
    clip = browser.get("/media/clip.mp4", params=SPAN | WHY | {"download": "1"})
    assert clip.headers["x-privacy-masks"] == "not filled"
    assert b'"privacy_masks": "not filled", "masks": [1]' in clip.content
    assert not any(is_hidden(left) for left in lefts(clip.content))
    browser.get("/media/still.jpg", params={"camera": CAMERA, "at": at(60).isoformat()} | WHY)
    browser.get("/media/still.jpg", params={"camera": CAMERA, "at": at(60).isoformat(), "purpose": "round"})
    assert actions(masked) == [
        ("download_unmasked", "complaint 7"),
        ("still_unmasked", "complaint 7"),
        ("still", "round"),
    ]


@pytest.mark.parametrize("role", ["supervisor", "admin"])
def test_stills_are_masked_the_newest_too(masked: Services, signed_in: SignedIn, role: str) -> None:
    for params in ({"at": at(60).isoformat()}, {}):
        answer = signed_in(role).get("/media/still.jpg", params={"camera": CAMERA} | params)
        picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        assert is_hidden(np.asarray(picture[:, :60], np.uint8))


def test_hls_is_for_who_may_see_under_masks_alone(masked: Services, signed_in: SignedIn) -> None:
    path, span = f"/media/hls/{CAMERA}/playlist.m3u8", {"from": SPAN["from"], "to": SPAN["to"]}
    assert signed_in("inspector").get(path, params=span).status_code == 422
    assert signed_in("inspector").get(path, params=span | WHY).status_code == 403
    playlist = signed_in("investigator").get(path, params=span | WHY)
    assert playlist.status_code == 200
    segment = next(line.split('"')[1] for line in playlist.text.splitlines() if line.startswith("#EXT-X-MAP"))
    address = f"/media/hls/{CAMERA}/{segment}"
    assert signed_in("inspector").get(address).status_code == 403
    assert signed_in("investigator").get(address).status_code == 200
    assert signed_in("investigator").get(address.partition("&")[0]).status_code == 422, "each look says why"
    assert actions(masked) == [("play_unmasked", WHY["purpose"])] * 2


def test_a_masked_camera_is_not_watched_live_but_for_a_stated_purpose(
    masked: Services, signed_in: SignedIn, services: Services
) -> None:
    def denied(client: TestClient, address: str) -> int:
        with (
            pytest.raises(WebSocketDenialResponse) as denial,
            client.websocket_connect(address, headers={"Origin": "http://testserver"}),
        ):
            pass
        return int(denial.value.status_code)

    address = f"/live/{CAMERA}/mse"
    assert denied(signed_in("supervisor"), f"{address}?purpose=round") == 403
    assert denied(signed_in("investigator"), address) == 422
    offer = {"content": "v=0", "headers": {"Content-Type": "application/sdp"}}
    assert signed_in("supervisor").post(f"/live/{CAMERA}/whep", **offer).status_code == 403  # type: ignore[arg-type]
    board = signed_in("supervisor").get("/halls/cc/board").text
    assert f'camera="{CAMERA}" stream="sub" masked' in board
    counter = signed_in("investigator").get("/counters/cc-1?unmasked=complaint+7").text
    assert 'purpose="complaint 7"' in counter
    assert 'purpose="x"' not in signed_in("supervisor").get("/counters/cc-1?unmasked=x").text


def test_pages_play_a_masked_clip_in_short_parts_and_offer_it_unmasked(masked: Services, signed_in: SignedIn) -> None:
    span = f"hall=cc&camera={CAMERA}&from=2026-01-05T09:00:00&to=2026-01-05T09:01:00"
    investigator = signed_in("investigator").get(f"/span?{span}").text
    assert 'name="unmasked" value="true"' in investigator
    assert "(masked)" in investigator or "（已加遮罩）" in investigator
    assert 'name="unmasked"' not in signed_in("inspector").get(f"/span?{span}").text


def test_a_mask_hides_the_past_too_and_what_it_hid_stays_hidden(services: Services, signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    made = admin.post("/api/v1/masks", json=MASK)
    assert (made.status_code, made.json()["valid_from"]) == (201, None)
    address = f"/api/v1/masks/{made.json()['mask_id']}"
    wider = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
    changed = admin.put(address, json=MASK | {"polygon": wider})
    now = services.clock()
    assert changed.json()["valid_from"] == now.isoformat().replace("+00:00", "Z")
    assert admin.put(address, json=MASK | {"polygon": wider}).status_code == 409, "it has ended"
    assert admin.put(address, json=MASK | {"camera": "nh-cam-1"}).status_code == 404
    assert admin.delete(f"/api/v1/masks/{changed.json()['mask_id']}").status_code == 204
    kept = admin.get("/api/v1/masks", params={"ended": True}).json()
    assert [(mask["polygon"], mask["valid_to"] is not None) for mask in kept] == [(THIRD, True)]
    assert admin.get("/api/v1/masks").json() == []
    with services.database.transaction() as session:
        log = [row.subject for row in session.exec(select(AccessEntry).where(AccessEntry.action == "administer"))]
    assert [subject.partition(":")[0] for subject in log] == ["mask"] * 3


def test_a_mask_that_is_to_come_is_corrected_in_its_place(services: Services, signed_in: SignedIn) -> None:
    admin, later = signed_in("admin"), services.clock() + timedelta(days=1)
    mask_id = admin.post("/api/v1/masks", json=MASK | {"valid_from": later.isoformat()}).json()["mask_id"]
    half = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]
    changed = admin.put(f"/api/v1/masks/{mask_id}", json=MASK | {"polygon": half, "valid_from": later.isoformat()})
    assert (changed.json()["mask_id"], changed.json()["polygon"]) == (mask_id, half)
    assert admin.delete(f"/api/v1/masks/{mask_id}").status_code == 204
    assert admin.get("/api/v1/masks", params={"ended": True}).json() == []


def test_a_mask_names_what_is_wrong_with_it(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    for wrong, field in (
        ({"reason": ""}, "reason"),
        ({"polygon": [[0, 0]]}, "polygon"),
        ({"camera": "none"}, "camera"),
    ):
        answer = admin.post("/api/v1/masks", json=MASK | wrong)
        assert (answer.status_code, answer.json()["fields"][0]["field"]) == (422, field)


def test_a_mask_is_drawn_on_a_still_of_the_camera(signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    assert "zone-editor" not in admin.get("/admin/masks?new=true").text
    form = admin.get(f"/admin/masks?new=true&camera={CAMERA}").text
    assert 'data-zone="polygon"' in form
    assert "unmasked=1&amp;purpose=drawing+privacy+masks" in form
    sent = {"camera": CAMERA, "polygon": json.dumps(THIRD), "reason": "door", "valid_from": "", "valid_to": ""}
    assert admin.post("/admin/masks", data=sent).status_code == 303
    rows = admin.get(f"/admin/masks.json?camera={CAMERA}").json()["rows"]
    assert [row["cells"][1] for row in rows] == ["door"]
    key = rows[0]["key"]
    assert admin.post(f"/admin/masks?edit={key}", data=sent | {"polygon": "[["}).status_code == 422
    assert admin.post(f"/admin/masks/remove?edit={key}").status_code == 303
    assert admin.get("/admin/masks.json").json()["rows"][0]["muted"] is True
    assert admin.get("/admin/masks.json?edit=cc-cam-1~9").status_code == 404


def test_customers_have_no_faces_on_stills_unless_somebody_may_and_says_why(
    masked: Services, signed_in: SignedIn
) -> None:
    """There is nobody on these pictures, so this shows the way; who is blurred is tested with people."""
    asked = {"camera": CAMERA, "at": at(37).isoformat()}
    browser = signed_in("investigator")
    before = browser.get("/media/still.jpg", params=asked).content
    with masked.database.transaction() as session:
        view = session.exec(select(View)).first()
        assert view is not None
        view.staff_zone, view.customer_zone = THIRD, [[0.4, 0.0], [1.0, 0.0], [1.0, 1.0], [0.4, 1.0]]
    app: FastAPI = browser.app  # type: ignore[assignment]
    app.state.customer_faces = CustomerFaces(PrivacySection(), OneDetector.of(WatcherSection(detector="onnx")))
    assert browser.get("/media/still.jpg", params=asked).content != before, (
        "without weights only the staff zone is shown in detail"
    )
    assert browser.get("/media/still.jpg", params=asked | WHY).content == before
    assert [action for action, _ in actions(masked)] == ["still", "still", "still_unmasked"]
    off = PrivacySection(blur_faces=False, blur_faces_off_because="glass walls")
    app.state.customer_faces = CustomerFaces(off, OneDetector.of(WatcherSection()))
    assert browser.get("/media/still.jpg", params=asked).content == before


def test_faces_are_shown_only_where_the_site_says_why() -> None:
    with pytest.raises(ValidationError, match="say why in blur_faces_off_because"):
        PrivacySection(blur_faces=False)
