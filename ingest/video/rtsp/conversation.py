"""Requests to a camera and its answers, with its question for a password in between."""

import time
from collections import deque
from collections.abc import Mapping

from ingest.video.rtsp.addresses import Address
from ingest.video.rtsp.authentication import Authorizer
from ingest.video.rtsp.failures import HungUp, SourceFailure, ended, refused, unreachable, unsupported
from ingest.video.rtsp.messages import Answer, request
from ingest.video.rtsp.wire import Wire

ANSWER_S = 5.0
"""How long a camera may think about a request."""
_REDIRECTED = (301, 302, 303, 305)
_OK, _UNAUTHORIZED, _SESSION_NOT_FOUND = 200, 401, 454


class Moved(Exception):
    """The camera sends us somewhere else."""

    def __init__(self, location: str) -> None:
        super().__init__()
        self.location = location


class Conversation:
    """One connection's requests. Packets that come before the last answer are kept in `early`."""

    def __init__(self, wire: Wire, address: Address) -> None:
        self._wire = wire
        self._authorizer = Authorizer(address.credentials)
        self._sequence = 0
        self._session = ""
        self._alive, self._repeated = "OPTIONS", False
        self.early: deque[tuple[int, bytes]] = deque()

    def learn_methods(self, url: str) -> None:
        """How the session can be kept alive; a camera need not tell. Raises SourceFailure, Moved."""
        if "GET_PARAMETER" in self._answer("OPTIONS", url, {}).get("public"):
            self._alive = "GET_PARAMETER"

    def ask(self, method: str, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer of a camera that agrees. Raises SourceFailure, Moved."""
        answer = self._answer(method, url, headers or {})
        if answer.status != _OK:
            raise _refused(method, answer)
        self._session = answer.get("session").partition(";")[0].strip() or self._session
        return answer

    def keep_alive(self, url: str) -> None:
        """Sends a request whose answer, when it comes, is for `kept_alive`. Raises SourceFailure."""
        self._repeated = False
        self._wire.send(self.message(self._alive, url, {}))

    def kept_alive(self, url: str, answer: Answer) -> None:
        """What a camera says to `keep_alive`. Raises SourceFailure when it has ended the session."""
        if answer.status == _SESSION_NOT_FOUND:
            raise ended(f"{answer}: the camera has ended the session")
        if self._is_challenge(answer) and not self._repeated:
            # A nonce does not live as long as a session does.
            self._repeated = True
            self._wire.send(self.message(self._alive, url, {}))
        elif answer.status == _UNAUTHORIZED and self._repeated:
            raise _refused(self._alive, answer)
        elif answer.status != _OK:
            self._alive = "OPTIONS"

    def message(self, method: str, url: str, headers: Mapping[str, str]) -> bytes:
        self._sequence += 1
        own = {"Session": self._session, "Authorization": self._authorizer.header(method, url)}
        return request(method, url, self._sequence, {**headers, **own})

    def _answer(self, method: str, url: str, headers: Mapping[str, str]) -> Answer:
        answer = self._authorized(method, url, headers)
        if answer.status in _REDIRECTED and answer.get("location"):
            raise Moved(answer.get("location"))
        if answer.status == _UNAUTHORIZED:
            raise _refused(method, answer)
        return answer

    def _authorized(self, method: str, url: str, headers: Mapping[str, str]) -> Answer:
        """A password is given once: cameras lock whoever repeats a wrong one."""
        answer = self._exchange(method, url, headers)
        if self._is_challenge(answer):
            answer = self._exchange(method, url, headers)
            if self._is_challenge(answer) and self._authorizer.was_stale:
                answer = self._exchange(method, url, headers)
        return answer

    def _is_challenge(self, answer: Answer) -> bool:
        return answer.status == _UNAUTHORIZED and self._authorizer.challenged(answer.head.all("www-authenticate"))

    def _exchange(self, method: str, url: str, headers: Mapping[str, str]) -> Answer:
        """As `_next_answer`: before the camera plays there is no stream that could end."""
        try:
            return self._next_answer(method, url, headers)
        except HungUp as failure:
            raise unreachable(f"the camera hung up on {method}: {failure}") from failure
        except SourceFailure as failure:
            raise unreachable(str(failure)) from failure

    def _next_answer(self, method: str, url: str, headers: Mapping[str, str]) -> Answer:
        """The next answer there is: nothing else has been asked, and some cameras number their answers wrongly."""
        self._wire.send(self.message(method, url, headers))
        until = time.monotonic() + ANSWER_S
        while time.monotonic() < until:
            for channel, packets in self._wire.packets():
                self.early += ((channel, bytes(packet)) for packet in packets)
            while self._wire.answers:
                answer = self._wire.answers.popleft()
                if answer.status >= _OK:
                    return answer
            self._wire.receive()
        raise unreachable(f"timed out: no answer to {method} within {ANSWER_S:.0f} s")


def _refused(method: str, answer: Answer) -> SourceFailure:
    if answer.status in (_UNAUTHORIZED, 403):
        return refused(f"{answer}: the camera refuses the user name or password")
    if answer.status == 404:
        return unreachable(f"{answer}: the camera has no stream at this address")
    if answer.status == 461:
        return unsupported(f"{answer}: set the camera's transport to the other of tcp and udp")
    return unreachable(f"{answer} to {method}")
