"""One watched camera: whether it delivers, and whether its pictures can be trusted."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median_low

from analytics.aim import Aim, AimSeeker, NewAim
from analytics.health import CameraFaults, FaultChange, PictureHealth
from analytics.looking import Observation, WatchedView
from analytics.onlookers import STARTING
from analytics.people import Box
from analytics.pictures import Picture
from analytics.plan import CameraPlan
from analytics.recorder_heard import RecorderHeard
from storage.mask_pixels import filled
from storage.models import FaultKind

SILENCE = timedelta(seconds=5)
_KEYFRAMES_OF_PATIENCE = 2.5
_INTERVALS = 8
"""So many of the last ones say what is usual."""
LONGEST_INTERVAL = timedelta(seconds=20)
"""Between two keyframes; what is longer is a hole."""
_PICTURE_FAULTS = frozenset(
    {
        FaultKind.DARK,
        FaultKind.FROZEN,
        FaultKind.OBSTRUCTED,
        FaultKind.BLURRED,
        FaultKind.OVEREXPOSED,
        FaultKind.MOVED,
    }
)


class Rhythm:
    """How far apart the pictures of a camera come."""

    def __init__(self) -> None:
        self._last: datetime | None = None
        self._intervals: deque[timedelta] = deque(maxlen=_INTERVALS)

    @property
    def usual(self) -> timedelta:
        """The median of the last intervals, so that a single hole makes no hole normal; 0 before there are any."""
        return median_low(self._intervals) if self._intervals else timedelta(0)

    @property
    def patience(self) -> timedelta:
        """How long without a picture is normal: a camera may send its keyframes some seconds apart."""
        return max(SILENCE, self.usual * _KEYFRAMES_OF_PATIENCE)

    def resume(self, usual: timedelta) -> None:
        """From what was usual before a restart; the first interval that is seen weighs as much as that."""
        if timedelta(0) < usual <= LONGEST_INTERVAL:
            self._intervals.append(usual)

    def came(self, wall: datetime) -> None:
        """A picture that was taken at `wall`, the next one."""
        if self._last is not None and timedelta(0) < wall - self._last <= LONGEST_INTERVAL:
            self._intervals.append(wall - self._last)
        self._last = wall


class _Pictures:
    """Those that come as they are taken, or those that were recorded: each by itself in order."""

    def __init__(self) -> None:
        self.health = PictureHealth()
        self.rhythm = Rhythm()
        self.fault: FaultKind | None = None
        """What is wrong with the last one."""
        self.hidden: set[FaultKind] = set()
        """Why zones cannot be seen in it."""


class WatchedCamera:
    """Judges a camera's pictures and notices when none come.

    What recorded ones tell is of their time: they say nothing of how the camera is now.
    """

    def __init__(self, plan: CameraPlan, now: datetime) -> None:
        self.plan = plan
        self._live, self._recorded = _Pictures(), _Pictures()
        self._faults = CameraFaults(plan.camera_id)
        self._seekers: dict[tuple[str, int], AimSeeker] = {}
        self._last_arrival = now + STARTING - SILENCE

    @property
    def patience(self) -> timedelta:
        """How long without a live picture is normal."""
        return self._live.rhythm.patience

    @property
    def patience_recorded(self) -> timedelta:
        """How long without a picture is normal in footage."""
        return self._recorded.rhythm.patience

    @property
    def usual(self) -> timedelta:
        """How far apart live pictures come; 0 while that is not known."""
        return self._live.rhythm.usual

    def resume(self, kinds: Iterable[FaultKind], usual: timedelta) -> None:
        """From the faults that lasted before a restart, and how far apart its pictures came; 0 where nobody knows.

        Footage is taken for as slow as that until its own rhythm is heard.
        """
        self._faults.resume(kinds)
        for pictures in (self._live, self._recorded):
            pictures.rhythm.resume(usual)

    def recorded(self, wall: datetime) -> timedelta:
        """A recorded picture is looked at, taken at `wall`; returns how long a time before it is normal."""
        normal = self.patience_recorded
        self._recorded.rhythm.came(wall)
        return normal

    def judge(self, picture: Picture, *, recorded: bool = False) -> FaultKind | None:
        """What is wrong with the picture, if anything. Call it for every picture, in order.

        A mask says nothing about the camera: whether it is dark or frozen is judged by all of its picture. Where it
        looks is told by what is kept, and that is what no mask hides.
        """
        pictures = self._pictures(recorded=recorded)
        pictures.health.aim, pictures.hidden = self.aim, set()
        pictures.fault = pictures.health.judge(picture.image, self.covered(picture).image)
        return pictures.fault

    def doubt(self, told: Observation, view: WatchedView, *, recorded: bool = False) -> Observation:
        """What a look at the picture that was judged last told, unless its staff zone cannot be seen."""
        pictures = self._pictures(recorded=recorded)
        doubted = pictures.health.doubt(told, view)
        if doubted is not told:
            pictures.hidden.add(FaultKind(doubted.reason))
        return doubted

    def _pictures(self, *, recorded: bool) -> _Pictures:
        return self._recorded if recorded else self._live

    def covered(self, picture: Picture) -> Picture:
        """With what is hidden filled."""
        if not self.plan.masks:
            return picture
        return replace(picture, image=filled(picture.image, self.plan.masks))

    @property
    def aim(self) -> Aim | None:
        """Where it looked when its zones were drawn, as far as is known."""
        if self.plan.aim and self.plan.aim.aim is not None:
            return self.plan.aim.aim
        seeker = self._seekers.get(self._sought)
        return seeker.found.aim if seeker and seeker.found else None

    def seek_aim(self, picture: Picture, people: Iterable[Box]) -> NewAim | None:
        """Call it for every live picture after judging it; returns the aim once, when that has become known.

        `people`: who is seen in it.
        """
        if self._live.fault is not None or not self.plan.views or self.aim is not None:
            return None
        if self._sought not in self._seekers:
            self._seekers = {self._sought: AimSeeker(self.plan.camera_id, self.plan.zones)}
        return self._seekers[self._sought].take(self.covered(picture).image, people, picture.wall)

    @property
    def _sought(self) -> tuple[str, int]:
        """For which zones, and after which aim that holds no longer."""
        return self.plan.zones, self.plan.aim.number if self.plan.aim else 0

    def arrived(self, wall: datetime, now: datetime) -> None:
        """A live picture came, taken at `wall`."""
        self._live.rhythm.came(wall)
        self._last_arrival = now

    def is_silent(self, now: datetime) -> bool:
        # By a clock that was set back the last picture is still to come.
        self._last_arrival = min(self._last_arrival, now + STARTING)
        return now - self._last_arrival > self.patience

    def is_to_blame(self, recorder: RecorderHeard) -> bool:
        """Whether it is the camera, once it is silent: a recorder would have brought what it sent."""
        return recorder.would_have_brought(self._last_arrival, self.patience)

    def faults(self, now: datetime, recorder: RecorderHeard) -> list[FaultChange]:
        """Faults that have begun or ended, as known now."""
        signs = {self._live.fault} if self._live.fault else set(self._live.hidden)
        since = None
        if self.is_silent(now):
            # What was wrong with its pictures cannot have been mended as far as anybody can see.
            signs = set(self._faults.lasting & (_PICTURE_FAULTS | {FaultKind.NO_SIGNAL}))
            if self.is_to_blame(recorder):
                signs.add(FaultKind.NO_SIGNAL)
            since = min(self._last_arrival, now)
        if self.plan.clock_wrong:
            signs.add(FaultKind.CLOCK_WRONG)
        if self.plan.sub_failing:
            signs.add(FaultKind.SUB_STREAM)
        return self._faults.update(now, signs, since)

    def end_faults(self, now: datetime) -> list[FaultChange]:
        """It is not watched any more."""
        return [FaultChange(self.plan.camera_id, kind, now, began=False) for kind in self._faults.lasting]
