"""How simulated ONVIF devices are found: WS-Discovery over UDP, by multicast and to their own address."""

import select
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
        self._sockets: tuple[socket.socket, ...] = ()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="onvif-discovery", daemon=True)

    def start(self) -> None:
        """Where nobody can listen, the devices are there all the same, only not found by themselves."""
        try:
            self._sockets = _listening(self._host, self.port)
        except OSError as error:
            log.warning("onvif_discovery_unavailable", port=self.port, reason=error.strerror)
            return
        self.port = self._sockets[0].getsockname()[1]
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._sockets:
            self._thread.join()
            _close(self._sockets)

    def _run(self) -> None:
        while not self._stop.is_set():
            for asked in select.select(self._sockets, (), (), _POLL_SECONDS)[0]:
                try:
                    self._answer_one(asked)
                except OSError as error:  # of one datagram, e.g. that its sender is gone
                    log.debug("onvif_discovery_failed", reason=error.strerror)

    def _answer_one(self, asked: socket.socket) -> None:
        data, asker = asked.recvfrom(65_535)
        for answer in answers(data, self._devices):
            self._sockets[0].sendto(answer, asker)


def _listening(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """For what is sent to `host` itself, and for what is sent to the group by its network card."""
    made = tuple(socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    own, group = made
    try:
        for each in made:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # others on this machine may listen, too
        own.bind((host, port))
        group.bind((GROUP, own.getsockname()[1]))
        group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(host))
    except OSError:
        _close(made)
        raise
    return own, group


def _close(sockets: Sequence[socket.socket]) -> None:
    for each in sockets:
        each.close()


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
