"""Of what lies under a mask nothing is left in a masked clip; its other pictures and their times are the clip's own."""

import tracemalloc
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from ingest.video.clip import Clip, LongClip, open_clip
from ingest.video.frames import Codec
from ingest.video.masked_clip import Cover, masked_chunks, write_masked
from ingest.video.stills import still
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.mask_pixels import GREY, covered
from storage.models import PrivacyMask, Segment
from tests.ingest.video.encoded import BITS, gops, packets
from tests.ingest.video.test_clip import at, recorded
from tests.sample import CAMERA, a_hall

THIRD = [[0.0, 0.0], [1 / 3, 0.0], [1 / 3, 1.0], [0.0, 1.0]]
"""The four lowest bits of a picture's number."""
NEAR = 6
"""Encoding a grey beside something bright changes it by so many levels at most."""


class Recorded:
    def __init__(self, folder: Path, database: Database, codec: Codec) -> None:
        self.footage = Footage(database, FolderStore(folder / "store"), folder / "spool")
        rows = recorded(folder / "spool", gops(packets(75, codec=codec, b_frames=2), codec=codec))
        with database.transaction() as session:
            a_hall(session)
            session.add_all(Segment(**row.model_dump()) for row in rows)


def opened(folder: Path, database: Database, codec: Codec, first: float, last: float) -> Clip | LongClip:
    world = Recorded(folder, database, codec)
    with database.transaction() as session:
        return open_clip(world.footage, session, CAMERA, at(first), at(last), {"privacy_masks": "filled"})


def pictures(video: bytes) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Time, brightness and colour of each."""
    with av.open(BytesIO(video), "r") as container:
        found = [(frame.time or 0.0, frame.to_ndarray(format="yuv420p")) for frame in container.decode(video=0)]
    return [(time, planes[:96], planes[96:].reshape(2, 48, 96)) for time, planes in found]


def bits_of(light: np.ndarray) -> int:
    """Of the eight bars that no mask hides."""
    bar = light.shape[1] // BITS
    return sum(1 << bit for bit in range(4, BITS) if light[:, bit * bar + bar // 2 : (bit + 1) * bar - 3].mean() > 125)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_no_pixel_under_the_mask_is_left_in_a_picture(codec: Codec, tmp_path: Path, sqlite_database: Database) -> None:
    clip = opened(tmp_path, sqlite_database, codec, 10, 60)
    plain, masked = pictures(b"".join(clip.chunks())), pictures(b"".join(masked_chunks(clip, [THIRD])))
    assert [round(time, 4) for time, *_ in masked] == [round(time - plain[0][0], 4) for time, *_ in plain]
    assert [bits_of(light) for _, light, _ in masked] == [number & ~15 for number in range(10, 60)]
    inside = covered([THIRD], 192, 96)
    for _, light, colour in masked:
        assert np.abs(light[inside].astype(int) - GREY).max() <= NEAR
        assert np.abs(colour[:, :, :32].astype(int) - 128).max() <= NEAR


def test_a_masked_clip_says_so_and_has_no_sound(tmp_path: Path, sqlite_database: Database) -> None:
    clip = opened(tmp_path, sqlite_database, "h264", 0, 40)
    file = tmp_path / "masked.mp4"
    write_masked(clip, [THIRD], file)
    with av.open(str(file), "r") as container:
        assert '"privacy_masks": "filled"' in container.metadata["comment"]
        assert [stream.type for stream in container.streams] == ["video"]
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.duration == 1_600_000
    assert file.read_bytes().index(b"moov") < file.read_bytes().index(b"mdat")


def test_a_masked_clip_is_made_a_few_pictures_at_a_time(tmp_path: Path, sqlite_database: Database) -> None:
    clip = opened(tmp_path, sqlite_database, "h264", 0, 75)
    chunks = masked_chunks(clip, [THIRD])
    tracemalloc.start()
    sizes = [len(chunk) for chunk in chunks]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(sizes) > 2
    assert most < 12 * 192 * 96 * 3 + max(len(chunk) for chunk in clip.chunks())


def test_a_still_hides_what_was_hidden_then_unless_it_is_asked_for(tmp_path: Path, sqlite_database: Database) -> None:
    world = Recorded(tmp_path, sqlite_database, "h264")
    with sqlite_database.transaction() as session:
        session.add(PrivacyMask(camera_id=CAMERA, polygon=THIRD, reason="door", valid_from=at(20)))
    with sqlite_database.transaction() as session:
        before, after = (_still(world.footage, session, frame) for frame in (15.5, 15.5 + 16))
        unmasked = _still(world.footage, session, 15.5 + 16, unmasked=True)
    assert before[:, :56].mean() > 150
    assert np.abs(after[:, :60].astype(int) - GREY).max() <= NEAR
    assert unmasked[:, :56].mean() > 150


def _still(footage: Footage, session: Session, frame: float, unmasked: bool = False) -> np.ndarray:
    jpeg = still(footage, session, CAMERA, at(0) + timedelta(seconds=frame * 0.04), unmasked=unmasked)
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture


share = st.floats(0, 1, width=32)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(share, share), min_size=3, max_size=5),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["bgr24", "yuv444p", "yuv420p"]),
)
def test_colour_does_not_bleed_over_the_edge_of_a_mask(
    polygon: list[tuple[float, float]], seed: int, form: str
) -> None:
    """Two pictures that differ under the mask alone become the same, however the source keeps its colour."""
    chance = np.random.default_rng(seed)
    one, other = (chance.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(2))
    drawn = np.zeros((48, 64), np.uint8)
    cv2.fillPoly(drawn, [np.rint(np.asarray(polygon) * (64, 48)).astype(np.int32)], 1)
    other[drawn == 0] = one[drawn == 0]
    cover = Cover.of([polygon], 64, 48)
    frames = [av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format=form) for image in (one, other)]
    first, second = (cover.filled(frame).to_ndarray() for frame in frames)
    assert (first == second).all()
