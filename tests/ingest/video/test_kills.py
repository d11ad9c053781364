"""The bench of random kills, in short."""

from pathlib import Path

import pytest

from bench.camera_process import Kind
from bench.kills import GOP_S, soak


@pytest.mark.slow
def test_kills_at_random_moments_cost_what_was_in_memory_and_nothing_else(tmp_path: Path) -> None:
    outcome = soak(tmp_path, kills=5, cameras=2, kind=Kind(500, GOP_S), runs_s=(0.3, 4.0), one_recorded=True)
    assert outcome.lost_s
    assert outcome.is_whole, outcome
