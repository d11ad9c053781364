"""What may happen to the servers that a recorder writes to, while it runs."""

import random
import signal
from collections.abc import Callable
from dataclasses import dataclass

from tests.servers import PostgresServer, S3Server


@dataclass(frozen=True)
class Outage:
    name: str
    begin: Callable[[], None]
    end: Callable[[], None]


def outages(s3: S3Server, postgres: PostgresServer) -> list[Outage]:
    """A killed store refuses connections until it is started again; a frozen one accepts them and is silent."""
    return [
        Outage("store killed", s3.kill, s3.start),
        Outage("store frozen", lambda: s3.signal(signal.SIGSTOP), lambda: s3.signal(signal.SIGCONT)),
        Outage("database restarted", postgres.stop, postgres.start),
    ]


def drawn(of: list[Outage], chance: random.Random, run_s: float) -> list[tuple[float, Callable[[], None]]]:
    """What happens how many seconds after the start of a recorder that is killed after `run_s`.

    One run in four has no outage; an outage that has begun may outlast the recorder.
    """
    if not of or chance.random() < 1 / 4:
        return []
    outage = chance.choice(of)
    begin_s = chance.uniform(0, run_s)
    return [(begin_s, outage.begin), (chance.uniform(begin_s, run_s * 1.5), outage.end)]
