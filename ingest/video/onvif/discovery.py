"""Asks the network who is an ONVIF camera (WS-Discovery)."""

import re
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import unquote

import psutil
from onveef import wsdiscovery

from ingest.video.onvif.addresses import device_url, host_of
from ingest.video.onvif.problems import OnvifProblem

SECONDS = 3.0
MAX_DEVICES = 500
"""No hall has more; somebody who answers for thousands shall not fill a page."""
_CAMERAS = "dn:NetworkVideoTransmitter"
_LONGEST = 100


@dataclass(frozen=True)
class Device:
    """What a device says of itself to whoever asks; nothing of it is proven."""

    address: str
    """Of its device service, e.g. http://192.0.2.10/onvif/device_service."""
    host: str
    name: str
    hardware: str
    location: str
    scopes: tuple[str, ...]


def discover(seconds: float = SECONDS, interfaces: Sequence[str] | None = None) -> tuple[Device, ...]:
    """The devices that answer within `seconds`, by address; `interfaces` are own IPv4 addresses, all without.

    Also those on this very machine: the simulated hall's.
    """
    asked = own_addresses() if interfaces is None else interfaces
    with ThreadPoolExecutor(max(1, len(asked)), thread_name_prefix="discovery") as pool:
        answers = pool.map(lambda own: wsdiscovery.discover(timeout_s=seconds, types=_CAMERAS, interface_ip=own), asked)
        return _sorted(found for answer in answers for found in answer)


def discover_at(host: str, seconds: float = SECONDS, port: int = wsdiscovery.WS_DISCOVERY_PORT) -> tuple[Device, ...]:
    """The same of one host, where the network lets no multicast through."""
    return _sorted(wsdiscovery.probe_device(host, timeout_s=seconds, types=_CAMERAS, port=port))


def own_addresses() -> list[str]:
    """The IPv4 addresses of this machine's network cards."""
    cards = psutil.net_if_stats()
    return sorted(
        address.address
        for name, addresses in psutil.net_if_addrs().items()
        if name in cards and cards[name].isup
        for address in addresses
        if address.family is socket.AF_INET
    )


def _sorted(found: Iterable[wsdiscovery.DiscoveredDevice]) -> tuple[Device, ...]:
    devices = {device.address: device for answer in found if (device := understood(answer))}
    return tuple(sorted(devices.values(), key=_by_address)[:MAX_DEVICES])


def understood(answer: wsdiscovery.DiscoveredDevice) -> Device | None:
    """None where no usable address is among those it names: it can only be asked by IPv4 or name."""
    addresses = [url for xaddr in answer.xaddrs if (url := _usable(xaddr))]
    if not addresses:
        return None
    address = next((url for url in addresses if ":" not in host_of(url)), addresses[0])
    texts = (_plain(text) for text in (answer.name, answer.hardware, answer.location))
    name, hardware, location = texts
    return Device(address, host_of(address), name, hardware, location, tuple(map(_plain, answer.scopes[:_LONGEST])))


def _usable(xaddr: str) -> str:
    try:
        return device_url(xaddr)
    except OnvifProblem:
        return ""


def _plain(text: str) -> str:
    """Scopes are percent-encoded; what cannot be printed is left out."""
    return "".join(filter(str.isprintable, unquote(text)))[:_LONGEST].strip()


def _by_address(device: Device) -> tuple[list[int], str]:
    """192.0.2.9 before 192.0.2.10."""
    return [int(number) for number in re.findall(r"\d{1,9}", device.host)], device.address
