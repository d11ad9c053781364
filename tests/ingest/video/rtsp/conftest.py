"""Patience of which tests need less."""

import pytest

from ingest.video import source
from ingest.video.rtsp import conversation, session, transports, wire


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that wait for its end."""
    monkeypatch.setattr(source, "SILENCE_S", 0.8)
    monkeypatch.setattr(source, "PICTURELESS_S", 1.2)
    monkeypatch.setattr(source, "REPORT_S", 0.1)
    monkeypatch.setattr(conversation, "ANSWER_S", 0.8)
    monkeypatch.setattr(session, "LEAST_PAUSE_S", 0.3)
    monkeypatch.setattr(wire, "PAUSE_S", 0.1)
    monkeypatch.setattr(transports, "PAUSE_S", 0.1)
