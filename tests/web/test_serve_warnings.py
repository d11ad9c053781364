"""What `hallwatch serve` says before it starts and does not stop for."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from tests.servers import free_port
from web import serve
from web.channels import put_channel
from web.declarations import ChannelDeclaration
from web.services import Services
from web.settings import NotifySettings, WebSettings


@pytest.fixture
def ready(services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """Where nothing stands in the way; the pages of this checkout may not be built."""
    monkeypatch.setattr(serve, "assets_missing", lambda: None)
    web = WebSettings(listen=f"127.0.0.1:{free_port()}")
    declared = NotifySettings(name="by-file", url=SecretStr("no-such-service://geheim"))
    return replace(services, settings=services.settings.model_copy(update={"web": web, "notify": (declared,)}))


def test_a_channel_that_cannot_be_told_is_warned_of_and_does_not_stop_recording(ready: Services) -> None:
    addresses = {"good": "json://127.0.0.1/", "by-page": "nonsense://geheim"}
    with ready.database.transaction() as session:
        for name, url in addresses.items():
            put_channel(session, ChannelDeclaration(name=name, url=SecretStr(url)), ready.secrets, datetime.now(UTC))
    with capture_logs() as logs:
        serve.make_ready(ready)
    warnings = [entry for entry in logs if entry["log_level"] == "warning"]
    assert [(entry["event"], entry["channel"]) for entry in warnings] == [
        ("channel_unusable", "by-file"),
        ("channel_unusable", "by-page"),
    ]
    said = "is not an address that Apprise understands → write it as on https://github.com/caronc/apprise/wiki"
    assert [entry["problem"] for entry in warnings] == [f"notify[by-file].url {said}", f"its address {said}"]
    assert "geheim" not in str(logs)
