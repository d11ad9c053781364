"""What the processes of `hallwatch serve` are given."""

from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from storage.objects import Patience
from storage.s3_store import S3Store
from web.roles import ROLE_NAMES, services_of
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
