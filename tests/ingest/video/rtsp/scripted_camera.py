"""An RTSP camera that says and sends whatever a test wants."""

import base64
import hashlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from ingest.video.annexb import split_units
from ingest.video.frames import Codec
from ingest.video.source import SourcePacket
from tests.ingest.video.encoded import packets
from tests.ingest.video.rtsp.packing import Packer, interleaved

USER, PASSWORD, REALM = "hall", "geh:eim ü", "IP Camera(G4455)"
PUBLIC = "OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, GET_PARAMETER"


@dataclass(frozen=True)
class Asked:
    """A request of the client."""

    method: str
    url: str
    headers: dict[str, str]
    """Names in lower case."""

    @classmethod
    def parse(cls, head: str) -> "Asked":
        first, *lines = head.split("\r\n")
        method, url, version = first.split(" ")
        assert version == "RTSP/1.0"
        pairs = (line.partition(": ") for line in lines)
        return cls(method, url, {name.lower(): value for name, _, value in pairs})

    def field(self, name: str) -> str:
        """Of the Authorization header."""
        found = re.search(rf'\b{name}="?([^",]*)"?', self.headers.get("authorization", ""))
        return found[1] if found else ""


@dataclass(frozen=True)
class Reply:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    def having(self, **headers: str) -> "Reply":
        """With these headers besides or instead; `_` in a name stands for `-`; empty takes one away."""
        told = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        merged = self.headers | told
        return replace(self, headers={name: value for name, value in merged.items() if value})

    def encode(self, sequence: str) -> bytes:
        body = self.body.encode()
        headers = {"cseq": sequence} | ({"content-length": str(len(body))} if body else {}) | self.headers
        lines = [f"RTSP/1.0 {self.status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body


def description(codec: Codec = "h264", control: str = "track1") -> str:
    name = "H264" if codec == "h264" else "H265"
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=control:*", "m=video 0 RTP/AVP 96"]
    return "\r\n".join([*lines, f"a=rtpmap:96 {name}/90000", f"a=control:{control}", ""])


class Client:
    """One connection to the camera, as the script sees it."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._datagrams: tuple[socket.socket, socket.socket] | None = None
        self._sound: tuple[socket.socket, socket.socket] | None = None
        self._ports = self._sound_ports = (0, 0)
        self.channels = (0, 1)
        self.closed = threading.Event()

    def write(self, data: bytes) -> None:
        """Into the connection; nothing when it has gone."""
        with self._lock, suppress(OSError):
            self._stream.sendall(data)

    def send(self, packet: bytes) -> None:
        """RTP."""
        self._send(0, packet)

    def report(self, packet: bytes) -> None:
        """RTCP."""
        self._send(1, packet)

    def send_sound(self, packet: bytes) -> None:
        self._send_sound(0, packet)

    def report_sound(self, packet: bytes) -> None:
        self._send_sound(1, packet)

    @property
    def is_open(self) -> bool:
        return not self.closed.is_set()

    def close(self) -> None:
        self.closed.set()
        with suppress(OSError):
            self._stream.shutdown(socket.SHUT_RDWR)
        self._stream.close()
        for one in (*(self._datagrams or ()), *(self._sound or ())):
            one.close()

    def set_up(self, transport: str) -> str:
        """The Transport header of the answer; asked for the second time, of the sound."""
        if ports := re.search(r"client_port=(\d+)-(\d+)", transport):
            host, family = self._stream.getsockname()[0], self._stream.family
            made = (socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM))
            for one in made:
                one.bind((host, 0))
                one.settimeout(5)
            if self._datagrams is None:
                self._datagrams, self._ports = made, (int(ports[1]), int(ports[2]))
            else:
                self._sound, self._sound_ports = made, (int(ports[1]), int(ports[2]))
            own = "-".join(str(one.getsockname()[1]) for one in made)
            return f"{transport};server_port={own}"
        return transport

    def received(self) -> bytes:
        """The next RTCP datagram of the client; the client must have been set up for UDP."""
        assert self._datagrams is not None
        return self._datagrams[1].recv(2048)

    def received_of_sound(self) -> bytes:
        assert self._sound is not None
        return self._sound[1].recv(2048)

    def _send_sound(self, which: int, packet: bytes) -> None:
        if self._sound is None:
            self.write(interleaved(2 + which, packet))
            return
        with suppress(OSError):
            self._sound[which].sendto(packet, (self._stream.getpeername()[0], self._sound_ports[which]))

    def _send(self, which: int, packet: bytes) -> None:
        if self._datagrams is None:
            self.write(interleaved(self.channels[which], packet))
            return
        with suppress(OSError):
            self._datagrams[which].sendto(packet, (self._stream.getpeername()[0], self._ports[which]))


Script = Callable[[Client], None]
Twist = Callable[[Asked, Reply], Reply | bytes | None]
"""From what is asked and the usual reply to what is said: bytes as they are; None: nothing."""


class ScriptedCamera:
    """Serves one client after the other, each in its thread, until it is stopped."""

    def __init__(
        self,
        script: Script = lambda client: None,
        twist: Twist = lambda asked, usual: usual,
        *,
        sdp: str = "",
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`script` runs after the answer to PLAY, in its own thread."""
        self._script, self._twist, self._sdp, self._tls = script, twist, sdp or description(), tls
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self._host, self._port = host, self._listener.getsockname()[1]
        self._clients: list[Client] = []
        self._threads: list[threading.Thread] = []
        self.asked: list[Asked] = []
        self.reports: list[tuple[int, bytes]] = []
        """RTCP that the client sent in the connection, each with its channel."""
        self.connections = 0

    @property
    def url(self) -> str:
        return self.url_for()

    def url_for(self, credentials: str = "", path: str = "/live") -> str:
        scheme = "rtsps" if self._tls else "rtsp"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{credentials}{host}:{self._port}{path}"

    def methods(self) -> list[str]:
        return [asked.method for asked in self.asked]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._clients:
            client.close()
        for thread in self._threads:
            thread.join()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, name="scripted-camera", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                stream, _ = self._listener.accept()
                self.connections += 1
                self._start(self._serve, stream)

    def _serve(self, stream: socket.socket) -> None:
        with suppress(OSError):
            stream = self._tls.wrap_socket(stream, server_side=True) if self._tls else stream
            client = Client(stream)
            self._clients.append(client)
            try:
                self._converse(client, stream)
            finally:
                client.close()

    def _converse(self, client: Client, stream: socket.socket) -> None:
        with stream.makefile("rb") as reader:
            while first := reader.read(1):
                if not first.isupper() and first != b"$":
                    return  # it speaks something else
                if first == b"$":
                    head = reader.read(3)
                    self.reports.append((head[0], reader.read(int.from_bytes(head[1:], "big"))))
                    continue
                lines = [first + reader.readline()]
                while lines[-1] not in (b"\r\n", b""):
                    lines.append(reader.readline())
                self._answer(client, b"".join(lines[:-1]).decode().removesuffix("\r\n"))

    def _answer(self, client: Client, head: str) -> None:
        if head.startswith("RTSP/"):
            return  # to a request of ours
        asked = Asked.parse(head)
        self.asked.append(asked)
        reply = self._twist(asked, self._usual(client, asked))
        if reply is not None:
            client.write(reply if isinstance(reply, bytes) else reply.encode(asked.headers["cseq"]))
        if asked.method == "PLAY" and isinstance(reply, Reply) and reply.status == 200:
            self._start(self._play, client)
        if asked.method == "TEARDOWN":
            client.close()

    def _play(self, client: Client) -> None:
        with suppress(OSError):  # the client may go at any time
            self._script(client)

    def _usual(self, client: Client, asked: Asked) -> Reply:
        match asked.method:
            case "OPTIONS":
                return Reply(headers={"public": PUBLIC})
            case "DESCRIBE":
                return Reply(
                    headers={"content-base": self.url + "/", "content-type": "application/sdp"}, body=self._sdp
                )
            case "SETUP":
                transport = client.set_up(asked.headers["transport"])
                return Reply(headers={"transport": transport, "session": "4711;timeout=60"})
        return Reply(headers={"session": "4711"})


def pictures(count: int = 25, codec: Codec = "h264", **options: int) -> tuple[SourcePacket, ...]:
    """As an encoder makes them."""
    return packets(count, codec=codec, **options)


def rtp(some: Sequence[SourcePacket], first: int = 0, packer: Packer | None = None) -> list[bytes]:
    """The packets of pictures, the first at this RTP time."""
    packing = packer or Packer()
    return [one for p in some for one in packing.picture(split_units(p.data), first + p.pts)]


def playing(media: Sequence[bytes], before: Sequence[bytes] = ()) -> Script:
    """Sends `before` as RTCP and then all packets, as fast as the client takes them."""

    def play(client: Client) -> None:
        for report in before:
            client.report(report)
        for packet in media:
            client.send(packet)

    return play


class Doorkeeper:
    """A camera that asks for a password, as a Twist."""

    def __init__(self, challenge: str, *, lives: int = 1_000_000) -> None:
        """`challenge` as in the header, with {nonce}; a nonce is good for `lives` requests, then it is stale."""
        self._challenge, self._lives = challenge, lives
        self._nonce, self._left = 0, lives
        self.refused = 0
        """Requests that came with a wrong answer, for another reason than the nonce's age."""

    def __call__(self, asked: Asked, usual: Reply) -> Reply:
        if "authorization" not in asked.headers:
            return self._ask()
        if asked.headers["authorization"].startswith("Digest") and (
            asked.field("nonce") != self.nonce or not self._left
        ):
            self._nonce, self._left = self._nonce + 1, self._lives
            return self._ask(", stale=true")
        if asked.headers["authorization"] != self._basic() and asked.field("response") != self._digest(asked):
            self.refused += 1
            return self._ask()
        self._left -= 1
        return usual

    @property
    def nonce(self) -> str:
        return f"{self._nonce:032x}"

    def _ask(self, more: str = "") -> Reply:
        return Reply(401, {"www-authenticate": self._challenge.replace("{nonce}", self.nonce) + more})

    def _basic(self) -> str:
        return "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    def _digest(self, asked: Asked) -> str:
        name = "sha256" if "SHA-256" in self._challenge else "md5"

        def hashed(*parts: str) -> str:
            return hashlib.new(name, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

        secret, what = hashed(USER, REALM, PASSWORD), hashed(asked.method, asked.url)
        if "qop" not in self._challenge:
            return hashed(secret, self.nonce, what)
        return hashed(secret, self.nonce, asked.field("nc"), asked.field("cnonce"), "auth", what)
