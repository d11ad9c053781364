"""RTP by UDP: from two ports of a simulated camera to two of a client's."""

import asyncio
import socket
from contextlib import suppress


class Datagrams:
    """Two ports of ours that send to two of a client's."""

    def __init__(self, writer: asyncio.StreamWriter, ports: tuple[int, int]) -> None:
        own, peer = writer.get_extra_info("sockname")[0], writer.get_extra_info("peername")[0]
        self._targets = [(peer, port) for port in ports]
        self._sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in ports]
        for each in self._sockets:
            each.setblocking(False)
            each.bind((own, 0))
        numbers = "-".join(str(each.getsockname()[1]) for each in self._sockets)
        self.transport = "RTP/AVP;unicast;client_port={}-{};server_port={}".format(*ports, numbers)

    def send(self, which: int, packet: bytes) -> None:
        if packet:
            with suppress(OSError):  # the client may have gone, or its buffer be full
                self._sockets[which].sendto(packet, self._targets[which])

    def close(self) -> None:
        for each in self._sockets:
            each.close()
