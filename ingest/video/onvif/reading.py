"""Asks one device for its clock, its kind and its streams."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from onveef import OnvifClient, exceptions
from onveef.transport import OnvifCredentials, OnvifEndpoint

from ingest.video.onvif import problems
from ingest.video.onvif.addresses import device_url, host_of
from ingest.video.onvif.bounded import CALL_S, http_client
from ingest.video.onvif.problems import OnvifProblem
from ingest.video.onvif.profiles import Profile, described

WITHIN_S = 20.0
"""For all that is asked of one device."""
MAX_PROFILES = 64
_MAX_ANSWER = 1_000_000

_HALF_A_SECOND = timedelta(seconds=0.5)  # devices tell whole seconds, cut off

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class DeviceRead:
    address: str
    host: str
    manufacturer: str
    model: str
    firmware: str
    clock_offset_s: float | None
    """How far its clock is ahead of ours, to half a second; None where it does not tell."""
    profiles: tuple[Profile, ...]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def read_device(
    address: str, user: str, password: str, *, clock: Clock = _utc_now, within_s: float = WITHIN_S
) -> DeviceRead:
    """Raises OnvifProblem. The password goes out only as a digest, and only to the host of `address`."""
    url = device_url(address)
    with http_client(url, within_s) as http:
        with _told_plainly(None):
            offset = _clock_offset(_client(url, http), clock)
        with _told_plainly(offset):
            return _read(_client(url, http, user, password), url, offset)


def _client(url: str, http: httpx.Client, user: str = "", password: str = "") -> OnvifClient:
    return OnvifClient(
        endpoint=OnvifEndpoint(url),
        credentials=OnvifCredentials(user, password),
        http_client=http,
        http_auth="digest",  # never Basic: it would hand the password to whoever answers
        timeout_s=CALL_S,
        retries=0,
        max_response_bytes=_MAX_ANSWER,
    )


def _clock_offset(client: OnvifClient, clock: Clock) -> float | None:
    """Anybody may ask for the time, so this is also how one learns whether an ONVIF device is there at all."""
    before = clock()
    try:
        told = client.get_system_date_time()
    except (exceptions.OnvifAuthError, exceptions.OnvifFaultError, exceptions.OnvifOperationNotSupportedError):
        return None  # some want a password even for this
    after = clock()
    if not told:
        raise problems.not_onvif()
    utc = told.get("UTCDateTime")
    if not isinstance(utc, dict):
        return None
    try:
        device = datetime(**utc, tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return (device + _HALF_A_SECOND - (before + (after - before) / 2)).total_seconds()


def _read(client: OnvifClient, url: str, offset: float | None) -> DeviceRead:
    services = client.discover_services()
    about = _about(client)
    found = _profiles(client, url, services)
    if not any(profile.recordable for profile in found):
        raise problems.no_video()
    return DeviceRead(
        address=url,
        host=host_of(url),
        manufacturer=about.get("Manufacturer", "")[:100],
        model=about.get("Model", "")[:100],
        firmware=about.get("FirmwareVersion", "")[:100],
        clock_offset_s=offset,
        profiles=found,
    )


def _about(client: OnvifClient) -> dict[str, str]:
    try:
        return client.get_device_information()
    except exceptions.OnvifOperationNotSupportedError:
        return {}


def _profiles(client: OnvifClient, url: str, services: dict[str, str]) -> tuple[Profile, ...]:
    """By the newer media service where there is one: the older does not know H.265."""
    for name in ("media2", "media"):
        if name not in services:
            continue
        client.set_endpoint(OnvifEndpoint(url, {name: services[name]}))
        try:
            if answers := client.get_profiles():
                return tuple(_with_stream(client, answer) for answer in answers[:MAX_PROFILES])
        except exceptions.OnvifAuthError:
            raise
        except exceptions.OnvifError:
            if name == "media":
                raise
    return ()


def _with_stream(client: OnvifClient, answer: dict[str, Any]) -> Profile:
    try:
        return described(answer, client.get_stream_uri(profile_token=str(answer.get("token", ""))))
    except (exceptions.OnvifFaultError, exceptions.OnvifOperationNotSupportedError):
        return described(answer, "")  # a profile without video


@contextmanager
def _told_plainly(offset: float | None) -> Iterator[None]:
    """What the library raises, as an OnvifProblem; its own words may repeat the answer."""
    try:
        yield
    except exceptions.OnvifAuthError:
        raise problems.refused(offset) from None
    except exceptions.OnvifFaultError as error:
        raise (problems.refused(offset) if "authoriz" in str(error).lower() else problems.not_onvif()) from None
    except exceptions.OnvifTimeoutError:
        raise problems.silent() from None
    except exceptions.OnvifTransportError as error:
        raise (problems.unreachable() if _no_connection(error) else problems.not_onvif()) from None
    except (exceptions.OnvifError, httpx.InvalidURL, UnicodeError):
        raise problems.not_onvif() from None


def _no_connection(error: exceptions.OnvifTransportError) -> bool:
    return isinstance(error.__cause__, httpx.ConnectError)


__all__ = ["DeviceRead", "OnvifProblem", "read_device"]
