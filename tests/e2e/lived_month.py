"""May 2026 in one hall, lived through: what its platform tells day by day, and the clerk's own jobs after each."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog, Page
from sqlmodel import select

from ingest.approvals.acceptance import accept_batch
from ingest.approvals.formats import read_rows
from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import Absence, Alert, AlertKind, Department, Item, Role, Segment, Source, User
from storage.secrets import SecretBox
from tests.correlation.evaluation.city import RATINGS, STEPS, local, rating
from tests.ingest.video.encoded import gops, packets
from tests.ingest.video.test_clip import recorded
from tests.sample import HALL, a_hall
from tests.web.conftest import Clock
from tests.web.pages.browser import Site, served
from web import sessions
from web.clerk import Clerk
from web.roles import clerks
from web.services import Services
from web.settings import EvaluationSection, Settings

LEFT = local("2026-05-12T10:00")
"""Somebody leaves counter 1, for long enough."""
AWAY = timedelta(minutes=5, seconds=10)
PUBLISH_DAY = 8
PEOPLE = {
    "he.min": Role.SUPERVISOR,
    "liang.wei": Role.SUPERVISOR,
    "market": Role.DEPARTMENT,
    "huang.li": Role.INSPECTOR,
}
"""By sign-in name."""


@dataclass
class Month:
    """Stands still until it is lived on."""

    services: Services
    clock: Clock
    site: Site
    _page: Page
    _clerks: tuple[Clerk, ...]
    _evaluator: Clerk
    """It drafts and publishes months at the end alone: each draft costs as much as all else of a day."""
    _told: int = 0

    def live_until(self, text: str) -> None:
        """Each day's rows are told at eight in the evening; the clerk runs then and at the end."""
        until = local(text)
        for number, (day, rows) in enumerate(groupby(sorted(_ROWS, key=_day), key=_day), start=1):
            evening = local(f"{day}T20:00")
            if number > self._told and evening < until:
                self.tell(list(rows), evening)
                self._told = number
        self._clerk_runs(until)
        self._evaluator.run_due(until)

    def tell(self, rows: list[dict[str, Any]], at: datetime) -> None:
        """A push of the platform, and the clerk right after it."""
        sequence = int(at.timestamp() // 60)
        report = accept_batch(
            self.services.database,
            "platform",
            read_rows(rows),
            sequence=sequence,
            name="push",
            sha256=str(sequence),
            now=at,
        )
        assert report.rejected_rows == 0, report.rejected
        self._clerk_runs(at)

    def _clerk_runs(self, now: datetime) -> None:
        self.clock.now = now
        for clerk in self._clerks:
            clerk.run_due(now)

    def signed_in(self, name: str) -> Page:
        """Now at the browser, whoever was before; nobody stays signed in for a month."""
        with self.services.database.transaction() as session:
            user = session.exec(select(User.id).where(User.name == name)).one() or 0
            token = sessions.open_session(session, user, self.clock.now).token
        self._page.context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": self.site.address}])
        return self._page


_ROWS = [*STEPS, *(rating(number, level) for number, level in enumerate(RATINGS, start=1))]


def _day(row: dict[str, Any]) -> str:
    return str(row.get("start") or row["rated"])[:10]


@contextmanager
def a_lived_month(folder: Path, browser: Browser) -> Iterator[Month]:
    """In a folder with an empty `month.db`."""
    no_pdf = folder / "no.ttf"  # PDF takes the most time of all, and tests of its own have it
    settings = Settings(data_dir=folder, evaluation=EvaluationSection(publish_day=PUBLISH_DAY, font=no_pdf))
    with closing(Database(f"sqlite:///{folder / 'month.db'}")) as database:
        store, clock = FolderStore(folder / "store"), Clock()
        services = Services(
            settings=settings,
            database=database,
            store=store,
            footage=Footage(database, store, settings.spool, clock),
            secrets=SecretBox(folder / "secret.key"),
            relay_socket=folder / "relay.sock",
            clock=clock,
        )
        _prepare(services)
        # Nothing is deleted, and nothing listened for, in a month of two seconds.
        at_work = tuple(one for one in clerks(services) if not {"expiry", "silence", "evaluation"} & set(one.jobs))
        (evaluator,) = (one for one in clerks(services) if "evaluation" in one.jobs)
        with served(services) as site, browser.new_context(base_url=site.address, locale="en-GB") as context:
            page = context.new_page()
            page.on("dialog", Dialog.accept)
            yield Month(services, clock, site, page, at_work, evaluator)


def _prepare(services: Services) -> None:
    with services.database.transaction() as session:
        a_hall(session)
        session.add(Department(id="market", name="市场监督管理局", name_en="Market Regulation"))
        session.flush()
        session.add(Source(id="platform", hall_id=HALL, name="禅城审批平台"))
        session.add(Item(code="JZ-1", name="食品经营许可", department_id="market", legal_days=20, promised_days=5))
        for name, role in PEOPLE.items():
            of = "market" if role is Role.DEPARTMENT else None
            session.add(
                User(
                    name=name,
                    display_name=name,
                    role=role,
                    department_id=of,
                    all_halls=True,
                    password_hash="",
                    created_at=LEFT,
                )
            )
        session.add(Absence(id=1, counter_id="cc-1", start=LEFT, end=LEFT + AWAY, ended_by="returned", threshold_s=300))
        session.flush()
        session.add(Alert(kind=AlertKind.ABSENCE, absence_id=1, raised_at=LEFT + AWAY, hall_id=HALL, counter_id="cc-1"))
        filmed = gops(packets(int(AWAY.total_seconds()) + 30, fps=1, gop=5), start=LEFT - timedelta(seconds=10))
        session.add_all(Segment(**row.model_dump()) for row in recorded(services.settings.spool, filmed))
