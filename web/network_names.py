"""Whether a text can be the name of a host, so that nonsense in a setting is told where it stands."""

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"[^\s/@:?#\[\]\\]+|\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%\w+)?\]?")
"""A name or an IPv4 address, or an IPv6 address with or without its brackets."""
_MAX_PORT = 65_535


def is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None


def is_host_and_port(text: str) -> bool:
    """`host:port`, or an IPv6 address in brackets and a port."""
    host, _, port = text.rpartition(":")
    return is_host(host) and port.isascii() and port.isdigit() and int(port) <= _MAX_PORT


def is_web_address(text: str) -> bool:
    """`http` or `https`, a host, perhaps a port and a path, and nothing else."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 (raises)
    except ValueError:
        return False
    is_plain = not (parts.query or parts.fragment or parts.username) and not re.search(r"\s", text)
    return parts.scheme in ("http", "https") and is_host(parts.hostname or "") and is_plain
