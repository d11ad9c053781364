"""What the processes of `hallwatch serve` are given."""

import os
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import select

from ingest.video import quarantine
from storage.models import DEFAULT_DAYS, Deletion
from storage.objects import Patience
from storage.s3_store import S3Store
from tests.sample import CAMERA
from tests.servers import wait_until
from tests.web.conftest import NOON
from web.roles import ROLE_NAMES, _recorder, services_of
from web.services import Services
from web.settings import Settings, StoreSettings


def test_only_the_pages_give_up_soon_on_a_store_that_hangs(tmp_path: Path) -> None:
    key = SecretStr("b")
    store = StoreSettings(kind="s3", endpoint="127.0.0.1:9", bucket="footage", access_key="a", secret_key=key)
    for role in ROLE_NAMES:
        made = services_of(role, Settings(data_dir=tmp_path, store=store))
        with closing(made.database):
            assert isinstance(made.store, S3Store)
            made.store.close()
            assert (made.store.patience is Patience.VIEWING) == (role == "web")


def test_the_recorder_deletes_what_is_due_in_its_quarantine(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "TICK_S", 0.05)
    recorded = NOON - timedelta(days=DEFAULT_DAYS, hours=1)
    path = services.settings.spool / "quarantine" / CAMERA / f"{recorded:%Y/%m/%d/%H%M%S}-000000001.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"noise")
    os.utime(path, (recorded.timestamp(),) * 2)

    def deletion() -> Deletion | None:
        with services.database.transaction() as session:
            return session.exec(select(Deletion)).first()

    with _recorder(services):
        wait_until(lambda: bool((row := deletion()) and row.confirmed_at))
    assert not path.exists()
