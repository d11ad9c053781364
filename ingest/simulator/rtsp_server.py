"""An RTSP server for simulated cameras: TCP interleaved and UDP, H.264, any mounts and clients, in its own thread."""

import asyncio
import secrets
import ssl
import struct
import threading
from collections.abc import Callable

import structlog

from ingest.simulator.datagrams import Datagrams
from ingest.simulator.disturbance import Way
from ingest.simulator.mounts import Mount
from ingest.simulator.rtsp_messages import (
    Answer,
    BadRequestError,
    Credentials,
    Gatekeeper,
    Request,
    datagram_ports,
    description,
    interleaved_channels,
    read_request,
)
from ingest.simulator.running import Running

MAX_BACKLOG = 4_000_000
"""Bytes that may wait for a slow client before it is disconnected."""
FIRST_PICTURE_SECONDS = 5.0
SESSION_SECONDS = 60
_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"

log = structlog.get_logger(__name__)


class RtspServer(Running):
    """Cameras on one port; port 0 takes a free one, `port` tells which.

    >>> with RtspServer() as server:
    ...     mount = server.mount("/cam-1/main")
    ...     mount.feed(AccessUnit(...))
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        credentials: Credentials | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls`: clients come through it, and then only so."""
        self.host = host
        self.port = port
        self._tls = tls
        self._credentials = credentials
        self._mounts: dict[str, Mount] = {}
        self._connections: set[_Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._failure: OSError | None = None

    def mount(self, path: str) -> Mount:
        """A new stream at `path`, e.g. /cam-1/main; before or after start."""
        mount = self._mounts[path] = Mount(path, self._call_soon)
        self._call_soon(self._report_regularly, mount)
        return mount

    def url(self, path: str) -> str:
        """Without credentials."""
        return f"{'rtsps' if self._tls else 'rtsp'}://{self.host}:{self.port}{path}"

    def start(self) -> None:
        """Returns when clients can connect. Raises OSError when the port is taken."""
        self._started.clear()
        self._failure = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="rtsp-server", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failure:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """Disconnects everybody and returns when the port is free; may be started again."""
        if self._thread and self._stopping:
            self._call_soon(self._stopping.set)
            self._thread.join()
        self._thread = None

    async def _run(self) -> None:
        self._stopping = asyncio.Event()
        try:
            server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self._tls)
        except OSError as error:
            self._failure = error
            self._started.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._reporters = [asyncio.create_task(mount.report_forever()) for mount in self._mounts.values()]
        self._started.set()
        await self._stopping.wait()
        await self._shut_down(server)

    async def _shut_down(self, server: asyncio.Server) -> None:
        self._loop = None
        server.close()
        for reporter in self._reporters:
            reporter.cancel()
        serving = [connection.task for connection in self._connections]
        for connection in list(self._connections):
            connection.disconnect()
        await asyncio.gather(*self._reporters, *serving, return_exceptions=True)

    def _report_regularly(self, mount: Mount) -> None:
        self._reporters.append(asyncio.get_running_loop().create_task(mount.report_forever()))

    def _call_soon(self, call: Callable[..., None], *arguments: object) -> None:
        if loop := self._loop:  # a camera may go on feeding while the server is down
            try:
                loop.call_soon_threadsafe(call, *arguments)
            except RuntimeError:  # it has just closed
                log.debug("rtsp_server_closed")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self._mounts, Gatekeeper(self._credentials), reader, writer)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)


class _Connection:
    """One client, and the Viewer of the mount that it plays."""

    def __init__(
        self,
        mounts: dict[str, Mount],
        gatekeeper: Gatekeeper,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        task = asyncio.current_task()
        assert task
        self.task = task
        self._mounts = mounts
        self._gatekeeper = gatekeeper
        self._reader = reader
        self._writer = writer
        self._session = secrets.token_hex(8)
        self._channels: tuple[int, int] | None = None
        self._datagrams: Datagrams | None = None
        self._sound_channels: tuple[int, int] | None = None
        self._sound_datagrams: Datagrams | None = None
        self._way: Way | None = None
        self._silent = False
        self._playing: Mount | None = None
        self._needs_keyframe = True

    async def run(self) -> None:
        try:
            while await self._answer_one():
                pass
        except (OSError, asyncio.IncompleteReadError, BadRequestError) as error:
            log.debug("rtsp_client_gone", reason=repr(error))
        finally:
            if self._playing:
                self._playing.leave(self)
            if self._datagrams:
                self._datagrams.close()
            if self._sound_datagrams:
                self._sound_datagrams.close()
            self._writer.transport.abort()

    async def _answer_one(self) -> bool:
        """Whether the connection stays open."""
        request = await read_request(self._reader)
        mount = self._mounts.get(request.path)
        if mount and mount.dropped:
            return False
        if self._silent:
            return True
        answer = await self._answer(request, mount)
        self._writer.write(answer.encode(request.sequence))
        if request.method == "PLAY" and answer.status == 200 and mount:
            self._play(mount)
        await self._writer.drain()
        return request.method != "TEARDOWN"

    async def _answer(self, request: Request, mount: Mount | None) -> Answer:
        if request.method == "OPTIONS":
            return Answer(headers={"Public": _METHODS})
        if not self._gatekeeper.admits(request):
            return self._gatekeeper.challenge()
        if request.method in ("GET_PARAMETER", "TEARDOWN"):
            return Answer(headers={"Session": self._session})
        if mount is None:
            return Answer(404)
        match request.method:
            case "DESCRIBE":
                return await self._describe(request, mount)
            case "SETUP":
                return self._set_up(request)
            case "PLAY":
                return Answer(headers=self._session_header()) if self._channels or self._datagrams else Answer(454)
        return Answer(501)

    async def _describe(self, request: Request, mount: Mount) -> Answer:
        waited = 0.0
        while mount.parameters is None and waited < FIRST_PICTURE_SECONDS:
            await asyncio.sleep(0.05)
            waited += 0.05
        if mount.parameters is None:
            return Answer(503)
        host = str(self._writer.get_extra_info("sockname")[0])
        headers = {"Content-Type": "application/sdp", "Content-Base": request.url.rstrip("/") + "/"}
        return Answer(200, headers, description(mount.parameters, host, mount.lie, mount.sound))

    def _set_up(self, request: Request) -> Answer:
        wanted = request.headers.get("transport", "")
        if ports := datagram_ports(wanted):
            datagrams = Datagrams(self._writer, ports)
            if request.is_of_sound:
                self._sound_datagrams = datagrams
            else:
                self._datagrams = datagrams
            return Answer(headers={"Transport": datagrams.transport, **self._session_header()})
        channels = interleaved_channels(wanted)
        if channels is None:
            return Answer(461)
        if request.is_of_sound:
            self._sound_channels = channels
        else:
            self._channels = channels
        transport = "RTP/AVP/TCP;unicast;interleaved={}-{}".format(*channels)
        return Answer(headers={"Transport": transport, **self._session_header()})

    def _session_header(self) -> dict[str, str]:
        return {"Session": f"{self._session};timeout={SESSION_SECONDS}"}

    def _play(self, mount: Mount) -> None:
        if self._playing is None:
            self._playing = mount
            self._way = Way(mount.disturbance)
            mount.join(self)

    def send_media(self, packets: list[bytes], keyframe: bool) -> None:
        if self._needs_keyframe and not keyframe:
            return
        self._needs_keyframe = False
        if self._writer.transport.get_write_buffer_size() > MAX_BACKLOG:
            log.warning("rtsp_client_too_slow", mount=self._playing and self._playing.path)
            self.disconnect()
            return
        assert self._way
        arriving = list(self._way.arriving(packets))
        if self._datagrams:
            for packet in self._way.in_any_order(arriving):
                self._datagrams.send(0, self._way.noise())
                self._datagrams.send(0, packet)
            return
        self._write(0, arriving, self._way)

    def send_report(self, report: bytes) -> None:
        if self._datagrams:
            self._datagrams.send(1, report)
            return
        self._write(1, [report])

    def send_sound(self, packet: bytes, is_media: bool) -> None:
        if self._sound_datagrams:
            self._sound_datagrams.send(0 if is_media else 1, packet)
        elif self._sound_channels:
            number = self._sound_channels[0 if is_media else 1]
            self._writer.write(struct.pack(">BBH", 0x24, number, len(packet)) + packet)

    def fall_silent(self) -> None:
        self._silent = True
        if self._playing:
            self._playing.leave(self)

    def wait_for_keyframe(self) -> None:
        self._needs_keyframe = True

    def disconnect(self) -> None:
        if self._playing:
            self._playing.leave(self)
        self._writer.transport.abort()

    def _write(self, channel: int, packets: list[bytes], way: Way | None = None) -> None:
        assert self._channels
        number = self._channels[channel]
        framed = (
            (way.noise() if way else b"") + struct.pack(">BBH", 0x24, number, len(packet)) + packet
            for packet in packets
        )
        self._writer.write(b"".join(framed))
