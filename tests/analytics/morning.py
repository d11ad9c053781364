"""A morning at a hall without threads: what cameras show by the second, watched and written as by the watcher."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from sqlmodel import col, select

from analytics.diary import Diary
from analytics.looker import Looker
from analytics.pictures import Picture
from analytics.watch import Watch
from storage.database import Database
from storage.models import Absence, Alert, AlertState
from tests.analytics.scenes import START, at
from tests.analytics.world import MarkerDetector, drawn

PLAN_EVERY = 3


@dataclass
class Morning:
    database: Database
    cameras: dict[str, tuple[Callable[[int], str], int]]
    """What each shows (as a `Script`), and its seconds from one picture to the next."""
    began: int = 0
    recorded: bool = False
    watch: Watch = field(default_factory=lambda: Watch(Looker(MarkerDetector())))

    def __post_init__(self) -> None:
        self.now = self.began
        self.diary = Diary(self.database, "marker", "watcher-1", at(self.now))

    def until(self, second: int) -> None:
        while self.now < second:
            self._tick()
            self.now += 1

    def _tick(self) -> None:
        moment = at(self.now)
        if (self.now - self.began) % PLAN_EVERY == 0:
            self.diary.follow(self.watch, moment)
        shown = {c: script(self.now) for c, (script, every) in self.cameras.items() if self.now % every == 0}
        pictures = [Picture(c, moment, drawn(what, self.now)) for c, what in shown.items() if what != "lost"]
        if self.recorded:
            self.watch.take_recorded(pictures, timedelta(seconds=1))
        else:
            self.watch.take_live(pictures, moment)
            self.watch.settle(moment)
        self.diary.write(self.watch, moment, {})

    def absences(self, counter_id: str = "cc-1") -> list[tuple[float, float | None, str]]:
        with self.database.transaction() as session:
            rows = session.exec(select(Absence).where(Absence.counter_id == counter_id).order_by(col(Absence.start)))
            return [
                (
                    (row.start - START).total_seconds(),
                    (row.end - START).total_seconds() if row.end else None,
                    row.ended_by,
                )
                for row in rows
            ]

    def alerts(self) -> list[AlertState]:
        with self.database.transaction() as session:
            return [alert.state for alert in session.exec(select(Alert).order_by(col(Alert.id)))]
