"""Sends a message to any service that Apprise knows. The only file that knows Apprise."""

import logging
from enum import StrEnum
from typing import TYPE_CHECKING

from web.contact_address import sample
from web.notice import Notice

if TYPE_CHECKING:
    from apprise import AppriseAsset

SEND_TIMEOUT_S = 15.0
_SILENT = logging.CRITICAL + 1


class Reason(StrEnum):
    """Why a message was not delivered."""

    UNREADABLE = "address_not_readable"
    ADDRESS = "address_not_understood"
    NO_PERSON = "no_person"  # the contact person is gone, or has no such address any more
    NOT_TAKEN = "refused_or_unreachable"  # Apprise does not tell which


class DeliveryFailed(Exception):
    """The message was not delivered."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def send(url: str, notice: Notice) -> None:
    """Blocks until the service has taken the message, at most SEND_TIMEOUT_S. Raises DeliveryFailed."""
    if not url:
        raise DeliveryFailed(Reason.UNREADABLE)
    from apprise import Apprise  # slow to load, and many sites send nothing

    service = Apprise(asset=_asset())
    # Apprise logs addresses, and those hold passwords and tokens.
    logging.getLogger("apprise").setLevel(_SILENT)
    if not service.add(url):
        raise DeliveryFailed(Reason.ADDRESS)
    if not service.notify(title=notice.title, body=notice.body):
        raise DeliveryFailed(Reason.NOT_TAKEN)


def understands(url: str) -> bool:
    """Whether it is an address that messages can be sent to; nothing is sent."""
    from apprise import Apprise

    logging.getLogger("apprise").setLevel(_SILENT)
    return Apprise.instantiate(sample(url), asset=_asset()) is not None


def address_problem(url: str, where: str) -> str | None:
    """Why nothing can be sent there, or None. The address is not shown: it may hold a password."""
    if not url:
        return f"{where} cannot be read with this secret.key; enter it again"
    if understands(url):
        return None
    remedy = "write it as on https://github.com/caronc/apprise/wiki"
    return f"{where} is not an address that Apprise understands → {remedy}"


def _asset() -> "AppriseAsset":
    from apprise import AppriseAsset, PersistentStoreMode
    from apprise.manager_attachment import AttachmentManager

    # Some services take a template= from a file: an address that is typed into a page must not read the server's.
    AttachmentManager().remove("file")  # type: ignore[no-untyped-call]
    return AppriseAsset(
        app_id="Hallwatch",
        app_desc="Hallwatch",
        app_url="",
        storage_mode=PersistentStoreMode.MEMORY,  # else it writes below the home folder
        service_timeout=SEND_TIMEOUT_S,
        async_mode=False,
    )
