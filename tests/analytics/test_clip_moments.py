"""Pictures of a clip between its keyframes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from analytics.clip_moments import ClipMoments

START = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Ten seconds at 5 a second with a keyframe every 20 frames; each frame is five lighter than the one before."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5, options={"g": "20", "bf": "2", "crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(50):
            image = np.full((48, 64, 3), 5 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("asked", "shown"), [(0.0, 0), (0.3, 1), (3.9, 19), (4.0, 20), (6.1, 30), (9.79, 48), (60, 49)]
)
def test_the_last_picture_up_to_a_moment_is_shown(clip: Path, asked: float, shown: int) -> None:
    picture = ClipMoments(clip, START).picture("clip", START + timedelta(seconds=asked))
    assert picture is not None
    assert picture.camera_id == "clip"
    assert (picture.wall - START).total_seconds() == pytest.approx(shown / 5, abs=0.001)
    assert float(picture.image.mean()) == pytest.approx(5 * shown, abs=4)


def test_before_the_clip_there_is_none(clip: Path) -> None:
    assert ClipMoments(clip, START).picture("clip", START - timedelta(seconds=1)) is None


def test_a_search_decodes_each_gop_once(clip: Path) -> None:
    moments = ClipMoments(clip, START)
    for asked in (2.0, 3.0, 2.5, 2.75, 3.9):
        assert moments.picture("clip", START + timedelta(seconds=asked)) is not None
    assert moments.decoded == 1
    assert moments.picture("clip", START + timedelta(seconds=6)) is not None
    assert moments.decoded == 2
