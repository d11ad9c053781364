"""Whose word counts when nobody is seen: a camera that never saw the clerk cannot tell that the clerk has left."""

from collections.abc import Collection, Iterable, Sequence

from analytics.looking import NO_ZONE, Observation
from storage.models import StaffState


class Witnesses:
    """The cameras of one counter that have seen somebody since it was last unstaffed."""

    def __init__(self) -> None:
        self._seen_by: frozenset[str] | None = frozenset()
        """None: somebody may have been seen, and it is not known by whom."""

    def resume(self, staff: StaffState) -> None:
        """Goes on from a state stored earlier, which does not say who saw it."""
        self._seen_by = frozenset() if staff is StaffState.UNSTAFFED else None

    def watch_by(self, cameras: Collection[str]) -> None:
        """Other cameras from now on."""
        if self._seen_by is not None:
            self._seen_by &= frozenset(cameras)

    def judge(self, seen: Sequence[Observation], cameras: Collection[str], before: StaffState | None) -> StaffState:
        """What a round of observations tells, of all the counter's `cameras`, when the state was `before`.

        Unknown while nobody is seen and every camera that had seen the clerk is blind or silent.
        """
        staff = staff_seen(seen)
        if staff is StaffState.STAFFED:
            self._seen_by = (self._seen_by or frozenset()) | {o.camera_id for o in seen if o.staff_count}
        elif staff is StaffState.UNSTAFFED and before is StaffState.UNSTAFFED:
            self._seen_by = frozenset()
        elif staff is StaffState.UNSTAFFED and not self._would_see_the_clerk(seen, cameras):
            return StaffState.UNKNOWN
        return staff

    def _would_see_the_clerk(self, seen: Sequence[Observation], cameras: Collection[str]) -> bool:
        if self._seen_by is None:
            # A camera without a staff zone can be no witness.
            return {o.camera_id for o in seen if o.staff_count is not None or o.reason == NO_ZONE} >= frozenset(cameras)
        seeing = {o.camera_id for o in seen if o.staff_count is not None}
        return not self._seen_by or bool(self._seen_by & seeing)


def staff_seen(seen: Iterable[Observation]) -> StaffState:
    counts = [o.staff_count for o in seen if o.staff_count is not None]
    if not counts:
        return StaffState.UNKNOWN
    return StaffState.STAFFED if any(counts) else StaffState.UNSTAFFED
