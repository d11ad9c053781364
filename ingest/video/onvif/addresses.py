"""Where a device is asked: what people type, and what a device says of itself."""

from urllib.parse import SplitResult, urlsplit

from ingest.video.onvif.problems import OnvifProblem, Trouble
from storage.sayings import Saying

DEVICE_PATH = "/onvif/device_service"
"""Where ONVIF puts the device service, if nothing else is said."""
_LONGEST = 300


def device_url(address: str) -> str:
    """The address of the device service. Takes a host, host:port, or the whole address. Raises OnvifProblem."""
    text = address.strip()
    whole = text if "://" in text else f"http://{text}"
    parts = _split(whole)
    if parts is None or len(whole) > _LONGEST:
        raise _not_understood()
    if parts.username is not None or parts.password is not None:
        raise OnvifProblem(
            Trouble.BAD_ADDRESS, Saying("The address must not carry a user name or password; they have own fields.")
        )
    return f"{parts.scheme}://{_authority(parts)}{parts.path if parts.path.strip('/') else DEVICE_PATH}"


def short(url: str) -> str:
    """What is enough for `device_url` to give the same again: 192.0.2.10:8000."""
    bare = url.removeprefix("http://").removesuffix(DEVICE_PATH)
    return bare if device_url(bare) == url else url


def host_of(url: str) -> str:
    """Without port; empty where there is none."""
    parts = _split(url, schemes=("http", "https", "rtsp", "rtsps"))
    return parts.hostname or "" if parts else ""


def is_host_alone(host: str) -> bool:
    """Whether it is a name or an address with neither port nor path. One of IPv6 may name its network card."""
    bare = host.partition("%")[0].lower() if host.count(":") > 1 else host.lower()
    return bare in (host_of(f"http://{bare}"), host_of(f"http://[{bare}]"))


def _split(url: str, schemes: tuple[str, ...] = ("http", "https")) -> SplitResult | None:
    if not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port beyond 65535, or half an IPv6 address
        return None
    return parts if usable and not set(parts.hostname or "") & set("%\\<>\"'@") else None


def _authority(parts: SplitResult) -> str:
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    return f"{bracketed}:{parts.port}" if parts.port else bracketed


def _not_understood() -> OnvifProblem:
    return OnvifProblem(
        Trouble.BAD_ADDRESS,
        Saying("The address is not understood: enter 192.0.2.10, 192.0.2.10:8000 or http://192.0.2.10/path."),
    )
