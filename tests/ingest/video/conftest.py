"""Cameras that are not ours."""

from collections.abc import Iterator

import pytest

from tests.ingest.video.gstreamer_camera import GStreamerCamera, reason_not_available


@pytest.fixture
def camera() -> Iterator[GStreamerCamera]:
    """H.264, 25 frames a second, a keyframe each half second, and a sub-stream."""
    if reason := reason_not_available():
        pytest.skip(reason)
    with GStreamerCamera("--gop=12") as running:
        yield running
