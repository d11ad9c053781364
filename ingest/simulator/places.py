"""How many cameras, which counters each of them views, and what they are called."""

from dataclasses import dataclass


def counter_id(number: int) -> str:
    return f"cc-sim-{number}"


@dataclass(frozen=True)
class CameraPlan:
    number: int
    """From 1."""
    counters: tuple[int, ...]
    """One or two numbers, from left to right."""

    @property
    def id(self) -> str:
        return f"cc-sim-cam-{self.number}"

    @property
    def main_path(self) -> str:
        return f"/{self.id}/main"

    @property
    def sub_path(self) -> str:
        return f"/{self.id}/sub"


def camera_plans(cameras: int, counters_per_camera: int) -> tuple[CameraPlan, ...]:
    """Cameras and counters are numbered from 1, without holes."""
    return tuple(
        CameraPlan(camera, tuple(range(first, first + counters_per_camera)))
        for camera in range(1, cameras + 1)
        for first in [(camera - 1) * counters_per_camera + 1]
    )
