"""Brings an installation up to date with its program and its file; apart, because a role loads none of it."""

from collections.abc import Sequence

from storage.migrate import upgrade
from web.installation import Services
from web.site import Change, apply_site


def prepare(services: Services) -> Sequence[Change]:
    """Brings the schema and the declared places up to date; what `serve` and `init` do first."""
    upgrade(services.database)
    return declare_site(services)


def declare_site(services: Services) -> Sequence[Change]:
    """Brings the declared places up to date; does nothing where the file says what it said last."""
    with services.database.transaction() as session:
        key = _fingerprint_key(services)
        return apply_site(session, services.settings, services.secrets, key, services.clock())


def _fingerprint_key(services: Services) -> bytes:
    """The bytes of the secret key file, made at its first use."""
    services.secrets.seal("the key is made at its first use")
    return services.settings.secret_key_file.read_bytes()
