"""The site with its public side switched on."""

from dataclasses import replace

import pytest

from web.services import Services
from web.settings import PublicSection


@pytest.fixture
def services(services: Services) -> Services:
    public = PublicSection(enabled=True, requests_per_minute=50, complaints_per_hour=8)
    return replace(services, settings=services.settings.model_copy(update={"public": public}))
