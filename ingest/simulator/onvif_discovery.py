"""How simulated ONVIF devices are found: WS-Discovery over UDP, by multicast and to their own address."""

import socket
import threading
import uuid
from collections.abc import Sequence
from xml.sax.saxutils import escape

import structlog

from ingest.simulator.onvif_device import OnvifDevice
from ingest.simulator.onvif_messages import BadMessageError, element, envelope, read_message

DISCOVERY_PORT = 3702
GROUP = "239.255.255.250"
_DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_TYPES = "dn:NetworkVideoTransmitter tds:Device"
_KINDS = frozenset({"NetworkVideoTransmitter", "Device"})
_POLL_SECONDS = 0.2

log = structlog.get_logger(__name__)


class DiscoveryResponder:
    """Answers whoever looks for cameras on the network card of `host`, one datagram for each device."""

    def __init__(
        self, devices: Sequence[tuple[OnvifDevice, str]], host: str = "127.0.0.1", port: int = DISCOVERY_PORT
    ) -> None:
        """`devices` with the addresses of their device services. Port 0 takes a free one, `port` tells which."""
        self._devices = tuple(devices)
        self._host = host
        self.port = port
        self._socket: socket.socket | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="onvif-discovery", daemon=True)

    def start(self) -> None:
        """Where nobody can listen, the devices are there all the same, only not found by themselves."""
        try:
            self._socket = _listening(self._host, self.port)
        except OSError as error:
            log.warning("onvif_discovery_unavailable", port=self.port, reason=error.strerror)
            return
        self.port = self._socket.getsockname()[1]
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._socket:
            self._thread.join()
            self._socket.close()

    def _run(self) -> None:
        assert self._socket
        while not self._stop.is_set():
            try:
                data, asker = self._socket.recvfrom(65_535)
                for answer in answers(data, self._devices):
                    self._socket.sendto(answer, asker)
            except TimeoutError:
                continue
            except OSError as error:  # of one datagram, e.g. that its sender is gone
                log.debug("onvif_discovery_failed", reason=error.strerror)


def _listening(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # others on this machine may listen, too
        made.bind(("", port))
        made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(host))
        made.settimeout(_POLL_SECONDS)
    except OSError:
        made.close()
        raise
    return made


def answers(data: bytes, devices: Sequence[tuple[OnvifDevice, str]]) -> list[bytes]:
    """None to what is no probe, or looks for other things than cameras."""
    try:
        asked = read_message(data)
    except BadMessageError:
        return []
    wanted = {kind.rpartition(":")[2] for kind in asked.arguments.get("Types", "").split()}
    if (asked.operation, asked.namespace) != ("Probe", _DISCOVERY) or not wanted <= _KINDS:
        return []
    return [_match(device, address, asked.message_id) for device, address in devices]


def _match(device: OnvifDevice, address: str, relates_to: str) -> bytes:
    headers = {
        "MessageID": f"urn:uuid:{uuid.uuid4()}",
        "RelatesTo": relates_to,
        "To": f"{_ADDRESSING}/role/anonymous",
        "Action": f"{_DISCOVERY}/ProbeMatches",
    }
    a = {"xmlns:a": _ADDRESSING}
    header = "".join(element(f"a:{name}", escape(value), **a) for name, value in headers.items())
    own = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, address)}"
    match = element(
        "d:ProbeMatch",
        element("a:EndpointReference", element("a:Address", own), **a),
        element("d:Types", _TYPES),
        element("d:Scopes", escape(" ".join(device.scopes))),
        element("d:XAddrs", escape(address)),
        element("d:MetadataVersion", "1"),
    )
    spaces = {"xmlns:d": _DISCOVERY, "xmlns:dn": "http://www.onvif.org/ver10/network/wsdl"}
    return envelope(element("d:ProbeMatches", match, **spaces), header)
