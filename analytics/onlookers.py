"""Whose word counts when nobody is seen.

Of staff: cameras that show the whole zone, alone or all together, unless one perhaps sees somebody. Of customers: all
that show a customer zone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum

from analytics.counting import MANY, HowMany
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

    def __init__(self, cameras: Mapping[str, Shows], with_customers: Collection[str] = ()) -> None:
        """`with_customers` are those that show a customer zone."""
        self._cameras = dict(cameras)
        self._with_customers = frozenset(with_customers)
        self._saw: dict[str, datetime] = {}
        """When each camera last saw its staff zone."""
        self._saw_customers: dict[str, datetime] = {}
        self._expected: dict[str, datetime] = {}
        """Until when the next look of each camera is waited for."""

    def watch_by(self, cameras: Mapping[str, Shows], with_customers: Collection[str] = ()) -> None:
        """Other cameras from now on. One whose view has ended is not missed: the others are the whole watch then."""
        self._cameras = dict(cameras)
        self._with_customers = frozenset(with_customers)

    def looked(self, observation: Observation, patience: timedelta) -> None:
        """The camera's next look comes within its patience."""
        for camera in self._cameras:
            self._expected.setdefault(camera, observation.wall + STARTING)
        self._expected[observation.camera_id] = observation.wall + patience
        if observation.staff_count is not None:
            self._saw[observation.camera_id] = observation.wall
        if observation.customer_count is not None:
            self._saw_customers[observation.camera_id] = observation.wall

    def judge(self, seen: Sequence[Observation], at: datetime) -> StaffState | None:
        """What a round of observations tells; None while a camera that may know otherwise has yet to look."""
        if any(o.staff_count for o in seen):
            return StaffState.STAFFED
        if self.awaits(seen, at):
            return None
        if any(o.staff_perhaps for o in seen):
            return StaffState.UNKNOWN
        seeing = {o.camera_id for o in seen if o.staff_count is not None}
        alone = any(self._cameras.get(camera) is Shows.WHOLE for camera in seeing)
        together = bool(seeing) and seeing >= self._with_staff()
        return StaffState.UNSTAFFED if alone or together else StaffState.UNKNOWN

    def awaits(self, seen: Sequence[Observation], at: datetime) -> bool:
        """Whether a camera that may know otherwise has yet to look."""
        return self._awaited(self._absent(seen), at)

    def count(self, seen: Sequence[Observation]) -> HowMany | None:
        """How many are in the staff zone, at least and at most; None where no camera tells.

        At least the most that one camera sees: people hide each other. At most, where one shows the whole zone, that
        number; where all show parts of it, as many as they see together, who may be the same. Besides, whoever may be
        there beside those who count, by any camera: whether two mean the same one nobody knows. Where one sees more
        than those that show the whole zone, they contradict each other: no number above theirs is told, and none below
        which it must be.
        """
        counts = {o.camera_id: o.staff_count for o in seen if o.staff_count is not None}
        if not counts:
            return None
        least, besides = max(counts.values()), sum(o.staff_besides or 0 for o in seen)
        whole = {camera: count for camera, count in counts.items() if self._cameras.get(camera) is Shows.WHOLE}
        if whole and least > max(whole.values()):
            return HowMany(max(1, *whole.values()), MANY)
        bounded = {o.camera_id for o in seen if o.staff_besides is not None}
        if any(count == least and camera in bounded for camera, count in whole.items()):
            return HowMany(least, least + besides)
        together = counts.keys() >= self._with_staff() and counts.keys() <= bounded
        return HowMany(least, sum(counts.values()) + besides if together else MANY)

    def unheard_since(self, seen: Sequence[Observation]) -> datetime | None:
        """The last look of a camera that is missing from the round; None if none is."""
        return self._last_of(self._saw, self._absent(seen))

    def count_customers(self, seen: Sequence[Observation]) -> int | None:
        """The most that one camera sees, for several may see the same ones; None where nobody knows.

        Nobody waits when nobody is seen by any camera that shows a customer zone: a zone tells nothing of what only
        another one shows.
        """
        counts = {o.camera_id: o.customer_count for o in seen if o.customer_count is not None}
        most = max(counts.values(), default=None)
        return most if most or counts.keys() >= self._with_customers else None

    def awaits_customers(self, seen: Sequence[Observation], at: datetime) -> bool:
        """Whether a camera that may see customers, of whom none is seen, has yet to look."""
        return not any(o.customer_count for o in seen) and self._awaited(self._without_customers(seen), at)

    def customers_unheard_since(self, seen: Sequence[Observation]) -> datetime | None:
        """The last look at customers of a camera that is missing from the round; None if none is."""
        return self._last_of(self._saw_customers, self._without_customers(seen))

    def _awaited(self, cameras: Iterable[str], at: datetime) -> bool:
        return any(at <= self._expected.get(camera, at) for camera in cameras)

    def _last_of(self, looks: Mapping[str, datetime], cameras: Iterable[str]) -> datetime | None:
        return min((looks[camera] for camera in cameras if camera in looks), default=None)

    def _without_customers(self, seen: Iterable[Observation]) -> frozenset[str]:
        return self._with_customers - {o.camera_id for o in seen}

    def _with_staff(self) -> set[str]:
        return {camera for camera, shows in self._cameras.items() if shows is not Shows.NOTHING}

    def _absent(self, seen: Iterable[Observation]) -> set[str]:
        return self._with_staff() - {o.camera_id for o in seen}
