"""Token buckets: whoever asks too often waits. Pure but for the memory of who asked; time is an argument."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

_MAX_KEYS = 10_000
_HOME_NETWORK = 64
"""Bits: whoever has one IPv6 address has all of such a network."""


@dataclass(frozen=True, slots=True)
class Rate:
    burst: int
    """So many at once."""
    refill: timedelta
    """In which an empty bucket is full again."""


@dataclass(frozen=True, slots=True)
class Bucket:
    tokens: float
    at: datetime


def take(bucket: Bucket | None, rate: Rate, now: datetime) -> tuple[Bucket, bool]:
    """The bucket after one more request, and whether that may pass."""
    tokens = _filled(bucket, rate, now)
    return (Bucket(tokens - 1, now), True) if tokens >= 1 else (Bucket(tokens, now), False)


def _filled(bucket: Bucket | None, rate: Rate, now: datetime) -> float:
    """A clock that was set back takes nothing away and gives nothing."""
    if bucket is None:
        return float(rate.burst)
    passed = max(now - bucket.at, timedelta(0))
    return min(float(rate.burst), bucket.tokens + rate.burst * (passed / rate.refill))


@dataclass
class Limiter:
    """A bucket for each key. It forgets whoever has not asked for longest, so that its memory is bounded."""

    rate: Rate
    _buckets: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def may(self, key: str, now: datetime) -> bool:
        with self._lock:
            bucket, passes = take(self._buckets.get(key), self.rate, now)
            self._buckets[key] = bucket
            self._buckets.move_to_end(key)
            if len(self._buckets) > _MAX_KEYS:
                self._buckets.popitem(last=False)
            return passes


def home_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the network of an IPv6 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ip_network((found, _HOME_NETWORK), strict=False))
    return str(found)
