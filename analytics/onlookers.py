"""Whose word counts when nobody is seen: only cameras that show the whole staff zone, alone or all together."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum

from analytics.looking import Observation
from storage.models import StaffState

STARTING = timedelta(seconds=15)
"""How long a camera may take to deliver its first picture."""


class Shows(Enum):
    """How much of a counter's staff zone a camera shows."""

    NOTHING = "nothing"
    PART = "part"
    WHOLE = "whole"


class Onlookers:
    """The cameras of one counter, and which of them can be heard now."""

    def __init__(self, cameras: Mapping[str, Shows]) -> None:
        self._cameras = dict(cameras)
        self._saw: dict[str, datetime] = {}
        """When each camera last saw its zone."""
        self._expected: dict[str, datetime] = {}
        """Until when the next look of each camera is waited for."""

    def watch_by(self, cameras: Mapping[str, Shows]) -> None:
        """Other cameras from now on. One whose view has ended is not missed: the others are the whole watch then."""
        self._cameras = dict(cameras)

    def looked(self, observation: Observation, patience: timedelta) -> None:
        """The camera's next look comes within its patience."""
        for camera in self._cameras:
            self._expected.setdefault(camera, observation.wall + STARTING)
        self._expected[observation.camera_id] = observation.wall + patience
        if observation.staff_count is not None:
            self._saw[observation.camera_id] = observation.wall

    def judge(self, seen: Sequence[Observation], at: datetime) -> StaffState | None:
        """What a round of observations tells; None while a camera that may know otherwise has yet to look."""
        if any(o.staff_count for o in seen):
            return StaffState.STAFFED
        if self.awaits(seen, at):
            return None
        seeing = {o.camera_id for o in seen if o.staff_count is not None}
        alone = any(self._cameras.get(camera) is Shows.WHOLE for camera in seeing)
        together = bool(seeing) and seeing >= self._with_staff()
        return StaffState.UNSTAFFED if alone or together else StaffState.UNKNOWN

    def awaits(self, seen: Sequence[Observation], at: datetime) -> bool:
        """Whether a camera that may know otherwise has yet to look."""
        return any(at <= self._expected.get(camera, at) for camera in self._absent(seen))

    def count(self, seen: Sequence[Observation]) -> int | None:
        """How many are in the staff zone; None where nobody knows.

        The most that one camera sees which shows the whole zone: people hide each other. Where another one sees more
        than that, or several that show parts see somebody each, who may be the same, the number is unknown. So it is
        where one sees somebody besides who may be in it.
        """
        if any(o.staff_more for o in seen):
            return None
        counts = {o.camera_id: o.staff_count for o in seen if o.staff_count is not None}
        most = max(counts.values(), default=0)
        whole = [count for camera, count in counts.items() if self._cameras.get(camera) is Shows.WHOLE]
        if whole:
            return most if most == max(whole) else None
        together = bool(counts) and counts.keys() >= self._with_staff()
        return most if together and most == sum(counts.values()) else None

    def unheard_since(self, seen: Sequence[Observation]) -> datetime | None:
        """The last look of a camera that is missing from the round; None if none is."""
        return min((self._saw[camera] for camera in self._absent(seen) if camera in self._saw), default=None)

    def _with_staff(self) -> set[str]:
        return {camera for camera, shows in self._cameras.items() if shows is not Shows.NOTHING}

    def _absent(self, seen: Iterable[Observation]) -> set[str]:
        return self._with_staff() - {o.camera_id for o in seen}
