"""Two halls, and somebody of each role to knock at the doors."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Session

from storage.database import Database
from storage.folder_store import FolderStore
from storage.footage import Footage
from storage.models import (
    Absence,
    Alert,
    AlertKind,
    Camera,
    Case,
    Counter,
    Department,
    District,
    Hall,
    Role,
    Scope,
    Source,
    Step,
    StepKind,
    User,
)
from storage.secrets import SecretBox
from tests.sample import a_hall
from tests.web.apps import app_of
from web import passwords, sessions
from web.services import Services
from web.settings import Settings

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Monday noon in the hall."""
PUSH_KEY = "key-of-the-cc-platform"
NO_PASSWORD = "not-a-hash"

SignedIn = Callable[[str], TestClient]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Real hashes, but of the least cost: what they cost in use is what keeps guessing slow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def _morning_file(_migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written once; each test gets a copy."""
    path = tmp_path_factory.mktemp("morning") / "morning.db"
    shutil.copy(_migrated_file, path)
    with closing(Database(f"sqlite:///{path}")) as database:
        with database.transaction() as session:
            a_hall(session)
            _another_hall(session)
            _users(session)
        with database.transaction() as session:
            _a_morning(session)
    return path


@pytest.fixture
def services(_morning_file: Path, tmp_path: Path, clock: Clock) -> Iterator[Services]:
    """Halls `cc` and `nh`; users `supervisor`, `inspector`, … of hall `cc` only, and `admin` of everything."""
    store = FolderStore(tmp_path / "store")
    with closing(Database(f"sqlite:///{shutil.copy(_morning_file, tmp_path / 'hallwatch.db')}")) as database:
        yield Services(
            settings=Settings(data_dir=tmp_path),
            database=database,
            store=store,
            footage=Footage(database, store, tmp_path / "spool", clock),
            secrets=SecretBox(tmp_path / "secret.key"),
            relay_socket=tmp_path / "relay.sock",
            clock=clock,
        )


@pytest.fixture
def app(services: Services) -> Iterator[FastAPI]:
    """Served, so that what starts and stops with the server is there."""
    app = app_of(services)
    with TestClient(app):
        yield app


@pytest.fixture
def anonymous(app: FastAPI) -> TestClient:
    return TestClient(app, follow_redirects=False)


@pytest.fixture
def signed_in(app: FastAPI, services: Services) -> SignedIn:
    """`signed_in("inspector")`: a browser with that user's session; it repeats the CSRF token by header."""

    def sign_in(name: str) -> TestClient:
        with services.database.transaction() as session:
            user = session.get_one(User, list(Role).index(Role(name)) + 1)
            assert user.name == name
            opened = sessions.open_session(session, user.id or 0, services.clock())
        client = TestClient(app, follow_redirects=False, headers={"X-CSRF-Token": opened.csrf})
        client.cookies.set(sessions.COOKIE, opened.token)
        return client

    return sign_in


def _another_hall(session: Session) -> None:
    session.add(District(id="nanhai", name="南海区"))
    session.flush()
    session.add(Hall(id="nh", district_id="nanhai", name="南海政务服务大厅"))
    session.flush()
    session.add(Counter(id="nh-1", hall_id="nh", number="1"))
    session.add(Camera(id="nh-cam-1", hall_id="nh", url="rtsp://127.0.0.1:8554/nh-cam-1"))
    session.add(Department(id="tax", name="税务局"))
    session.add(Department(id="civil", name="民政局"))
    session.flush()


def _users(session: Session) -> None:
    for number, role in enumerate(Role, start=1):
        department = "tax" if role is Role.DEPARTMENT else None
        user = User(
            id=number,
            name=role.value,
            role=role,
            password_hash=NO_PASSWORD,
            department_id=department,
            created_at=NOON,
        )
        session.add(user)
        session.flush()
        if role is not Role.ADMIN:
            session.add(Scope(user_id=number, hall_id="cc"))


def _a_morning(session: Session) -> None:
    """In each hall one absence with its alert, and one case with one step. Ids: 1 is hall cc, 2 is hall nh."""
    from web.places import key_hash

    session.add(Source(id="cc-platform", hall_id="cc", key_hash=key_hash(PUSH_KEY)))
    session.flush()
    for number, (hall, counter) in enumerate([("cc", "cc-1"), ("nh", "nh-1")], start=1):
        start = NOON - timedelta(hours=1)
        session.add(Absence(id=number, counter_id=counter, start=start, threshold_s=300))
        session.flush()
        session.add(
            Alert(
                id=number,
                kind=AlertKind.ABSENCE,
                hall_id=hall,
                counter_id=counter,
                absence_id=number,
                raised_at=start + timedelta(minutes=5),
            )
        )
        session.add(
            Case(
                id=number,
                source_id="cc-platform",
                number=f"2026-{number}",
                department_id="tax",
                hall_id=hall,
                applicant="王小明",
                opened_at=start,
            )
        )
        session.flush()
        session.add(
            Step(
                id=number,
                case_id=number,
                source_id="cc-platform",
                reference=f"s{number}",
                kind=StepKind.RECEIVE,
                counter_id=counter,
                start=start,
                end=start + timedelta(minutes=4),
                first_received_at=start + timedelta(minutes=5),
                received_at=start + timedelta(minutes=5),
            )
        )
        session.flush()
